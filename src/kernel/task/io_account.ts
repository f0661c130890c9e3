/** How much a thread has read and written. Linux: struct task_io_accounting. See proc_pid_io(5). */

/** BLOCKED, NOT_RESIDENT and JUMPED lie below every errno: the call will be executed again. */
const NOT_AN_ERRNO = -4096;

export class IoAccount {
  /** Bytes, and calls that are over. */
  rchar = 0;
  wchar = 0;
  syscr = 0;
  syscw = 0;

  countRead(result: number): void {
    if (result <= NOT_AN_ERRNO) return;
    this.syscr++;
    if (result > 0) this.rchar += result;
  }

  countWrite(result: number): void {
    if (result <= NOT_AN_ERRNO) return;
    this.syscw++;
    if (result > 0) this.wchar += result;
  }

  add(other: IoAccount): void {
    this.rchar += other.rchar;
    this.wchar += other.wchar;
    this.syscr += other.syscr;
    this.syscw += other.syscw;
  }
}
