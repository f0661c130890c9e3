/** A thread of execution. Linux: struct task_struct. What tasks do lives in task_<verb>.ts. */

import { EINTR, ERESTARTSYS } from '../../abi/errno.ts';
import { REG_PC, REG_WORDS } from '../../platform/registers.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import type { NsProxy } from '../namespace/nsproxy.ts';
import { SignalQueue } from '../signal/signal_queue.ts';
import { type Timer, Timer as TimerBase } from '../time/timer.ts';
import type { FdTable } from '../vfs/fd_table.ts';
import type { FsContext } from '../vfs/fs_context.ts';
import type { Cred } from './cred.ts';
import type { Pid } from './pid.ts';
import { Progress } from './progress.ts';
import type { ThreadGroup } from './thread_group.ts';
import { WaitQueue } from './wait_queue.ts';

/** Result of a syscall that has gone to sleep; the pc stays on the svc. */
export const BLOCKED = -4096;

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

class SleepTimer extends TimerBase {
  readonly task: Task;
  constructor(task: Task) {
    super();
    this.task = task;
  }
  expire(): void {
    this.task.wake();
  }
}

const NO_QUEUES: readonly WaitQueue[] = [];

export class Task {
  readonly kernel: Kernel;
  /** The identity in every PID namespace from the task's own up to the root; the thread id. */
  readonly pid: Pid;
  readonly group: ThreadGroup;
  comm = '';
  state: TaskState = 'R';

  /** The register block; while the task runs it is the processor's own (kernel.cpu.registers). */
  words: Int32Array = new Int32Array(REG_WORDS);

  mm: Mm | null = null;
  files: FdTable | null = null;
  fs: FsContext | null = null;
  nsproxy: NsProxy;
  cred: Cred;

  /** What the present syscall must remember across sleeps; null outside. */
  progress: Progress | null = null;
  /** The present syscall has begun and will be executed again rather than entered anew. */
  inSyscall = false;
  /** x0 at syscall entry: argument and result share the register. */
  originalX0Low = 0;
  originalX0High = 0;
  /** Result left by a waker that completed the syscall. */
  completed: number | null = null;
  /** A signal or a stop request ended the sleep. */
  interrupted = false;
  restart: number = ERESTARTSYS;

  /** Signals for this thread alone; those for the process are in group.pending. */
  readonly pending: SignalQueue = new SignalQueue();
  blocked = 0n;
  /** TIF_SIGPENDING: there may be something to do before returning to user mode. */
  signalPending = false;

  /** User and system time consumed, nanoseconds. */
  userTime = 0;
  systemTime = 0;
  startTime = 0;

  exitCode = 0;
  /** Woken when this task changes state (wait4, ptrace, pidfd poll). */
  readonly stateChanged: WaitQueue = new WaitQueue();

  private waitingOn: readonly WaitQueue[] = NO_QUEUES;
  private sleepTimer: (Timer & SleepTimer) | null = null;

  constructor(kernel: Kernel, pid: Pid, group: ThreadGroup, nsproxy: NsProxy, cred: Cred) {
    this.kernel = kernel;
    this.pid = pid;
    this.group = group;
    this.nsproxy = nsproxy;
    this.cred = cred;
  }

  get pc(): number {
    return (this.words[REG_PC + 1]! >>> 0) * 4294967296 + (this.words[REG_PC]! >>> 0);
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
    this.state = state;
    this.waitingOn = queues;
    for (const queue of queues) queue.add(this);
    const deadline = options.deadline;
    if (deadline !== undefined && deadline < Number.POSITIVE_INFINITY) {
      this.sleepTimer ??= new SleepTimer(this);
      this.kernel.timers.arm(this.sleepTimer, deadline);
    }
    return BLOCKED;
  }

  /** End the sleep. With a result the syscall is over; without one it is executed again. */
  wake(result: number | null = null): void {
    if (this.state !== 'S' && this.state !== 'D') return;
    this.leaveQueues();
    if (result !== null) this.completed = result;
    this.state = 'R';
    this.kernel.scheduler.enqueue(this);
  }

  /** What an interrupted syscall answers: the bytes it has moved, or its restart code. */
  interruption(): number {
    const done = this.progress?.done ?? 0;
    return done > 0 ? done : -(this.restart === 0 ? EINTR : this.restart);
  }

  /** SIGKILL waits, or the whole group is exiting. */
  hasFatalSignal(): boolean {
    return this.group.exiting || this.pending.has(9) || this.group.pending.has(9);
  }

  /** Take the task off whatever it sleeps on. */
  leaveQueues(): void {
    for (const queue of this.waitingOn) queue.remove(this);
    this.waitingOn = NO_QUEUES;
    if (this.sleepTimer !== null) this.kernel.timers.cancel(this.sleepTimer);
  }
}
