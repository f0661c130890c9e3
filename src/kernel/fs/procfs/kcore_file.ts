/** /proc/kcore: the machine's memory as an ELF core file, for debuggers. Linux: fs/proc/kcore.c. See proc_kcore(5). */

import { CAP_SYS_RAWIO } from '../../../abi/capability.ts';
import { EINVAL, EPERM } from '../../../abi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../../../abi/fcntl.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { File } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { latin1Bytes } from '../../vfs/text.ts';
import type { ProcContext } from './entry.ts';
import type { ProcInode } from './proc_inode.ts';

const EHDR_SIZE = 64;
const PHDR_SIZE = 56;
const ET_CORE = 4;
const EM_AARCH64 = 183;
const PT_LOAD = 1;
const PT_NOTE = 4;
const PF_RWX = 7;
/** Where RAM begins, physically and (its high half) in the linear map. Linux: PAGE_OFFSET with 48-bit addresses. */
const RAM_BASE = 0x40000000;
const LINEAR_HIGH = 0xffff0000;
/** The file: headers in one page, then memory at the place that its address says. Linux: kc_vaddr_to_offset. */
const HEADERS = FRAME_SIZE;
const MEMORY = HEADERS + RAM_BASE;
/** The most bytes that one read copies. */
const CHUNK = 65536;

const ramBytes = ({ platform }: Kernel): number => platform.machine.ram.maxFrame * FRAME_SIZE;
export const kcoreSize = (kernel: Kernel): number => MEMORY + ramBytes(kernel);

/** A note as ELF has it: name and description, each padded to words. See elf(5). */
function note(name: string, type: number, description: string): Uint8Array {
  const padded = (text: string): string => text.padEnd((text.length + 3) & ~3, '\0');
  const bytes = latin1Bytes(`${'\0'.repeat(12)}${padded(`${name}\0`)}${padded(description)}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(0, name.length + 1, true);
  view.setUint32(4, description.length, true);
  view.setUint32(8, type, true);
  return bytes;
}

/** ELF header, program headers and notes. */
function headers(kernel: Kernel): Uint8Array {
  const page = new Uint8Array(HEADERS);
  const view = new DataView(page.buffer);
  const notes = note('VMCOREINFO', 0, `OSRELEASE=${kernel.release}\nPAGESIZE=${FRAME_SIZE}\n`);
  const notesAt = EHDR_SIZE + 2 * PHDR_SIZE;
  page.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, ET_CORE, true);
  view.setUint16(18, EM_AARCH64, true);
  view.setUint32(20, 1, true);
  view.setUint32(32, EHDR_SIZE, true);
  view.setUint16(52, EHDR_SIZE, true);
  view.setUint16(54, PHDR_SIZE, true);
  view.setUint16(56, 2, true);
  view.setUint32(EHDR_SIZE, PT_NOTE, true);
  view.setUint32(EHDR_SIZE + 8, notesAt, true);
  view.setUint32(EHDR_SIZE + 32, notes.length, true);
  const load = EHDR_SIZE + PHDR_SIZE;
  view.setUint32(load, PT_LOAD, true);
  view.setUint32(load + 4, PF_RWX, true);
  view.setUint32(load + 8, MEMORY, true);
  view.setUint32(load + 16, RAM_BASE, true);
  view.setUint32(load + 20, LINEAR_HIGH, true);
  view.setUint32(load + 24, RAM_BASE, true);
  for (const field of [32, 40]) {
    view.setUint32(load + field, ramBytes(kernel) >>> 0, true);
    view.setUint32(load + field + 4, Math.floor(ramBytes(kernel) / 2 ** 32), true);
  }
  view.setUint32(load + 48, FRAME_SIZE, true);
  page.set(notes, notesAt);
  return page;
}

class KcoreFile extends File {
  private readonly node: ProcInode;

  constructor(node: ProcInode, flags: number) {
    super(node.sb.kernel, flags);
    this.node = node;
  }

  override get inode(): ProcInode {
    return this.node;
  }

  override get seekable(): boolean {
    return true;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? this.pos : this.node.size;
    if (base + offset < 0) return -EINVAL;
    this.pos = base + offset;
    return this.pos;
  }

  /** Between headers and memory, where the machine's own frames are, where memory has not been used yet, and after it, there are zeros. */
  override read(_task: Task, iter: IovIter, pos: number): number {
    const before = iter.moved;
    while (iter.remaining > 0) {
      const at = pos + iter.moved - before;
      const ready = iter.prepare(Math.min(iter.remaining, CHUNK), true);
      if (ready <= 0) return iter.moved > before ? iter.moved - before : ready;
      iter.put(this.bytes(at, ready));
    }
    return iter.moved - before;
  }

  private bytes(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (at < HEADERS) bytes.set(headers(this.kernel).subarray(at, at + length));
    const { firstFrame, holeFrame, holeEnd, views } = this.kernel.platform.machine.ram;
    for (const [first, end] of [
      [firstFrame, holeFrame],
      [holeEnd, Number.POSITIVE_INFINITY],
    ] as const) {
      const from = Math.max(at, MEMORY + first * FRAME_SIZE);
      const to = Math.min(at + length, MEMORY + end * FRAME_SIZE);
      if (from < to) bytes.set(views.u8.subarray(from - MEMORY, to - MEMORY), from - at);
    }
    return bytes;
  }
}

/** Linux: open_kcore. */
export const openKcore = ({ kernel, reader }: ProcContext, node: ProcInode, flags: number): File | number =>
  reader.cred.capable(CAP_SYS_RAWIO, kernel.initialUserNs) ? new KcoreFile(node, flags) : -EPERM;
