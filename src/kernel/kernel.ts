/** The kernel object: the root of all state, and the platform below it. */

import type { Platform } from '../platform/platform.ts';
import { BpfState } from './bpf/bpf_program.ts';
import type { Cgroup } from './cgroup/cgroup.ts';
import { CgroupRoot } from './cgroup/cgroup_root.ts';
import { ConsoleTable } from './device/console/console_table.ts';
import { AnonymousFs } from './fs/anon_inodes/anonymous.ts';
import { Nsfs } from './fs/nsfs/nsfs.ts';
import { FutexTable } from './futex/futex.ts';
import { KeyTable } from './keys/key_table.ts';
import { Memory } from './mm/memory.ts';
import { type MemoryInfo, memoryInfo } from './mm/memory_info.ts';
import { Ida } from './namespace/ida.ts';
import { PID_MAX_DEFAULT, PidNamespace } from './namespace/pid_namespace.ts';
import type { TimeNamespace } from './namespace/time_namespace.ts';
import { ucountLimits } from './namespace/ucounts.ts';
import { initialUserNamespace, type UserNamespace } from './namespace/user_namespace.ts';
import { type UtsName, UtsPoll } from './namespace/uts_namespace.ts';
import type { UnixSocket } from './net/unix/unix_socket.ts';
import { run } from './sched/run.ts';
import { Scheduler } from './sched/scheduler.ts';
import { SeccompLog } from './seccomp/seccomp_log.ts';
import { SyscallRing } from './syscall/syscall_ring.ts';
import { MAX_THREADS } from './task/rlimits.ts';
import type { Task } from './task/task.ts';
import { UserAccount } from './task/user_account.ts';
import { addTimes, negatedTime, toTimespec } from './time/posix_clock.ts';
import { type Timer, TimerHeap } from './time/timer.ts';
import type { Timespec } from './vfs/inode.ts';
import { inotifyLimits } from './vfs/inotify.ts';
import { Vfs } from './vfs/vfs.ts';

/** Modes that tests switch on. */
export interface KernelOptions {
  /** Every sleeping task is woken again and again. */
  readonly wakeEverything?: boolean;
  /** The first touch of every page answers NOT_RESIDENT. */
  readonly firstTouchAbsent?: boolean;
}

/** Inode numbers of the first namespaces. Linux: include/linux/proc_ns.h. */
const PROC_USER_INIT_INO = 0xeffffffd;
const PROC_PID_INIT_INO = 0xeffffffc;
/** Those of later ones begin here. */
const PROC_DYNAMIC_FIRST = 0xf0000000;

export class Kernel {
  /** The host's side; the only thing reachable from here that is not state. */
  platform: Platform;
  readonly options: KernelOptions;
  readonly memory: Memory;
  readonly vfs: Vfs;
  /** Mounts of the kernel alone: pipes, sockets, event files. */
  readonly anonymous: AnonymousFs;
  /** Inodes of namespaces. */
  readonly nsfs: Nsfs;
  /** Changes of host and domain names. */
  readonly utsPolls: Readonly<Record<UtsName, UtsPoll>> = { nodename: new UtsPoll(), domainname: new UtsPoll() };
  readonly keys: KeyTable = new KeyTable(this);
  /** Which decisions about system calls are reported. */
  readonly seccompLog: SeccompLog = new SeccompLog();
  readonly bpf: BpfState = new BpfState();
  /** The last system calls, for people who look for a bug. */
  readonly recentCalls: SyscallRing = new SyscallRing();
  /** Streams of the host by name. */
  readonly consoles: ConsoleTable = new ConsoleTable(this);
  /** Unix sockets that are being passed through Unix sockets. */
  readonly inflightSockets: Set<UnixSocket> = new Set();
  /** Unix sockets that are closed, while they are being emptied; and when those that nobody can receive are looked for. */
  readonly closedSockets: UnixSocket[] = [];
  unixCollection: Timer | null = null;
  /** Counts changes of network devices, addresses and routes. */
  topology = 0;
  /** /proc/sys/fs/pipe-max-size. */
  pipeMaxSize = 1048576;
  /** Requests that all contexts of asynchronous I/O have room for, and the most: /proc/sys/fs/aio-nr, aio-max-nr. */
  readonly aio: { used: number; most: number } = { used: 0, most: 65536 };
  readonly timers: TimerHeap = new TimerHeap();
  readonly scheduler: Scheduler = new Scheduler(this);
  readonly futexes: FutexTable = new FutexTable();
  readonly initialUserNs: UserNamespace = initialUserNamespace(PROC_USER_INIT_INO);
  readonly initialPidNs: PidNamespace = new PidNamespace(PROC_PID_INIT_INO, null, this.initialUserNs);
  /** Those with a page of clock data of their own. */
  readonly timeNamespaces: Set<TimeNamespace> = new Set();
  readonly namespaceNumbers: Ida = new Ida(PROC_DYNAMIC_FIRST);
  /** /proc/sys/kernel/pid_max. */
  pidMax: number = PID_MAX_DEFAULT;
  readonly cgroups: CgroupRoot;
  /** What uname(2) and /proc/version say. */
  readonly release: string = '6.12.0-holm-arm64';
  readonly version: string = '#1 SMP PREEMPT_DYNAMIC Holm';
  readonly bootId: string;
  /** The wall clock at boot, as the host had it. */
  private readonly started: Timespec;
  /** The runtime: pid 1 of the first PID namespace, which never runs a program; containers are cloned from it. */
  firstTask!: Task;
  /** Of the last event that was told about a device. Linux: uevent_seqnum. */
  ueventNumber = 0;
  /** Bugs that were met. */
  oopses = 0;
  /** By real user id. */
  private readonly users: Map<number, UserAccount> = new Map();
  /** By how much clock_settime(2) has moved the wall clock. */
  private timeShift: Timespec = { seconds: 0, nanoseconds: 0 };
  /** What the coarse clocks show. */
  tick: { readonly monotonic: number; readonly wall: Timespec };
  private nextInode = 1;
  private nextSessionId = 1;

