/** Immediates of arm64: one decoding function and its inverse each. */

import type { Immediate } from '../immediate.ts';

/** Values of a one-bit and of a two-bit field. */
export const BIT: readonly number[] = [0, 1];
export const BITS2: readonly number[] = [0, 1, 2, 3];

const sign = (value: number, width: number): number => (value << (32 - width)) >> (32 - width);

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

/** The manual's DecodeBitMasks: a run of ones, rotated within an element, replicated over the register. */
function bitMask(n: number, immr: number, imms: number, sf: number): bigint | undefined {
  const length = 31 - Math.clz32((n << 6) | (~imms & 63));
  if (length < 1 || (n === 1 && sf === 0)) return undefined;
  const size = 1 << length;
  const ones = (imms & (size - 1)) + 1;
  if (ones === size) return undefined;
  const rotation = BigInt(immr & (size - 1));
  const run = (1n << BigInt(ones)) - 1n;
  const element = BigInt.asUintN(size, (run >> rotation) | (run << (BigInt(size) - rotation)));
  let value = 0n;
  for (let at = 0; at < (sf ? 64 : 32); at += size) value |= element << BigInt(at);
  return value;
}

let bitMasks: Map<string, readonly number[]> | undefined;

/** All bitmask immediates, by value and width; there are about ten thousand. */
function bitMaskFields(value: bigint, sf: number): readonly number[] | undefined {
  if (!bitMasks) {
    bitMasks = new Map();
    for (let bits = 0; bits < 2 ** 14; bits++) {
      const [width, n, immr, imms] = [bits >> 13, (bits >> 12) & 1, (bits >> 6) & 63, bits & 63];
      const mask = bitMask(n, immr, imms, width);
      const key = `${width}:${mask}`;
      if (mask !== undefined && !bitMasks.has(key)) bitMasks.set(key, [n, immr, imms]);
    }
  }
  return bitMasks.get(`${sf}:${BigInt.asUintN(sf ? 64 : 32, value)}`);
}

export const logicalImmediate: Immediate<'i64'> = {
  name: 'logical',
  type: 'i64',
  bytes: 8,
  from: ['N', 'immr', 'imms', 'sf'],
  decode: (n, immr, imms, sf) => bitMask(n!, immr!, imms!, sf!),
  encode: (value, known) => {
    const fields = bitMaskFields(BigInt(value), known[3]!);
    return fields && [...fields, known[3]!];
  },
};

/** MOVZ, MOVN, MOVK: sixteen bits at a multiple of sixteen. */
export const wideImmediate: Immediate<'i64'> = {
  name: 'wide',
  type: 'i64',
  bytes: 8,
  from: ['imm16', 'hw'],
  decode: (imm16, hw) => BigInt(imm16!) << BigInt(16 * hw!),
  encode: () => undefined,
};

/** A branch offset in a field of `width` bits, in instructions. */
export function branchOffset(field: string, width: number): Immediate<'i64'> {
  return {
    name: 'branch',
    type: 'i64',
    bytes: 4,
    from: [field],
    decode: (value) => sign(value!, width) * 4,
    encode: (value) => {
      const words = Number(value) / 4;
      const limit = 2 ** (width - 1);
      return Number.isInteger(words) && words >= -limit && words < limit ? [words & (2 ** width - 1)] : undefined;
    },
  };
}

/** ADR: a signed byte offset of 21 bits; ADRP: of pages. */
export function addressOffset(scale: number): Immediate<'i64'> {
  return {
    name: 'address',
    type: 'i64',
    bytes: 8,
    from: ['immhi', 'immlo'],
    decode: (immhi, immlo) => sign((immhi! << 2) | immlo!, 21) * scale,
    encode: (value) => {
      const units = Number(value) / scale;
      if (!Number.isInteger(units) || units < -(2 ** 20) || units >= 2 ** 20) return undefined;
      return [(units >> 2) & 0x7ffff, units & 3];
    },
  };
}

/** The manual's ConditionHolds. */
function holds(cond: number, nzcv: number): boolean {
  const [n, z, c, v] = [(nzcv & 8) !== 0, (nzcv & 4) !== 0, (nzcv & 2) !== 0, (nzcv & 1) !== 0];
  const base = [z, c, n, v, c && !z, n === v, n === v && !z, true][cond >> 1]!;
  return cond & 1 && cond !== 15 ? !base : base;
}

const PASSES: readonly number[] = Array.from({ length: 16 }, (_, cond) => {
  let passes = 0;
  for (let nzcv = 0; nzcv < 16; nzcv++) if (holds(cond, nzcv)) passes |= 1 << nzcv;
  return passes;
});

/** Sixteen bits, one for each value of NZCV: whether the condition holds. */
export const condition: Immediate<'i32'> = {
  name: 'condition',
  type: 'i32',
  bytes: 2,
  from: ['cond'],
  decode: (cond) => PASSES[cond!],
  encode: () => undefined,
};

/** NZCV from a four-bit field, where the flags are. */
export const flagsImmediate: Immediate<'i32'> = {
  name: 'flags',
  type: 'i32',
  bytes: 4,
  from: ['nzcv'],
  decode: (nzcv) => nzcv! << 28,
  encode: (value) => [Number(value) >>> 28],
};

/** UBFM and SBFM are a shift to the left, which brings bit imms to the top, and one to the right. */
export const bitfieldLeft: Immediate<'i32'> = {
  name: 'bitfield left',
  type: 'i32',
  bytes: 2,
  from: ['imms', 'sf'],
  decode: (imms, sf) => (sf ? 63 : 31) - imms!,
  encode: () => undefined,
};

export const bitfieldRight: Immediate<'i32'> = {
  name: 'bitfield right',
  type: 'i32',
  bytes: 2,
  from: ['immr', 'imms', 'sf'],
  decode: (immr, imms, sf) => (immr! - imms! - 1) & (sf ? 63 : 31),
  encode: () => undefined,
};

/** TBZ, TBNZ: a bit number of six bits. */
export const bitNumber: Immediate<'i32'> = {
  name: 'bit number',
  type: 'i32',
  bytes: 2,
  from: ['b5', 'b40'],
  decode: (b5, b40) => (b5! << 5) | b40!,
  encode: (value) => [Number(value) >> 5, Number(value) & 31],
};
