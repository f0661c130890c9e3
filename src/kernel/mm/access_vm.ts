/** Memory of another process as a debugger sees it: protection does not matter. Linux: access_remote_vm with FOLL_FORCE in mm/gup.c. */

import { EFAULT } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { ACCESS_READ, ACCESS_WRITE } from '../../platform/cpu.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import { copyPrivately, FAULT_OK, handleFault } from './fault.ts';
import { FRAME_EXEC } from './frames.ts';
import { type Mm, TASK_PAGES } from './mm.ts';
import { PROT_WRITE, type Vma } from './vma.ts';

/** The frame of a page, for storing if `write`: or -EFAULT or NOT_RESIDENT. */
function frameOf(mm: Mm, page: number, write: boolean): number {
  const vma = page < TASK_PAGES ? mm.find(page) : null;
  if (vma === null) return -EFAULT;
  const result = write ? makePrivate(mm, vma, page) : makePresent(mm, vma, page);
  if (result !== FAULT_OK) return result === NOT_RESIDENT ? NOT_RESIDENT : -EFAULT;
  return mm.table.get(page) >>> 12;
}

function makePresent(mm: Mm, vma: Vma, page: number): number {
  if (mm.table.get(page) >>> 12 !== 0) return FAULT_OK;
  return vma.prot === 0 ? copyPrivately(mm, vma, page) : handleFault(mm, page, ACCESS_READ);
}

function makePrivate(mm: Mm, vma: Vma, page: number): number {
  if ((vma.prot & PROT_WRITE) === 0) return copyPrivately(mm, vma, page);
  return (mm.table.get(page) & ACCESS_WRITE) !== 0 ? FAULT_OK : handleFault(mm, page, ACCESS_WRITE);
}

/** Make pages of [address, address + length) present that can be: NOT_RESIDENT while one is on its way, else 0. */
export function requestVm(mm: Mm, address: number, length: number, write: boolean): number {
  let absent = false;
  for (let at = address - (address % FRAME_SIZE); at < address + length; at += FRAME_SIZE) {
    const frame = frameOf(mm, at / FRAME_SIZE, write);
    if (frame === NOT_RESIDENT) absent = true;
    else if (frame < 0) break;
  }
  return absent ? NOT_RESIDENT : 0;
}

/** Copy between `bytes` and memory: how many bytes until one that is not there; or NOT_RESIDENT, and nothing has been copied. */
export function accessVm(mm: Mm, address: number, bytes: Uint8Array, write: boolean): number {
  if (requestVm(mm, address, bytes.length, write) === NOT_RESIDENT) return NOT_RESIDENT;
  const { frames } = mm.kernel.memory;
  for (let done = 0; done < bytes.length; ) {
    const at = address + done;
    const part = Math.min(FRAME_SIZE - (at % FRAME_SIZE), bytes.length - done);
    const frame = frameOf(mm, Math.floor(at / FRAME_SIZE), write);
    if (frame < 0) return done;
    const physical = frame * FRAME_SIZE + (at % FRAME_SIZE);
    const { u8 } = mm.kernel.platform.machine.ram.views;
    if (write) {
      if (frames.has(frame, FRAME_EXEC)) frames.written(frame);
      u8.set(bytes.subarray(done, done + part), physical);
    } else bytes.set(u8.subarray(physical, physical + part), done);
    done += part;
  }
  return bytes.length;
}
