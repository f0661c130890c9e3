/** union bpf_attr as it was copied in, read by offset. Linux: include/uapi/linux/bpf.h. */

import { E2BIG, isErrno } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';

/** What this kernel knows of it; programs that know more must have zeros there. */
export const BPF_ATTR_SIZE = 152;
const PAGE_SIZE = 4096;

export class BpfAttr {
  /** Where it lies in the program's memory. */
  readonly address: number;
  readonly size: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  private constructor(address: number, size: number, bytes: Uint8Array) {
    this.address = address;
    this.size = size;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** -E2BIG, -EFAULT. Linux: bpf_check_uarg_tail_zero. */
  static read(task: Task, address: number, size: number): BpfAttr | number {
    if (size > PAGE_SIZE) return -E2BIG;
    const given = task.mm!.copyIn(address, size);
    if (isErrno(given)) return given;
    if (given.subarray(BPF_ATTR_SIZE).some((byte) => byte !== 0)) return -E2BIG;
    const bytes = new Uint8Array(BPF_ATTR_SIZE);
    bytes.set(given.subarray(0, BPF_ATTR_SIZE));
    return new BpfAttr(address, size, bytes);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  /** A file descriptor. */
  fd(at: number): number {
    return this.view.getInt32(at, true);
  }

  /** An address. */
  ptr(at: number): number {
    return this.view.getUint32(at + 4, true) * 4294967296 + this.view.getUint32(at, true);
  }

  /** A name in an array of `length` bytes; null when it has no end or holds other characters than bpf_obj_name_cpy allows. */
  name(at: number, length: number): string | null {
    const end = this.bytes.indexOf(0, at);
    if (end < 0 || end >= at + length) return null;
    const name = String.fromCharCode(...this.bytes.subarray(at, end));
    return /^[\w.]*$/.test(name) ? name : null;
  }

  /** Whether everything from `end`, the end of a command's last field, on is zero. Linux: CHECK_ATTR. */
  endsAt(end: number): boolean {
    return this.bytes.subarray(end).every((byte) => byte === 0);
  }
}
