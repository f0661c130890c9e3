/** A thread of execution. Linux: struct task_struct. What tasks do lives in task_<verb>.ts. */

import { EINTR, ERESTARTSYS } from '../../abi/errno.ts';
import { SIGCHLD, SIGKILL } from '../../abi/signal.ts';
import { REG_PC, REG_SP, REG_WORDS } from '../../platform/registers.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import type { SemUndo } from '../ipc/sem.ts';
import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import type { Mm } from '../mm/mm.ts';
import type { NsProxy } from '../namespace/nsproxy.ts';
import type { Tracee, TraceStop } from '../ptrace/tracee.ts';
import type { CpuGroup } from '../sched/cpu_group.ts';
import type { SeccompState } from '../seccomp/filter.ts';
import type { SigInfo } from '../signal/sig_info.ts';
import { SignalQueue } from '../signal/signal_queue.ts';
import { Timer } from '../time/timer.ts';
import type { FdTable } from '../vfs/fd_table.ts';
import type { FsContext } from '../vfs/fs_context.ts';
import type { Cred } from './cred.ts';
import { IoAccount } from './io_account.ts';
import type { Pid } from './pid.ts';
import { Progress } from './progress.ts';
import type { ThreadGroup } from './thread_group.ts';
import { WaitQueue } from './wait_queue.ts';

/** Result of a syscall that has gone to sleep; the pc stays on the svc. */
export const BLOCKED = -4096;
/** Result of a syscall that has set all registers itself (execve, rt_sigreturn), or whose task is no more (exit). */
export const JUMPED = -4098;

/** What is to be done before (all of them) and after (the traced ones) a system call. Linux: SYSCALL_WORK_. */
export const WORK_SECCOMP = 1;
export const WORK_TRACE = 2;
export const WORK_EMULATE = 4;
export const WORK_STEP = 8;

/** How far the present system call has got before its execution; 0 when it is being executed. */
export const ENTRY_BEGIN = 1;
export const ENTRY_STOPPED = 2;
export const ENTRY_FILTER = 3;
export const ENTRY_FILTER_STOPPED = 4;
export const ENTRY_TRACED_FILTER = 5;
export const ENTRY_NOTIFIED = 6;

/** Linux's task states as /proc shows them. */
export type TaskState = 'R' | 'S' | 'D' | 'T' | 't' | 'Z' | 'X';

export interface BlockOptions {
  /** Wake up and execute again at this absolute monotonic time. */
  readonly deadline?: number;
  /** The restart code if a signal interrupts: ERESTARTSYS unless told; EINTR for calls that are never restarted. */
  readonly restart?: number;
  /** 'D' sleeps end only by a wake or a fatal signal. */
  readonly state?: 'S' | 'D';
}

class SleepTimer extends Timer {
  readonly task: Task;
  constructor(task: Task) {
    super();
    this.task = task;
  }
  expire(): void {
    this.task.wake();
  }
}

/** sigaltstack(2). */
export interface AlternateStack {
  readonly address: number;
  readonly size: number;
  readonly flags: number;
}

/** rseq(2) registration. */
export interface RseqArea {
  readonly address: number;
  readonly length: number;
  readonly signature: number;
}

const NO_QUEUES: readonly WaitQueue[] = [];
export const NO_ALTERNATE_STACK: AlternateStack = { address: 0, size: 0, flags: 2 };

export class Task {
  readonly kernel: Kernel;
  /** The identity in every PID namespace from the task's own up to the root; the thread id. execve(2) gives a thread its leader's. */
  pid: Pid;
  readonly group: ThreadGroup;
  /** The control group that the thread is in, or was in when it exited. */
  cgroup: Cgroup;
  /** Who pays for the task itself. */
  readonly payer: MemoryGroup;
  comm = '';
  state: TaskState = 'R';

  /** The registers while the task does not run. */
  readonly saved: Int32Array = new Int32Array(REG_WORDS);
  /** The registers are in the processor. */
  running = false;

  mm: Mm | null = null;
  files: FdTable | null = null;
  fs: FsContext | null = null;
  nsproxy: NsProxy;
  cred: Cred;
  semUndo: SemUndo | null = null;
  /** It has taken the id of a user who has too many processes: execve(2) looks again. Linux: PF_NPROC_EXCEEDED. */
  nprocExceeded = false;

