/** What one real user has in use, for the limits that count per user. Linux: struct ucounts. See getrlimit(2). */

export class UserAccount {
  readonly uid: number;
  /** Threads, counted by RLIMIT_NPROC. */
  processes = 0;
  /** Queued signals, counted by RLIMIT_SIGPENDING. */
  pendingSignals = 0;
  /** Open files on their way through Unix sockets. */
  inflightFiles = 0;
  /** Pages of System V segments locked by shmctl(2), counted by RLIMIT_MEMLOCK. */
  lockedPages = 0;
  /** What its POSIX message queues may hold, counted by RLIMIT_MSGQUEUE. */
  messageQueueBytes = 0;

  constructor(uid: number) {
    this.uid = uid;
  }

  get idle(): boolean {
    return this.processes + this.pendingSignals + this.inflightFiles + this.lockedPages + this.messageQueueBytes === 0;
  }
}
