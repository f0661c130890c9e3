/** A process: the threads that share a pid, signal handlers and a parent. Linux: struct signal_struct. */

import type { Cgroup } from '../cgroup/cgroup.ts';
import type { SigInfo } from '../signal/sig_info.ts';
import type { Sighand } from '../signal/sighand.ts';
import { SignalQueue } from '../signal/signal_queue.ts';
import type { ProcessTimers } from '../time/process_timers.ts';
import { IoAccount } from './io_account.ts';
import type { Pid } from './pid.ts';
import type { Rlimit } from './rlimits.ts';
import type { Task } from './task.ts';
import { WaitQueue } from './wait_queue.ts';

/** The terminal of a session, as the process code needs it; device/tty implements it. See credentials(7), tty(4). */
export interface ControllingTerminal {
  /** The session leader has exited or given the terminal up: SIGHUP and SIGCONT to the foreground, nobody's terminal from now on. */
  disassociate(leader: ThreadGroup): void;
}

/** Resources used by threads that are gone, or by children that have been waited for. */
export class ResourceUsage {
  userTime = 0;
  systemTime = 0;
  minorFaults = 0;
  majorFaults = 0;
  voluntarySwitches = 0;
  involuntarySwitches = 0;
  /** Largest resident size, in KiB. */
  maxResident = 0;

  add(other: ResourceUsage): void {
    this.userTime += other.userTime;
    this.systemTime += other.systemTime;
    this.minorFaults += other.minorFaults;
    this.majorFaults += other.majorFaults;
    this.voluntarySwitches += other.voluntarySwitches;
    this.involuntarySwitches += other.involuntarySwitches;
    this.maxResident = Math.max(this.maxResident, other.maxResident);
  }
}

export class ThreadGroup {
  /** The thread whose id is the process id. */
  leader!: Task;
  /** Threads that have not been reaped, the leader first. */
  readonly threads: Set<Task> = new Set();
  /** Threads that have not exited. */
  live = 0;
  sighand: Sighand;
  /** Signals for the process, taken by any thread. */
  readonly pending: SignalQueue = new SignalQueue();
  /** Threads asleep in sigtimedwait(2) or reading a signalfd, first come first. */
  readonly signalWaiters: WaitQueue = new WaitQueue();

  /** Woken whenever a signal is queued for the process or one of its threads (signalfd). */
  readonly signalQueued: WaitQueue = new WaitQueue();

  /** The thread that created it (PR_SET_PDEATHSIG, __WNOTHREAD); its process is the parent. Null for the first process. */
  parent: Task | null;
  /** Processes whose parent is a thread of this one, oldest first. */
  readonly children: Set<ThreadGroup> = new Set();
  /** Woken when a child changes state. Linux: wait_chldexit. */
  readonly childChanged: WaitQueue = new WaitQueue();
  processGroup!: Pid;
  session!: Pid;
  terminal: ControllingTerminal | null = null;
  /** Programs executed since fork(2): after the first, setpgid(2) by the parent is refused. Linux: did_exec, self_exec_id. */
  execs = 0;
  /** An orphan that came to the first task, which waits only for the processes that it has started. */
  adopted = false;
  /** PR_SET_CHILD_SUBREAPER, here or in an ancestor. */
  subreaper = false;
  hasSubreaper = false;
  /** The init of a PID namespace: signals without a handler do not reach it from inside. Linux: SIGNAL_UNKILLABLE. */
  unkillable = false;

  /** exit_group(2) or a fatal signal: every thread must exit, with this wait status. */
  exiting = false;
  exitStatus = 0;
  /** The thread that is in execve(2) and waits for the others to go. Linux: group_exec_task. */
  execTask: Task | null = null;

  /** The signal of a stop that all threads are to join, and how many have not yet. Linux: group_stop_count. */
  stopSignal = 0;
  stopRemaining = 0;
  /** All threads are stopped. */
  stopped = false;
  /** What wait(2) has not been told yet: a stop's signal, a continuation. */
  stopUnreported = 0;
  continueUnreported = false;

  readonly rlimits: Rlimit[];
  /** The control group that its memory counts for: that of its threads, or the domain of their threaded groups. */
  cgroup: Cgroup;
  /** Threads that have exited, and children that were waited for. */
  readonly exited: ResourceUsage = new ResourceUsage();
  readonly waitedFor: ResourceUsage = new ResourceUsage();
  readonly exitedIo: IoAccount = new IoAccount();
  /** Interval timers and POSIX timers; null when there are none. */
  timers: ProcessTimers | null = null;
  /** oom_score_adj. */
  oomScoreAdj = 0;
  /** The lowest value that someone without CAP_SYS_RESOURCE may set. */
  oomScoreAdjMin = 0;

  constructor(sighand: Sighand, parent: Task | null, rlimits: readonly Rlimit[], cgroup: Cgroup) {
    this.sighand = sighand;
    this.parent = parent;
    this.rlimits = [...rlimits];
    this.cgroup = cgroup;
  }

  /** The soft limit of an RLIMIT_, Infinity when there is none. */
  softLimit(resource: number): number {
    return this.rlimits[resource]!.soft;
  }

  /** Whether it leads its session. */
  get sessionLeader(): boolean {
    return this.session === this.leader.pid;
  }

  /** Move it to a process group. */
  joinProcessGroup(pid: Pid): void {
    const old = this.processGroup as Pid | undefined;
    if (old === pid) return;
    this.processGroup = pid;
    pid.processGroup.add(this.leader);
    if (old !== undefined) {
      old.processGroup.delete(this.leader);
      old.namespace.release(old);
    }
  }

  joinSession(pid: Pid): void {
    const old = this.session as Pid | undefined;
    if (old === pid) return;
    this.session = pid;
    pid.session.add(this.leader);
    if (old !== undefined) {
      old.session.delete(this.leader);
      old.namespace.release(old);
    }
  }

  /** The queued signal of POSIX timer `id`, in whichever queue it waits. */
  queuedTimerSignal(id: number): SigInfo | null {
    for (const thread of this.threads) {
      const found = thread.pending.findTimer(id);
      if (found !== null) return found;
    }
    return this.pending.findTimer(id);
  }
}
