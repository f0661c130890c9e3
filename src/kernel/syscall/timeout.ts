/** Relative timeouts as programs pass them, and what is left of them afterwards. Linux: poll_select_set_timeout, poll_select_finish. */

import { EFAULT, EINVAL } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import type { Task } from '../task/task.ts';
import { readMask, readTimespec } from './copy.ts';

const NSEC = 1e9;
const TWO_32 = 4294967296;

/** The nanoseconds in the struct timespec at `address`: Infinity for a null pointer, -EINVAL, -EFAULT or NOT_RESIDENT. */
export const readTimeout = (task: Task, address: number): number =>
  address === 0 ? Number.POSITIVE_INFINITY : readTimespec(task, address);

/** Write what is left until `deadline` to the timespec. 0, -EFAULT or NOT_RESIDENT. */
export function writeRemaining(task: Task, address: number, deadline: number): number {
  const left = Math.max(0, deadline - task.kernel.clock.monotonic());
  const seconds = Math.floor(left / NSEC);
  const ready = task.mm!.faultIn(address, 16, true);
  if (ready < 16) return ready === NOT_RESIDENT ? ready : -EFAULT;
  task.mm!.writeU64(address, seconds >>> 0, Math.floor(seconds / TWO_32));
  return task.mm!.writeU64(address + 8, Math.floor(left - seconds * NSEC), 0);
}

/** The signal set at `address`, null without one, or a negative number: -EINVAL unless `size` is that of a sigset_t. */
export function readSigset(task: Task, address: number, size: number): bigint | null | number {
  if (address === 0) return null;
  if (size !== 8) return -EINVAL;
  return readMask(task, address);
}
