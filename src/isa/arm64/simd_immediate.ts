/** Advanced SIMD modified immediate: MOVI, MVNI, ORR, BIC and FMOV (vector, immediate). See the Arm Architecture Reference Manual, C4.1.96. */

import type { Immediate } from '../immediate.ts';
import { insn, type Row } from '../insn.ts';
import { BIT } from './immediates.ts';
import { modified, modifiedByte, modifiedFloat, modifiedMask } from './simd_immediates.ts';
import { BYTES, setVector } from './simd_shape.ts';

/** high:low is the byte. */
const pattern = (q: string, op: number, cmode: string): string => `0 ${q} ${op} 0111100000 high:3 ${cmode} 01 low:5 vd`;
const BYTE = '{high.low:#x}';
const BY = '{by:|, lsl #8|, lsl #16|, lsl #24}';

const move = (name: string, op: number, cmode: string, operands: string, value: Immediate<'i64'>): Row =>
  insn(name, pattern('q', op, cmode), `${name.split('_')[0]} {vd:v}.${operands}`, { q: BIT, value }, (s, o) =>
    setVector(s, o.q, o.vd, s.v128.splat(64, o.value)),
  );
const or = (name: string, cmode: string, operands: string, value: Immediate<'i64'>): Row =>
  insn(name, pattern('q', 0, cmode), `orr {vd:v}.${operands}`, { q: BIT, value }, (s, o) =>
    setVector(s, o.q, o.vd, s.v128.or(s.v(o.vd), s.v128.splat(64, o.value))),
  );
/** `value` is the complement. */
const clear = (name: string, cmode: string, operands: string, value: Immediate<'i64'>): Row =>
  insn(name, pattern('q', 1, cmode), `bic {vd:v}.${operands}`, { q: BIT, value }, (s, o) =>
    setVector(s, o.q, o.vd, s.v128.and(s.v(o.vd), s.v128.splat(64, o.value))),
  );

const zeros = { ones: false, inverted: false };
const inverted = { ones: false, inverted: true };
const S = `{q:2s|4s}, ${BYTE}`;
const H = `{q:4h|8h}, ${BYTE}`;

export const simdImmediate: readonly Row[] = [
  move('movi_s', 0, '0 by:2 0', `${S}${BY}`, modified(32, zeros)),
  move('mvni_s', 1, '0 by:2 0', `${S}${BY}`, modified(32, inverted)),
  or('orr_immediate_s', '0 by:2 1', `${S}${BY}`, modified(32, zeros)),
  clear('bic_immediate_s', '0 by:2 1', `${S}${BY}`, modified(32, inverted)),
  move('movi_h', 0, '10 by:1 0', `${H}${BY}`, modified(16, zeros)),
  move('mvni_h', 1, '10 by:1 0', `${H}${BY}`, modified(16, inverted)),
  or('orr_immediate_h', '10 by:1 1', `${H}${BY}`, modified(16, zeros)),
  clear('bic_immediate_h', '10 by:1 1', `${H}${BY}`, modified(16, inverted)),
  move('movi_ones', 0, '110 by:1', `${S}, msl #{by:8|16}`, modified(32, { ones: true, inverted: false })),
  move('mvni_ones', 1, '110 by:1', `${S}, msl #{by:8|16}`, modified(32, { ones: true, inverted: true })),
  move('movi_b', 0, '1110', `${BYTES}, ${BYTE}`, modifiedByte),
  insn('movi_d', pattern('0', 1, '1110'), 'movi {vd:d}, {value:#x}', { value: modifiedMask }, (s, o) => s.setVectorLow64(o.vd, o.value)),
  insn('movi_2d', pattern('1', 1, '1110'), 'movi {vd:v}.2d, {value:#x}', { value: modifiedMask }, (s, o) =>
    s.setV(o.vd, s.v128.splat(64, o.value)),
  ),
  move('fmov_vector_s', 0, '1111', '{q:2s|4s}, {high.low:#f}', modifiedFloat(32)),
  insn('fmov_vector_d', pattern('1', 1, '1111'), 'fmov {vd:v}.2d, {high.low:#f}', { value: modifiedFloat(64) }, (s, o) =>
    s.setV(o.vd, s.v128.splat(64, o.value)),
  ),
];
