/** Who is told by SIGIO that a file is ready. Linux: struct fown_struct. See fcntl(2), F_SETOWN. */

import type { Cred } from '../task/cred.ts';
import type { Pid } from '../task/pid.ts';

export interface FileOwner {
  /** F_OWNER_TID, F_OWNER_PID or F_OWNER_PGRP. */
  readonly type: number;
  readonly pid: Pid | null;
  /** Who asked: the signal is sent with these credentials. */
  readonly cred: Cred;
  /** F_SETSIG: 0 is SIGIO. */
  readonly signal: number;
}
