/** Tasks without programs, which make system calls as if they had: for tests of the kernel. */

import { RLIM_NLIMITS } from '../../src/abi/process.ts';
import { Kernel, type KernelOptions } from '../../src/kernel/kernel.ts';
import { NO_KEYRINGS } from '../../src/kernel/keys/key.ts';
import { Mm } from '../../src/kernel/mm/mm.ts';
import { mapRange } from '../../src/kernel/mm/mmap.ts';
import { CgroupNamespace } from '../../src/kernel/namespace/cgroup_namespace.ts';
import { IpcNamespace } from '../../src/kernel/namespace/ipc_namespace.ts';
import { NetNamespace } from '../../src/kernel/namespace/net_namespace.ts';
import { NsProxy } from '../../src/kernel/namespace/nsproxy.ts';
import { TimeNamespace } from '../../src/kernel/namespace/time_namespace.ts';
import { UtsNamespace } from '../../src/kernel/namespace/uts_namespace.ts';
import { Sighand } from '../../src/kernel/signal/sighand.ts';
import { int, ptr, size } from '../../src/kernel/syscall/args.ts';
import type { Syscall } from '../../src/kernel/syscall/define.ts';
import { defineSyscall } from '../../src/kernel/syscall/define.ts';
import { CAP_FULL, Cred } from '../../src/kernel/task/cred.ts';
import type { Pid } from '../../src/kernel/task/pid.ts';
import { BLOCKED, Task } from '../../src/kernel/task/task.ts';
import { ThreadGroup } from '../../src/kernel/task/thread_group.ts';
import { FdTable } from '../../src/kernel/vfs/fd_table.ts';
import type { File } from '../../src/kernel/vfs/file.ts';
import { IovIter } from '../../src/kernel/vfs/iov_iter.ts';
import { latin1Bytes, latin1Text } from '../../src/kernel/vfs/text.ts';
import { NOT_RESIDENT } from '../../src/platform/blocks.ts';
import type { Console } from '../../src/platform/console.ts';
import { fakePlatform } from './fake_machine.ts';

/** A host stream that keeps what it is given, up to `room` bytes. */
export class FakeConsole implements Console {
  text = '';
  room = Number.POSITIVE_INFINITY;
  write(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, Math.min(bytes.length, this.room));
    this.room -= taken.length;
    this.text += latin1Text(taken);
    return taken.length;
  }
}

/** A kernel on a machine without a processor, whose clock the test moves. */
export class World {
  readonly kernel: Kernel;
  readonly consoles: Map<string, FakeConsole> = new Map();
  now = 1e9;

  constructor(options: KernelOptions = {}) {
    const platform = { ...fakePlatform() };
    platform.clock = {
      monotonic: () => this.now,
      realtime: () => ({ seconds: 1_700_000_000 + Math.floor(this.now / 1e9), nanoseconds: this.now % 1e9 }),
    };
    platform.console = (name) => this.consoles.get(name) ?? null;
    this.kernel = new Kernel(platform, options);
  }

  /** Move the clock and let timers expire. */
  pass(nanoseconds: number): void {
    this.now += nanoseconds;
    for (let timer = this.kernel.timers.takeExpired(this.now); timer !== null; timer = this.kernel.timers.takeExpired(this.now)) {
      timer.expire(this.kernel);
    }
  }

  /** A new process with an address space and no files, in a session of its own unless `parent` is given. */
  guest(parent: Guest | null = null, uid = 0): Guest {
    const { kernel } = this;
    const pid = kernel.initialPidNs.allocate() as Pid;
    const limits = new Array(RLIM_NLIMITS).fill({ soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY });
    limits[7] = { soft: 1024, hard: 4096 };
    const group = new ThreadGroup(new Sighand(), parent?.task ?? null, limits, kernel.rootCgroup);
    const ids = { uid, euid: uid, suid: uid, fsuid: uid, gid: uid, egid: uid, sgid: uid, fsgid: uid, groups: [] };
    const caps = uid === 0 ? CAP_FULL : 0n;
    const cred = new Cred({
      ...ids,
      inheritable: 0n,
      permitted: caps,
      effective: caps,
      bounding: CAP_FULL,
      ambient: 0n,
      securebits: 0,
      noNewPrivs: false,
      userNs: kernel.initialUserNs,
      keyrings: NO_KEYRINGS,
    });
    const task = new Task(kernel, pid, group, parent?.task.nsproxy ?? this.nsproxy(), cred);
    pid.task = task;
    group.leader = task;
    group.threads.add(task);
    group.live = 1;
    group.joinSession(parent?.task.group.session ?? pid);
    group.joinProcessGroup(parent?.task.group.processGroup ?? pid);
    group.terminal = parent?.task.group.terminal ?? null;
    parent?.task.group.children.add(group);
    task.mm = new Mm(kernel, kernel.memory.root);
    task.mm.mmapBase = 0x78000;
    task.files = new FdTable(kernel, kernel.memory.root);
    return new Guest(this, task);
  }

