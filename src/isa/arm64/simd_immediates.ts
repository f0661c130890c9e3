/** Immediates of Advanced SIMD: lane numbers, shift counts, modified immediates. */

import type { Immediate } from '../immediate.ts';
import type { LaneBits } from '../semantics_vector.ts';

/** The concatenation of bit fields of the given widths, the first one highest. */
const concatenate = (widths: readonly number[], values: readonly number[]): number =>
  widths.reduce((sum, width, i) => (sum << width) | values[i]!, 0);
const split = (widths: readonly number[], value: number): number[] => {
  let rest = value;
  return widths
    .toReversed()
    .map((width) => {
      const part = rest & ((1 << width) - 1);
      rest >>= width;
      return part;
    })
    .toReversed();
};

/** A lane number as the number of its first byte, twice: an i16 that fills a vector with byte numbers when it is repeated. */
export function laneBytes(bits: LaneBits, fields: Readonly<Record<string, number>>): Immediate<'i32'> {
  const widths = Object.values(fields);
  const bytes = bits / 8;
  return {
    name: `laneBytes${bits}`,
    type: 'i32',
    bytes: 2,
    from: Object.keys(fields),
    decode: (...values) => concatenate(widths, values) * bytes * 0x0101,
    encode: (value) => split(widths, (Number(value) & 0xff) / bytes),
  };
}

/** A right shift's count, 1 to `bits`, or a left shift's, 0 to `bits` - 1, from the low bits of immh:immb. */
export const rightCount = (bits: number): Immediate<'i32'> => ({
  name: `rightCount${bits}`,
  type: 'i32',
  bytes: 2,
  from: ['count'],
  decode: (count) => bits - count!,
  encode: (value) => (Number(value) >= 1 && Number(value) <= bits ? [bits - Number(value)] : undefined),
});
export const leftCount = (bits: number): Immediate<'i32'> => ({
  name: `leftCount${bits}`,
  type: 'i32',
  bytes: 2,
  from: ['count'],
  decode: (count) => count!,
  encode: (value) => (Number(value) >= 0 && Number(value) < bits ? [Number(value)] : undefined),
});

const repeat = (bits: number, value: bigint): bigint => {
  let vector = 0n;
  for (let low = 0; low < 64; low += bits) vector |= value << BigInt(low);
  return BigInt.asIntN(64, vector);
};

/**
 * The 64 bits that a modified immediate stands for: its byte `high`:`low`, shifted by eight times `by` in lanes of `bits` bits;
 * `ones` shifts ones in instead of zeros; `inverted` complements the result.
 */
export function modified(bits: 16 | 32, { ones, inverted }: { ones: boolean; inverted: boolean }): Immediate<'i64'> {
  const expand = (byte: number, by: number): bigint => {
    const count = BigInt(8 * (ones ? by + 1 : by));
    const lane = (BigInt(byte) << count) | (ones ? (1n << count) - 1n : 0n);
    return repeat(bits, inverted ? BigInt.asUintN(bits, ~lane) : lane);
  };
  return {
    name: `modified${bits}${ones ? 'ones' : ''}${inverted ? 'inverted' : ''}`,
    type: 'i64',
    bytes: 8,
    from: ['high', 'low', 'by'],
    decode: (high, low, by) => expand((high! << 5) | low!, by!),
    encode(value) {
      for (let by = 0; by < (ones ? 2 : bits / 8); by++) {
        for (let byte = 0; byte < 256; byte++) if (expand(byte, by) === BigInt(value)) return [byte >> 5, byte & 31, by];
      }
      return undefined;
    },
  };
}

const fromByte = (name: string, expand: (byte: number) => bigint): Immediate<'i64'> => ({
  name,
  type: 'i64',
  bytes: 8,
  from: ['high', 'low'],
  decode: (high, low) => expand((high! << 5) | low!),
  encode(value) {
    for (let byte = 0; byte < 256; byte++) {
      if (expand(byte) === BigInt.asIntN(64, BigInt(value))) return [byte >> 5, byte & 31];
    }
    return undefined;
  },
});

/** The byte in all lanes. */
export const modifiedByte: Immediate<'i64'> = fromByte('modifiedByte', (byte) => repeat(8, BigInt(byte)));
/** Each bit of the byte makes eight. */
export const modifiedMask: Immediate<'i64'> = fromByte('modifiedMask', (byte) => {
  let mask = 0n;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) mask |= 0xffn << BigInt(8 * bit);
  return BigInt.asIntN(64, mask);
});

/** VFPExpandImm() in lanes of 32 or 64 bits: sign, three bits of exponent, four of fraction. */
export const modifiedFloat = (bits: 32 | 64): Immediate<'i64'> =>
  fromByte(`modifiedFloat${bits}`, (byte) => {
    const [exponentBits, fractionBits] = bits === 32 ? [8, 23] : [11, 52];
    const sign = BigInt(byte >> 7);
    const exponent = byte & 0x40 ? (1 << (exponentBits - 1)) - 4 : 1 << (exponentBits - 1);
    const biased = BigInt(exponent + ((byte >> 4) & 3));
    const fraction = BigInt(byte & 15) << BigInt(fractionBits - 4);
    return repeat(bits, (sign << BigInt(bits - 1)) | (biased << BigInt(fractionBits)) | fraction);
  });
