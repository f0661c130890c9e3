/** The opaque types in which one back end speaks of values; a definition can pass them around and nothing else. */

export interface Values {
  i32: unknown;
  i64: unknown;
  f32: unknown;
  f64: unknown;
  v128: unknown;
  /** An i32 or an i64, as wide as the instruction's `sf` field says. */
  word: unknown;
  /** A general register operand; number 31 is the zero register or sp, as the row's pattern declares. */
  reg: unknown;
  /** A SIMD and floating-point register operand. */
  vreg: unknown;
  /** Bytes of memory whose translation and permission have been checked. */
  window: unknown;
}
