/** The vDSO: a shared object that is mapped into every process, after the vvar page. See vdso(7). */

import { Assembler } from '../../isa/assembler.ts';
import type { InsnTable } from '../../isa/insn_table.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import { writeSharedObject } from './elf.ts';
import { VDSO_FUNCTIONS, VDSO_SOURCE } from './source.ts';

export function buildVdso(table: InsnTable): Uint8Array {
  const assembler = new Assembler(table);
  return writeSharedObject({
    soname: 'linux-vdso.so.1',
    version: 'LINUX_2.6.39',
    functions: VDSO_FUNCTIONS,
    code: (address) => assembler.assemble(VDSO_SOURCE, address, { vvar: -FRAME_SIZE }),
  });
}
