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
import type { TimeNamespace } from '../namespace/time_namespace.ts';
import { updateVvar } from '../time/vvar.ts';

/** Just above the libraries: the same page everywhere, out of the way of heaps. */
const VVAR_PAGE = 0x70010;

/** A page of clock data. */
export class VvarMapping extends ShmemMapping {
  constructor(kernel: Kernel, size: number = FRAME_SIZE) {
    super(kernel, { size });
  }

  /** Get the frames: 0 or -ENOMEM. */
  load(): number {
    return Math.min(0, this.loadFrame(0));
  }

  protected loadFrame(index: number): number {
    const { memory } = this.kernel;
    const frame = this.getPage(index, true, memory.root);
    // Only the test mode says so, and only once.
    return frame === NOT_RESIDENT ? this.getPage(index, true, memory.root) : frame;
  }

  /** Physical address of the page, where the kernel keeps the clock's parameters. */
  get vvarAddress(): number {
    return frameAddress(this.peek(0));
  }
}

/** The frames behind the vDSO: page 0 is vvar, the image follows. One for all address spaces. */
export class VdsoMapping extends VvarMapping {
  constructor(kernel: Kernel) {
    const { vdso } = kernel.platform.machine;
    super(kernel, FRAME_SIZE + vdso.length);
  }

  override load(): number {
    const { memory, platform } = this.kernel;
    const { vdso } = platform.machine;
    for (let at = 0; at <= vdso.length; at += FRAME_SIZE) {
      const frame = this.loadFrame(at / FRAME_SIZE);
      if (frame < 0) return frame;
      if (at > 0) memory.frames.views.u8.set(vdso.subarray(at - FRAME_SIZE, at), frameAddress(frame));
    }
    return 0;
  }
}

/** A page for a new time namespace: null where there is no vDSO, -ENOMEM. */
export function createVvar(kernel: Kernel): VvarMapping | null | number {
  if (kernel.memory.vdso === null) return null;
  const mapping = new VvarMapping(kernel);
  const failed = mapping.load();
  return failed < 0 ? failed : mapping;
}

/** The page of time namespace `time` takes the place of the one that is mapped. Linux: vdso_join_timens. */
export function remapVvar(mm: Mm, time: TimeNamespace): void {
  const vma = [...mm.vmas].find(({ name }) => name === '[vvar]');
  const mapping = time.vvar ?? mm.kernel.memory.vdso;
  if (vma === undefined || mapping === null) return;
  mapVvar(mm, vma.start, mapping);
  updateVvar(mm.kernel);
}

const FLAGS = VM_DONTEXPAND | VM_DONTDUMP;

const mapVvar = (mm: Mm, page: number, mapping: VvarMapping): number =>
  mapRange(mm, { page, pages: 1, prot: PROT_READ, flags: FLAGS, fixed: 'fixed', mapping, name: '[vvar]', mayProt: PROT_READ });

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
  const vvar = mapVvar(mm, page, mapping);
  if (vvar < 0) return vvar;
  const prot = PROT_READ | PROT_EXEC;
  const image = mapRange(mm, { page: page + 1, pages, prot, flags: FLAGS, fixed: 'fixed', mapping, offset: 1, name: '[vdso]' });
  if (image < 0) return image;
  mm.layout.vdso = (page + 1) * FRAME_SIZE;
  return 0;
}
