/** Where a signal handler returns to: the code in the vDSO that calls rt_sigreturn(2). Linux: VDSO_SYMBOL(vdso, sigtramp). */

import type { Mm } from '../mm/mm.ts';

const SYMBOL = '__kernel_rt_sigreturn';
const SHT_DYNSYM = 11;
const SYM_SIZE = 24;

/** Offsets by vDSO image: the symbol table is read once. */
const offsets: WeakMap<Uint8Array, number> = new WeakMap();

/** The address of the trampoline in `mm`, 0 when it has no vDSO. */
export function sigreturnAddress(mm: Mm): number {
  const { vdso } = mm.layout;
  if (vdso === 0) return 0;
  const image = mm.kernel.platform.machine.vdso;
  let offset = offsets.get(image);
  if (offset === undefined) {
    offset = findSymbol(image);
    offsets.set(image, offset);
  }
  return vdso + offset;
}

/** The value of the symbol in the section table's dynamic symbols; 0 when it is not there. See elf(5). */
function findSymbol(image: Uint8Array): number {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const sections = view.getUint32(0x28, true);
  const size = view.getUint16(0x3a, true);
  const count = view.getUint16(0x3c, true);
  for (let i = 0; i < count; i++) {
    const at = sections + i * size;
    if (view.getUint32(at + 4, true) !== SHT_DYNSYM) continue;
    const strings = view.getUint32(sections + view.getUint32(at + 0x28, true) * size + 0x18, true);
    const start = view.getUint32(at + 0x18, true);
    const end = start + view.getUint32(at + 0x20, true);
    for (let symbol = start; symbol < end; symbol += SYM_SIZE) {
      if (nameIs(image, strings + view.getUint32(symbol, true))) return view.getUint32(symbol + 8, true);
    }
  }
  return 0;
}

function nameIs(image: Uint8Array, at: number): boolean {
  for (let i = 0; i < SYMBOL.length; i++) if (image[at + i] !== SYMBOL.charCodeAt(i)) return false;
  return image[at + SYMBOL.length] === 0;
}
