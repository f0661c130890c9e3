/** Immediates of arm64: one decoding function and its inverse each. */

import type { Immediate } from '../immediate.ts';

/** Values of a one-bit, two-bit … field. */
export const BIT: readonly number[] = [0, 1];
export const BITS2: readonly number[] = [0, 1, 2, 3];

/** ADD, SUB (immediate): twelve bits, optionally shifted by twelve. */
export const arithmeticImmediate: Immediate<'i64'> = {
  name: 'arithmetic',
  type: 'i64',
  bytes: 4,
  from: ['sh', 'imm12'],
  decode: (sh, imm12) => (sh ? imm12! << 12 : imm12!),
  encode: (value) => {
    const n = Number(value);
    if (n >= 0 && n < 4096) return [0, n];
    return n >= 0 && n < 2 ** 24 && n % 4096 === 0 ? [1, n / 4096] : undefined;
  },
};
