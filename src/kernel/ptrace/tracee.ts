/** What a traced thread and its stops are. Linux: the ptrace members of struct task_struct. See ptrace(2). */

import type { SigInfo } from '../signal/sig_info.ts';
import type { Cred } from '../task/cred.ts';
import type { Task } from '../task/task.ts';

/** A thread is traced by another one. Its price is part of the thread's. */
export class Tracee {
  readonly tracer: Task;
  /** Of the tracer when it attached: whether programs may gain privileges. Linux: ptracer_cred. */
  readonly cred: Cred;
  /** By PTRACE_SEIZE, or as the child of such a thread. */
  readonly seized: boolean;
  /** PTRACE_O_ bits. */
  options = 0;
  /** PTRACE_GETEVENTMSG. */
  message = 0;
  /** It is to stop when it can: PTRACE_INTERRUPT, a stop of its process. Linux: JOBCTL_TRAP_STOP. */
  trapPending = false;
  /** The process has stopped or continued since the last stop of a seized thread. Linux: JOBCTL_TRAP_NOTIFY. */
  notifyPending = false;
  /** PTRACE_LISTEN: it stays stopped without being held. */
  listening = false;

  constructor(tracer: Task, cred: Cred, seized: boolean) {
    this.tracer = tracer;
    this.cred = cred;
    this.seized = seized;
  }
}

/** Where a thread has stopped, and so how it goes on. */
export type StopKind = 'signal' | 'trap' | 'entry' | 'exit of call' | 'event' | 'exit';

/** The present stop of a thread; it remains until the thread has gone on. */
export class TraceStop {
  readonly kind: StopKind;
  /** What PTRACE_GETSIGINFO shows; null in a stop of the whole process. */
  info: SigInfo | null;
  /** The status for wait(2), 0 once it has been told. */
  code: number;
  /** The signal that the tracer lets through. */
  signal = 0;
  /** SIGCONT has come meanwhile: a stop signal is void. */
  continued = false;
  /** Stop again at the end of the system call (execve). */
  exitFollows = false;
  /** PTRACE_SYSEMU: the call is not executed. */
  emulated = false;
  /** The wait status of a thread that exits. */
  status = 0;
  /** x7, in whose place programs see which end of a call they stop at. */
  x7Low = 0;
  x7High = 0;

  constructor(kind: StopKind, code: number, info: SigInfo | null) {
    this.kind = kind;
    this.code = code;
    this.info = info;
  }
}
