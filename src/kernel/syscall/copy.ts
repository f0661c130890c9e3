/** Copying the small structures of system calls between kernel and programs. */

import { E2BIG, EINVAL } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import type { Timespec } from '../vfs/inode.ts';

const TWO_32 = 4294967296;

/** A struct timespec as it is: a negative errno if it cannot be read, -EINVAL if it is not a time. */
export function readTime(task: Task, address: number): Timespec | number {
  const mm = task.mm!;
  let failed = mm.readU64(address);
  if (failed < 0) return failed;
  const seconds = (mm.high | 0) * TWO_32 + mm.low;
  failed = mm.readU64(address + 8);
  if (failed < 0) return failed;
  const nanoseconds = mm.high * TWO_32 + mm.low;
  return seconds < 0 || nanoseconds >= 1e9 ? -EINVAL : { seconds, nanoseconds };
}

/** A duration in a struct timespec, in nanoseconds; or a negative errno. */
export function readTimespec(task: Task, address: number): number {
  const time = readTime(task, address);
  return typeof time === 'number' ? time : time.seconds * 1e9 + time.nanoseconds;
}

/** 0 or a negative errno. */
export function writeTime(task: Task, address: number, { seconds, nanoseconds }: Timespec): number {
  const mm = task.mm!;
  return mm.writeU64(address, low(seconds), high(seconds)) || mm.writeU64(address + 8, nanoseconds, 0);
}

/** The halves of an integer of up to 64 bits. */
export const low = (value: number): number => (value % TWO_32) | 0;
export const high = (value: number): number => Math.floor(value / TWO_32) | 0;

/** A 64-bit mask (sigset_t), or a negative errno. */
export function readMask(task: Task, address: number): bigint | number {
  const mm = task.mm!;
  const failed = mm.readU64(address);
  return failed < 0 ? failed : (BigInt(mm.high) << 32n) | BigInt(mm.low);
}

export const writeMask = (task: Task, address: number, mask: bigint): number =>
  task.mm!.writeU64(address, Number(BigInt.asIntN(32, mask)), Number(BigInt.asIntN(32, mask >> 32n)));

/** A sequence of 64-bit integers, as structures of longs are. */
export function longs(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, i) => {
    view.setInt32(8 * i, low(value), true);
    view.setInt32(8 * i + 4, high(value), true);
  });
  return new Uint8Array(view.buffer);
}

/** A structure of `given` bytes of which `known` are understood: absent ones are 0, unknown ones must be. -E2BIG. Linux: copy_struct_from_user. */
export function readStruct(task: Task, address: number, given: number, known: number): DataView | number {
  const bytes = task.mm!.copyIn(address, given);
  if (typeof bytes === 'number') return bytes;
  if (bytes.subarray(known).some((byte) => byte !== 0)) return -E2BIG;
  const whole = new Uint8Array(known);
  whole.set(bytes.subarray(0, known));
  return new DataView(whole.buffer);
}