  /** Where the last call that it entered is in the ring of recent calls. */
  recentCall = -1;
  /** What the present syscall must remember across sleeps; null outside. */
  progress: Progress | null = null;
  /** The present syscall has begun and will be executed again rather than entered anew. */
  inSyscall = false;
  /** Its number: what was in x8 when it was entered, or what a tracer has put in its place. */
  syscallNumber = -1;
  /** WORK_ bits. */
  syscallWork = 0;
  /** ENTRY_ steps. */
  entryStep = 0;
  /** The call that restart_syscall(2) goes on with, -1 for none. */
  restarting = -1;
  /** Who traces it, and how; null when nobody does. */
  tracee: Tracee | null = null;
  /** Threads that it traces; null when there never were any. */
  tracees: Set<Task> | null = null;
  /** The stop that it is in, or has not yet gone on from. */
  traceStop: TraceStop | null = null;
  /** Filters of system calls; null when there are none. */
  seccomp: SeccompState | null = null;
  /** x0 at syscall entry: argument and result share the register. */
  originalX0Low = 0;
  originalX0High = 0;
  /** Result left by a waker that completed the syscall. */
  completed: number | null = null;
  /** The restart code with which a signal or a stop ended the sleep; 0 otherwise. */
  interruptedBy = 0;
  restart: number = ERESTARTSYS;

  /** Signals for this thread alone; those for the process are in group.pending. */
  readonly pending: SignalQueue = new SignalQueue();
  blocked = 0n;
  /** Signals that sigtimedwait(2) waits for although they are blocked. Linux: real_blocked. */
  waitedSignals = 0n;
  /** The mask to go back to after the present syscall; null when it changed none. */
  savedMask: bigint | null = null;
  /** A signal taken from its queue whose frame could not be written yet. */
  delivering: SigInfo | null = null;
  /** TIF_SIGPENDING: there may be something to do before returning to user mode. */
  signalPending = false;
  /** The group stops and this thread has not joined yet. Linux: JOBCTL_STOP_PENDING. */
  stopPending = false;
  /** It sleeps for the freezer of its control group; and is counted among the group's frozen tasks, for whatever stops it. */
  freezeSleep = false;
  frozen = false;
  alternateStack: AlternateStack = NO_ALTERNATE_STACK;
  /** ESR_EL1 and FAR_EL1 of the last fault, for the signal frame. Linux: thread.fault_code, fault_address. */
  faultCode = 0;
  faultAddress = 0;

  /** Pages charged beyond memory.high for which it has not answered yet. */
  pagesOverHigh = 0;

  /** User and system time consumed, nanoseconds. */
  userTime = 0;
  systemTime = 0;
  /** Monotonic nanoseconds. */
  startTime = 0;
  minorFaults = 0;
  majorFaults = 0;
  voluntarySwitches = 0;
  involuntarySwitches = 0;
  readonly io: IoAccount = new IoAccount();

  /** Scheduling: policy and priority, and what the scheduler keeps. See sched(7). */
  policy = 0;
  nice = 0;
  realtimePriority = 0;
  resetOnFork = false;
  virtualRuntime = 0;
  /** What it weighs on the processor's group while it is runnable; null while it is not. Owned by the scheduler. */
  loadGroup: CpuGroup | null = null;
  loadWeight = 0;
  /** Position in the run queue, -1 when not queued. Owned by the scheduler. */
  runSlot = -1;
  runSequence = 0;
  timerSlack = 50000;

  /** The signal that the parent gets at exit; -1 for a thread that is not the leader. */
  exitSignal: number = SIGCHLD;
  /** Wait status once it has exited. */
  exitCode = 0;
  /** PR_SET_PDEATHSIG. */
  parentDeathSignal = 0;
  /** set_tid_address(2): cleared and woken at exit. */
  clearChildTid = 0;
  /** set_robust_list(2). */
  robustList = 0;
  rseq: RseqArea | null = null;
  /** The task that waits in vfork(2) until this one gives the address space back. */
  vforkParent: Task | null = null;
  /** /proc/[pid]/loginuid and sessionid; (uid_t)-1 when nobody has logged in. */
  loginuid = 0xffffffff;
  sessionid = 0xffffffff;
  /** personality(2). */
  personality = 0;
  /** ioprio_set(2): class and level; kept, and without effect on a kernel whose disks do not queue. */
  ioPriority = 0;
  /** Woken when this task changes state (ptrace, pidfd poll). */
  readonly stateChanged: WaitQueue = new WaitQueue();

  private waitingOn: readonly WaitQueue[] = NO_QUEUES;
  private sleepTimer: SleepTimer | null = null;

  constructor(kernel: Kernel, pid: Pid, group: ThreadGroup, nsproxy: NsProxy, cred: Cred) {
    this.kernel = kernel;
    this.pid = pid;
    this.group = group;
    this.cgroup = group.cgroup;
    this.payer = group.cgroup.memory;
    this.nsproxy = nsproxy;
    this.cred = cred;
  }

  /** The register block: the processor's own while the task runs. Growth of RAM replaces it, so do not keep it. */
  get words(): Int32Array {
    return this.running ? this.kernel.platform.machine.cpu.registers : this.saved;
  }

  get pc(): number {
    return this.register(REG_PC);
  }

