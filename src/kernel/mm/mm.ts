/** A task's address space as the rest of the kernel uses it. Linux: struct mm_struct. See mmap(2). */

import { EFAULT } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from './memory_group.ts';

/** Highest user address plus one, as on arm64 Linux with 48-bit addresses. */
export const TASK_SIZE: number = 2 ** 48;

/** SKELETON: the memory owner replaces the bodies; signatures stay. */
export class Mm {
  readonly kernel: Kernel;
  memory: MemoryGroup;
  constructor(kernel: Kernel, memory: MemoryGroup) {
    this.kernel = kernel;
    this.memory = memory;
  }

  copyOutPhysical(_address: number, _source: number, _count: number): number {
    return -EFAULT;
  }

  copyInPhysical(_address: number, _target: number, _count: number): number {
    return -EFAULT;
  }

  zap(_from: number, _to: number, _copies: boolean): void {}

  writeProtect(_page: number, _count: number): void {}

  /** A fresh copy of `length` user bytes, -EFAULT or NOT_RESIDENT. */
  copyIn(_address: number, _length: number): Uint8Array | number {
    return -EFAULT;
  }

  /** Fill `target` from user memory: 0, -EFAULT or NOT_RESIDENT. */
  copyInto(_address: number, _target: Uint8Array): number {
    return -EFAULT;
  }

  /** Write bytes to user memory: 0, -EFAULT or NOT_RESIDENT. Breaks copy-on-write like a store by the task. */
  copyOut(_address: number, _bytes: Uint8Array): number {
    return -EFAULT;
  }

  /** Make pages of [address, address + length) resident, for writing if `write`: how many bytes from the start are ready, -EFAULT or NOT_RESIDENT. */
  faultIn(_address: number, _length: number, _write: boolean): number {
    return -EFAULT;
  }

  /** A NUL-terminated byte string (one char per byte) of at most `max` bytes without the NUL: -EFAULT, -ENAMETOOLONG, NOT_RESIDENT. */
  readString(_address: number, _max: number): string | number {
    return -EFAULT;
  }

  /** For traces: text that happens to be resident, or null. Never faults anything in. */
  peekString(_address: number, _max: number): string | null {
    return null;
  }
}
