/** SIMD and floating-point registers full of numbers that make arithmetic difficult: related to each other, at the ends of ranges, NaNs of all kinds. */

import { REG_V } from '../../src/platform/registers.ts';
import type { Random } from './random_state.ts';

interface Format {
  readonly bits: 16 | 32 | 64;
  readonly fraction: number;
  readonly exponents: readonly number[];
}

/** Exponent fields: both ends, around 1, where integers and other formats end, and where products of two leave the range. */
const FORMATS: readonly Format[] = [
  { bits: 64, fraction: 52, exponents: [0, 1, 2, 52, 53, 54, 511, 572, 573, 622, 623, 874, 896, 897, 998, 1009, 1022, 1023, 1024, 1046, 1054, 1074, 1075, 1086, 1087, 1150, 1151, 1423, 1424, 1473, 1534, 2045, 2046, 2047] }, // biome-ignore format: a table
  { bits: 32, fraction: 23, exponents: [0, 1, 2, 23, 24, 25, 63, 64, 102, 113, 114, 126, 127, 128, 141, 142, 149, 150, 157, 158, 189, 190, 191, 192, 252, 253, 254, 255] }, // biome-ignore format: a table
  { bits: 16, fraction: 10, exponents: [0, 1, 2, 10, 14, 15, 16, 25, 29, 30, 31] },
];

const word = (random: Random): bigint => (BigInt(random.u32()) << 32n) | BigInt(random.u32());

function fraction(random: Random, bits: number): bigint {
  const all = (1n << BigInt(bits)) - 1n;
  switch (random.below(6)) {
    case 0:
      return 0n;
    case 1:
      return all;
    case 2:
      return 1n << BigInt(random.below(bits));
    case 3:
      return all ^ (all >> BigInt(random.below(bits)));
    case 4:
      return (word(random) << BigInt(random.below(bits))) & all;
    default:
      return word(random) & all;
  }
}

function fresh(random: Random, { bits, fraction: width, exponents }: Format): bigint {
  const limit = 1 << (bits - 1 - width);
  const bias = limit / 2 - 1;
  const near = bias + random.below(60) - 30;
  const exponent = random.chance(40) ? random.pick(exponents) : random.chance(70) && near > 0 && near < limit ? near : random.below(limit);
  return (BigInt(random.below(2)) << BigInt(bits - 1)) | (BigInt(exponent) << BigInt(width)) | fraction(random, width);
}

/** Another number close to `value` in one of several senses. */
function related(random: Random, { bits, fraction: width }: Format, value: bigint): bigint {
  const step = BigInt(random.below(5) - 2);
  const exponent = BigInt(random.below(2 * width + 8) - width - 4) << BigInt(width);
  const sign = random.chance(50) ? 1n << BigInt(bits - 1) : 0n;
  return BigInt.asUintN(bits, (value ^ sign) + (random.chance(60) ? step : 0n) + (random.chance(40) ? exponent : 0n));
}

/** Fills the registers with lanes of one format. */
export function randomFloats(random: Random, block: Int32Array): void {
  const format = FORMATS[random.pick([0, 0, 0, 1, 1, 1, 2])]!;
  const bases = Array.from({ length: 3 }, () => fresh(random, format));
  for (let register = 0; register < 32; register++) {
    let value = 0n;
    for (let at = 0; at < 128; at += format.bits) {
      const style = random.below(10);
      const base = random.pick(bases);
      const lane = style < 3 ? base : style < 7 ? related(random, format, base) : fresh(random, format);
      value |= lane << BigInt(at);
    }
    for (let i = 0; i < 4; i++) block[REG_V + 4 * register + i] = Number(BigInt.asIntN(32, value >> BigInt(32 * i)));
  }
}