  private nsproxy(): NsProxy {
    const { kernel } = this;
    const owner = kernel.initialUserNs;
    const time = new TimeNamespace(5, owner);
    return new NsProxy({
      uts: new UtsNamespace(1, owner, 'test', '(none)'),
      ipc: new IpcNamespace(2, owner, 0, 0),
      mnt: kernel.vfs.createMountNamespace(6, owner),
      net: new NetNamespace(kernel, 3, owner),
      cgroup: new CgroupNamespace(4, owner, kernel.rootCgroup),
      time,
      timeForChildren: time,
      pidForChildren: kernel.initialPidNs,
    });
  }
}

export const ASLEEP = 'asleep';

const fileOf = (task: Task, fd: number): File => {
  const file = task.files!.get(fd);
  if (file === null) throw new Error(`descriptor ${fd} is not open`);
  return file;
};
const plainRead = defineSyscall('read', [int('fd'), ptr('buf'), size('count')], (task, fd, address, count) =>
  fileOf(task, fd).read(task, IovIter.user(task.mm!, address, count), 0),
);
const plainWrite = defineSyscall('write', [int('fd'), ptr('buf'), size('count')], (task, fd, address, count) =>
  fileOf(task, fd).write(task, IovIter.user(task.mm!, address, count), 0),
);

export class Guest {
  readonly world: World;
  readonly task: Task;
  /** 1 MiB of memory to pass things in. */
  readonly memory: number;
  private readonly call_: { syscall: Syscall | null } = { syscall: null };

  constructor(world: World, task: Task) {
    this.world = world;
    this.task = task;
    this.memory = mapRange(task.mm!, { page: 0, pages: 256, prot: 3, flags: 0, fixed: 'hint' }) * 4096;
  }

  /** Make a system call: its result, or ASLEEP. */
  call(syscall: Syscall, ...args: number[]): number | typeof ASLEEP {
    const { saved } = this.task;
    if (!this.awake) throw new Error('the guest is asleep in a call');
    for (let i = 0; i < 6; i++) {
      const value = args[i] ?? 0;
      saved[2 * i] = (value % 4294967296) | 0;
      saved[2 * i + 1] = Math.floor(value / 4294967296) | 0;
    }
    this.call_.syscall = syscall;
    this.task.progress = null;
    return this.execute();
  }

  /** Whether the sleeping call would be executed again. */
  get awake(): boolean {
    return this.task.state === 'R';
  }

  /** Execute the call again that has gone to sleep. */
  again(): number | typeof ASLEEP {
    if (!this.awake) return ASLEEP;
    const { completed } = this.task;
    this.task.leaveQueues();
    if (completed !== null) {
      this.task.completed = null;
      return this.end(completed);
    }
    return this.execute();
  }

  put(text: string | Uint8Array, offset = 0): number {
    const failed = this.task.mm!.copyOut(this.memory + offset, typeof text === 'string' ? latin1Bytes(text) : text);
    if (failed < 0) throw new Error(`copyOut ${failed}`);
    return this.memory + offset;
  }

  get(offset: number, length: number): Uint8Array {
    return this.task.mm!.copyIn(this.memory + offset, length) as Uint8Array;
  }

  text(offset: number, length: number): string {
    return latin1Text(this.get(offset, length));
  }

  int(offset: number): number {
    return new DataView(this.get(offset, 4).buffer).getInt32(0, true);
  }

  /** read(2) into the memory from offset 65536 on. */
  read(fd: number, count: number): number | typeof ASLEEP {
    return this.call(plainRead, fd, this.memory + 65536, count);
  }

  /** What a read of `count` bytes yields; a failure as a number, ASLEEP. */
  readText(fd: number, count = 4096): string | number {
    const got = this.read(fd, count);
    return typeof got === 'number' && got >= 0 ? this.text(65536, got) : got;
  }

  /** The text of a read that was asleep. */
  againText(): string | number {
    const got = this.again();
    return typeof got === 'number' && got >= 0 ? this.text(65536, got) : got;
  }

  /** write(2) of `text`. */
  write(fd: number, text: string | Uint8Array): number | typeof ASLEEP {
    return this.call(plainWrite, fd, this.put(text, 131072), text.length);
  }

  /** The file behind a descriptor. */
  file(fd: number): File {
    return fileOf(this.task, fd);
  }

  close(fd: number): number {
    return this.task.files!.close(this.task, fd);
  }

  private execute(): number | typeof ASLEEP {
    for (;;) {
      const result = this.call_.syscall!.invoke(this.task);
      if (result === BLOCKED) return ASLEEP;
      if (result !== NOT_RESIDENT) return this.end(result);
    }
  }

  private end(result: number): number {
    for (const file of this.task.progress?.files ?? []) file.put();
    this.task.progress = null;
    return result;
  }
}
