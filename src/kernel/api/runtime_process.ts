/** A process that the runtime started, as the engine holds on to it. */

import { SIGKILL } from '../../abi/signal.ts';
import { sendToProcess } from '../signal/send.ts';
import { kernelInfo } from '../signal/sig_info.ts';
import { releaseProcess } from '../task/task_exit.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import type { Path } from '../vfs/path.ts';

export class RuntimeProcess {
  readonly group: ThreadGroup;
  /** The writable layer of its container's root; null when there is none. */
  readonly upper: Path | null;
  private status: number | null = null;

  constructor(group: ThreadGroup, upper: Path | null) {
    this.group = group;
    this.upper = upper;
  }

  /** Send a signal, as the kernel does: it reaches even the init of a PID namespace. */
  kill(signal: number): void {
    if (this.status === null && this.group.live > 0) sendToProcess(this.group, kernelInfo(signal));
  }

  /** The wait status (exit code times 256, or a signal's number) once it has ended, and then forget the process; null before. */
  exitStatus(): number | null {
    if (this.status === null && this.group.live === 0) {
      this.status = this.group.exitStatus;
      releaseProcess(this.group);
    }
    return this.status;
  }

  /** Whether the out-of-memory killer ended a process of its cgroup, and this one was killed. */
  get outOfMemory(): boolean {
    return ((this.status ?? 0) & 0x7f) === SIGKILL && this.group.cgroup.memory.events.oomKill > 0;
  }
}
