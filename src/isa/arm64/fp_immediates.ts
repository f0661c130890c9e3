/** Immediates of floating-point instructions: FMOV's eight bits, fixed-point fraction bits. */

import type { Immediate } from '../immediate.ts';

/** The manual's VFPExpandImm: sign, three exponent bits, four fraction bits, as a bit pattern. */
export function expandFloat(bits: 32 | 64, imm8: number): bigint {
  const [exponent, fraction] = bits === 32 ? [8, 23] : [11, 52];
  const top = (imm8 >> 6) & 1;
  const field = (top ? 0 : 1 << (exponent - 1)) | (top ? ((1 << (exponent - 3)) - 1) << 2 : 0) | ((imm8 >> 4) & 3);
  const pattern =
    (BigInt(imm8 >> 7) << BigInt(bits - 1)) | (BigInt(field) << BigInt(fraction)) | (BigInt(imm8 & 15) << BigInt(fraction - 4));
  return BigInt.asIntN(64, pattern);
}

/** The bit pattern of FMOV (scalar, immediate). */
export const floatImmediate = (bits: 32 | 64): Immediate<'i64'> => ({
  name: `float${bits}`,
  type: 'i64',
  bytes: 8,
  from: ['imm8'],
  decode: (imm8) => expandFloat(bits, imm8!),
  encode: (value) => {
    for (let imm8 = 0; imm8 < 256; imm8++) if (expandFloat(bits, imm8) === BigInt(value)) return [imm8];
    return undefined;
  },
});

/** Fraction bits of a conversion between a general register and a number: 64 - scale; at most 32 for a W register. */
export const fixedPoint: Immediate<'i32'> = {
  name: 'fraction bits',
  type: 'i32',
  bytes: 2,
  from: ['scale', 'sf'],
  decode: (scale, sf) => (sf === 0 && scale! < 32 ? undefined : 64 - scale!),
  encode: (value, known) => [64 - Number(value), known[1]!],
};

/** Fraction bits of a vector or scalar conversion, from the low bits of immh:immb. */
export const vectorFixedPoint = (bits: number): Immediate<'i32'> => ({
  name: `fraction bits ${bits}`,
  type: 'i32',
  bytes: 2,
  from: ['count'],
  decode: (count) => bits - count!,
  encode: (value) => (Number(value) >= 1 && Number(value) <= bits ? [bits - Number(value)] : undefined),
});
