/** Floating-point arithmetic and the scalar views of the SIMD and floating-point registers, as definitions see them. */

import type { Values } from './values.ts';

export interface FloatSemantics<T extends Values> {
  /** The low 32 or 64 bits of a register, as a bit pattern. */
  vectorLow32(register: T['vreg']): T['i32'];
  vectorLow64(register: T['vreg']): T['i64'];
  /** Write the low bits and clear the rest of the register. */
  setVectorLow32(register: T['vreg'], value: T['i32']): void;
  setVectorLow64(register: T['vreg'], value: T['i64']): void;
}
