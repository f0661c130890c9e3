/** The vDSO and the page of clock data before it, in every address space. See vdso(7); Linux: arch/arm64/kernel/vdso.c. */

import { ENOMEM } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Kernel } from '../kernel.ts';
import { frameAddress } from '../mm/frames.ts';
import type { Mm } from '../mm/mm.ts';
import { mapRange } from '../mm/mmap.ts';
import { place } from '../mm/place.ts';
import { ShmemMapping } from '../mm/shmem.ts';
import { PROT_EXEC, PROT_READ, VM_DONTDUMP, VM_DONTEXPAND } from '../mm/vma.ts';
import { updateVvar } from '../time/vvar.ts';

/** Just above the libraries: the same page everywhere, out of the way of heaps. */
const VVAR_PAGE = 0x70010;

/** The frames behind the vDSO: page 0 is vvar, the image follows. One for all address spaces. */
export class VdsoMapping extends ShmemMapping {
  constructor(kernel: Kernel) {
    const { vdso } = kernel.platform.machine;
    super(kernel, { size: FRAME_SIZE + vdso.length });
  }

  /** Fill the frames: 0 or -ENOMEM. */
  load(): number {
    const { memory, platform } = this.kernel;
    const { vdso } = platform.machine;
    for (let at = 0; at <= vdso.length; at += FRAME_SIZE) {
      let frame = this.getPage(at / FRAME_SIZE, true, memory.root);
      // Only the test mode says so, and only once.
      if (frame === NOT_RESIDENT) frame = this.getPage(at / FRAME_SIZE, true, memory.root);
      if (frame < 0) return frame;
      if (at > 0) memory.frames.views.u8.set(vdso.subarray(at - FRAME_SIZE, at), frameAddress(frame));
    }
    return 0;
  }

  /** Physical address of the vvar page, where the kernel keeps the clock's parameters. */
  get vvarAddress(): number {
    return frameAddress(this.peek(0));
  }
}

/** Map both into `mm`: 0 or a negative errno. Nothing is mapped if the machine has no vDSO. */
export function mapVdso(mm: Mm): number {
  const { memory, platform } = mm.kernel;
  const pages = platform.machine.vdso.length / FRAME_SIZE;
  if (pages === 0) return 0;
  if (memory.vdso === null) {
    const mapping = new VdsoMapping(mm.kernel);
    const failed = mapping.load();
    if (failed < 0) return failed;
    memory.vdso = mapping;
    updateVvar(mm.kernel);
  }
  const mapping = memory.vdso;
  const page = place(mm, VVAR_PAGE, pages + 1, null, 0);
  if (page < 0) return -ENOMEM;
  const flags = VM_DONTEXPAND | VM_DONTDUMP;
  const vvar = mapRange(mm, { page, pages: 1, prot: PROT_READ, flags, fixed: 'fixed', mapping, name: '[vvar]', mayProt: PROT_READ });
  if (vvar < 0) return vvar;
  const prot = PROT_READ | PROT_EXEC;
  const image = mapRange(mm, { page: page + 1, pages, prot, flags, fixed: 'fixed', mapping, offset: 1, name: '[vdso]' });
  if (image < 0) return image;
  mm.layout.vdso = (page + 1) * FRAME_SIZE;
  return 0;
}
