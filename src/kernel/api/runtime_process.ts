/** A process that the runtime started, as the engine holds on to it. */

import { SIGKILL } from '../../abi/signal.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { killAll } from '../cgroup/core_files.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { sendToProcess } from '../signal/send.ts';
import { kernelInfo } from '../signal/sig_info.ts';
import { releaseProcess } from '../task/task_exit.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import type { SuperBlock } from '../vfs/super_block.ts';
import { endCgroup } from './cgroups.ts';

/** The writable layer of a container: a tmpfs whose root is overlayfs's upper directory. Who has it puts it. */
export type WritableLayer = SuperBlock;

export class RuntimeProcess {
  readonly group: ThreadGroup;
  /** The control group of its container. */
  readonly cgroup: Cgroup;
  /** Null for a process that was executed in a running container. */
  readonly layer: WritableLayer | null;
  /** Its end is the end of every process of its control group: it is the first one, and not the init of a PID namespace. */
  private readonly endsOthers: boolean;
  private readonly memory: MemoryGroup;
  private status: number | null = null;

  constructor(group: ThreadGroup, cgroup: Cgroup, layer: WritableLayer | null = null) {
    this.group = group;
    this.cgroup = cgroup;
    this.memory = cgroup.memory;
    this.layer = layer;
    this.endsOthers = layer !== null && !group.unkillable;
  }

  /** Its number in the first PID namespace. */
  get pid(): number {
    const { pid, kernel } = this.group.leader;
    return pid.in(kernel.initialPidNs);
  }

  /** Send a signal, as the kernel does: it reaches even the init of a PID namespace. */
  kill(signal: number): void {
    if (this.status === null && this.group.live > 0) sendToProcess(this.group, kernelInfo(signal));
  }

  /** The wait status (exit code times 256, or a signal's number) once it has ended, and then forget the process; null before. */
  exitStatus(): number | null {
    if (this.status === null && this.group.live === 0) {
      this.status = this.group.exitStatus;
      if (this.endsOthers) killAll(this.cgroup, this.group.leader.kernel.firstTask);
      releaseProcess(this.group);
      if (this.layer !== null) endCgroup(this.group.leader.kernel, this.cgroup);
    }
    return this.status;
  }

  /** Whether the out-of-memory killer ended a process of its cgroup, and this one was killed. */
  get outOfMemory(): boolean {
    return ((this.status ?? 0) & 0x7f) === SIGKILL && this.memory.events.oomKill > 0;
  }
}