  constructor(platform: Platform, options: KernelOptions = {}) {
    this.platform = platform;
    this.options = options;
    this.memory = new Memory(this);
    this.vfs = new Vfs(this);
    this.anonymous = new AnonymousFs(this);
    this.nsfs = new Nsfs(this);
    this.memory.shrinkers.push(this.vfs.dcache);
    this.memory.firstTouchAbsent = options.firstTouchAbsent ?? false;
    Object.assign(this.initialUserNs.limits, ucountLimits(MAX_THREADS / 2), inotifyLimits(this.memory.frames.limit));
    this.cgroups = new CgroupRoot(this);
    this.bootId = this.randomUuid();
    this.tick = { monotonic: platform.clock.monotonic(), wall: this.now() };
    this.started = addTimes(platform.clock.realtime(), negatedTime(toTimespec(platform.clock.monotonic())));
  }

  get rootCgroup(): Cgroup {
    return this.cgroups.cgroup;
  }

  get fileSystems(): Vfs['fileSystems'] {
    return this.vfs.fileSystems;
  }

  get clock(): Platform['clock'] {
    return this.platform.clock;
  }

  /** Run guests until `until` (monotonic nanoseconds) or until all of them sleep; whether any is runnable. */
  run(until: number): boolean {
    return run(this, until);
  }

  /** Wall-clock time. */
  now(): Timespec {
    return addTimes(this.platform.clock.realtime(), this.timeShift);
  }

  /** Set the wall clock for all guests; the host's stays. See clock_settime(2). */
  setTime(time: Timespec): void {
    this.timeShift = addTimes(time, negatedTime(this.platform.clock.realtime()));
  }

  /** When the machine was started, by the wall clock as it is set now. */
  get bootTime(): Timespec {
    return addTimes(this.started, this.timeShift);
  }

  /** Inode numbers of anonymous objects. */
  allocateInode(): number {
    return this.nextInode++;
  }

  /** The number of a login session, for /proc/[pid]/sessionid. */
  allocateSessionId(): number {
    return this.nextSessionId++;
  }

  /** What /proc/meminfo and sysinfo(2) say; every reader sees the whole machine, as on Linux. */
  memoryInfo(_reader: Task): MemoryInfo {
    return memoryInfo(this);
  }

  /** What the user with this real id has in use. */
  userAccount(uid: number): UserAccount {
    let account = this.users.get(uid);
    if (account === undefined) {
      account = new UserAccount(uid);
      this.users.set(uid, account);
    }
    return account;
  }

  /** Bytes from the host for the stream called `name`: how many were taken, or -EPIPE when nobody will read any. */
  consoleInput(name: string, bytes: Uint8Array): number {
    return this.consoles.stream(name).receive(bytes);
  }

  /** The host will send nothing more: end of file, or a hang-up of a terminal. */
  consoleEnd(name: string): void {
    this.consoles.stream(name).end();
  }

  /** The host can take bytes again. */
  consoleReady(name: string): void {
    this.consoles.stream(name).ready();
  }

  /** The size of the host's terminal. */
  consoleResize(name: string, rows: number, columns: number): void {
    this.consoles.stream(name).resize(rows, columns);
  }

  /** Bytes that guests have written and the host has not taken yet. */
  consoleUnsent(name: string): number {
    return this.consoles.stream(name).unsent;
  }

  /** The stream is over on the host's side and its name will not be used again. */
  consoleForget(name: string): void {
    this.consoles.forget(name);
  }

  /** Forget the account of a user who has nothing in use. */
  forgetAccount(account: UserAccount): void {
    if (account.inflightFiles === 0) this.users.delete(account.uid);
  }

  /** A random UUID, version 4. */
  randomUuid(): string {
    const bytes = new Uint8Array(16);
    this.platform.random.fill(bytes);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}