  get sp(): number {
    return this.register(REG_SP);
  }

  /** A 64-bit register as a number, by the index of its low word. */
  register(word: number): number {
    const { words } = this;
    return (words[word + 1]! >>> 0) * 4294967296 + (words[word]! >>> 0);
  }

  setRegister(word: number, value: number): void {
    const { words } = this;
    words[word] = (value % 4294967296) | 0;
    words[word + 1] = Math.floor(value / 4294967296) | 0;
  }

  /** The process id in the task's own namespace. */
  get tgid(): number {
    const { pid } = this.group.leader;
    return pid.numbers[pid.numbers.length - 1]!;
  }

  /** Whether no other task shares its process or its memory. Linux: current_is_single_threaded. */
  get singleThreaded(): boolean {
    return this.group.live === 1 && (this.mm === null || this.mm.users === 1);
  }

  /** The progress record of the present syscall, made on first use. */
  ensureProgress(): Progress {
    this.progress ??= new Progress();
    return this.progress;
  }

  /** The absolute deadline of this syscall: `timeout` nanoseconds after its first execution. */
  deadline(timeout: number): number {
    const progress = this.ensureProgress();
    if (progress.deadline === Number.POSITIVE_INFINITY) progress.deadline = this.kernel.clock.monotonic() + timeout;
    return progress.deadline;
  }

  /**
   * Sleep until one of `queues` is woken, the deadline passes or a signal arrives; the syscall is then executed again.
   * Returns what the handler must return at once: BLOCKED, or the interruption if a signal is already waiting.
   */
  block(queues: readonly WaitQueue[], options: BlockOptions = {}): number {
    this.restart = options.restart ?? ERESTARTSYS;
    const state = options.state ?? 'S';
    if (this.signalPending && (state === 'S' || this.hasFatalSignal())) return this.interruption();
    this.ensureProgress();
    this.sleep(queues, state);
    const deadline = options.deadline;
    if (deadline !== undefined && deadline < Number.POSITIVE_INFINITY) {
      this.sleepTimer ??= new SleepTimer(this);
      this.kernel.timers.arm(this.sleepTimer, deadline);
    }
    return BLOCKED;
  }

  /**
   * The call has worked for long enough and goes on when others have run; `done` tells the next execution how far it has come.
   * Returns what the handler must return at once.
   */
  giveWay(done: number): number {
    this.ensureProgress().done = done;
    this.kernel.scheduler.preempt = true;
    return BLOCKED;
  }

  /** Stop running until a queue is woken or someone calls wake(). */
  sleep(queues: readonly WaitQueue[], state: 'S' | 'D'): void {
    this.state = state;
    this.waitingOn = queues;
    for (const queue of queues) queue.add(this);
  }

  /** Outside of any call, do not go on with the program before `deadline`; only a fatal signal ends that earlier. */
  delay(deadline: number): void {
    this.sleep(NO_QUEUES, 'D');
    this.sleepTimer ??= new SleepTimer(this);
    this.kernel.timers.arm(this.sleepTimer, deadline);
  }

  /**
   * End the sleep. With a result the syscall is over, also if the task has been woken or stopped meanwhile and has not got to
   * executing it again; without one it is executed again.
   */
  wake(result: number | null = null): void {
    if (result !== null && this.inSyscall) this.completed = result;
    if (this.state !== 'S' && this.state !== 'D') return;
    this.leaveQueues();
    this.state = 'R';
    this.kernel.scheduler.enqueue(this);
  }

  /** End the sleep so that the task stops: it has slept and so is the next to run, and who stops it finds it done. Linux: wakeup_preempt. */
  interrupt(): void {
    this.wake();
    this.kernel.scheduler.preempt = true;
  }

  /** What an interrupted syscall answers: the bytes it has moved, or its restart code. */
  interruption(): number {
    const done = this.progress?.done ?? 0;
    return done > 0 ? done : -(this.restart === 0 ? EINTR : this.restart);
  }

  /** The process exits, or another thread is in execve(2): this thread must exit. */
  get doomed(): boolean {
    const { exiting, execTask } = this.group;
    return exiting || (execTask !== null && execTask !== this);
  }

  /** SIGKILL waits, or the thread must exit. */
  hasFatalSignal(): boolean {
    return this.doomed || this.pending.has(SIGKILL) || this.group.pending.has(SIGKILL);
  }

  /** It sleeps until its child of vfork(2) has given the address space back. */
  get waitsForVfork(): boolean {
    return this.state === 'D' && this.waitingOn.length === 0;
  }

  /** Take the task off whatever it sleeps on. */
  leaveQueues(): void {
    for (const queue of this.waitingOn) queue.remove(this);
    this.waitingOn = NO_QUEUES;
    if (this.sleepTimer !== null) this.kernel.timers.cancel(this.sleepTimer);
  }
}
