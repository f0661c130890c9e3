/** Relative timeouts as programs pass them, and what is left of them afterwards. Linux: poll_select_set_timeout, poll_select_finish. */

import { EFAULT, EINVAL } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import type { Task } from '../task/task.ts';

const NSEC = 1e9;
const TWO_32 = 4294967296;
/** Seconds that fit ktime_t; a longer wait lasts for ever. Linux: KTIME_SEC_MAX. */
const KTIME_SEC_MAX = 9223372036;

/** The nanoseconds in the struct timespec at `address`: Infinity for a null pointer, -EINVAL, -EFAULT or NOT_RESIDENT. */
export function readTimeout(task: Task, address: number): number {
  if (address === 0) return Number.POSITIVE_INFINITY;
  const mm = task.mm!;
  let failed = mm.readU64(address);
  if (failed < 0) return failed;
  const seconds = (mm.high | 0) * TWO_32 + mm.low;
  failed = mm.readU64(address + 8);
  if (failed < 0) return failed;
  const nanoseconds = (mm.high | 0) * TWO_32 + mm.low;
  if (seconds < 0 || nanoseconds < 0 || nanoseconds >= NSEC) return -EINVAL;
  return seconds >= KTIME_SEC_MAX ? Number.POSITIVE_INFINITY : seconds * NSEC + nanoseconds;
}

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
  const failed = task.mm!.readU64(address);
  return failed < 0 ? failed : (BigInt(task.mm!.high) << 32n) | BigInt(task.mm!.low);
}
