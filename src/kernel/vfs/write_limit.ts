/** How far a process may write into a file. Linux: generic_write_check_limits. See setrlimit(2), RLIMIT_FSIZE. */

import { EFBIG } from '../../abi/errno.ts';
import { RLIMIT_FSIZE } from '../../abi/process.ts';
import { SIGXFSZ } from '../../abi/signal.ts';
import { raise } from '../signal/raise.ts';
import type { Task } from '../task/task.ts';
import type { IovIter } from './iov_iter.ts';

/** Shorten a write at `pos` to what the limit allows: 0, or -EFBIG (and SIGXFSZ) when nothing is left. */
export function limitWrite(task: Task, iter: IovIter, pos: number): number {
  const limit = task.group.softLimit(RLIMIT_FSIZE);
  if (pos + iter.remaining <= limit || iter.remaining === 0) return 0;
  if (pos >= limit) {
    raise(task, SIGXFSZ);
    return -EFBIG;
  }
  iter.truncate(limit - pos);
  return 0;
}

/** ftruncate(2) and fallocate(2) beyond the limit. */
export function limitSize(task: Task, size: number, current: number): number {
  if (size <= current || size <= task.group.softLimit(RLIMIT_FSIZE)) return 0;
  raise(task, SIGXFSZ);
  return -EFBIG;
}
