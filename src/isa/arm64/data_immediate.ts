/** Data processing with an immediate. See the Arm Architecture Reference Manual, C4.1.92. */

import { insn, type Row } from '../insn.ts';
import { general } from '../semantics_integer.ts';
import { arithmeticImmediate, BIT } from './immediates.ts';

export const dataImmediate: readonly Row[] = [
  insn(
    'add_imm',
    'sf 0 0 100010 sh imm12:12 rn|sp rd|sp',
    'add {rd:sf}, {rn:sf}, {imm:#x}',
    { sf: BIT, imm: arithmeticImmediate },
    (s, o) => {
      const r = general(s, o.sf);
      r.set(o.rd, r.add(r.get(o.rn), r.fromI64(o.imm)));
    },
  ),
];
