/** Random instructions of an operation and random machine states with a liking for corner values. */

import type { Decoder } from '../../src/isa/decoder.ts';
import type { Operation } from '../../src/isa/operation.ts';
import { isRegisterField } from '../../src/isa/pattern.ts';
import { REG_FPCR, REG_FPSR, REG_NZCV, REG_SP, REG_V, REG_WORDS, REG_X } from '../../src/platform/registers.ts';
import { randomFloats } from './random_floats.ts';

/** A small deterministic generator (xorshift32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0 || 1;
  }

  u32(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }

  below(limit: number): number {
    return this.u32() % limit;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<V>(values: readonly V[]): V {
    return values[this.below(values.length)]!;
  }
}

/** An instruction word of this operation; undefined if other rows or reserved encodings leave none. */
export function randomWord(random: Random, decoder: Decoder, operation: Operation): number | undefined {
  const { pattern } = operation.template;
  for (let attempt = 0; attempt < 40; attempt++) {
    let word = pattern.match | (random.u32() & ~pattern.mask);
    const pool = random.chance(30) ? [random.below(32), 31] : undefined;
    for (const field of pattern.fields) {
      const limit = 2 ** field.width - 1;
      let value: number;
      if (field.name in operation.variants) value = operation.variants[field.name]!;
      else if (isRegisterField(field.name)) value = pool ? random.pick(pool) : random.below(32);
      else value = random.chance(30) ? random.pick([0, 1, limit, limit >> 1, (limit >> 1) + 1]) : random.u32() & limit;
      word = (word & ~(limit << field.low)) | (value << field.low);
    }
    const decoded = decoder.decode(word);
    if (decoded?.operation === operation) return word | 0;
  }
  return undefined;
}

const CORNERS: readonly bigint[] = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
].flatMap((value) => [value, BigInt.asUintN(64, -value), BigInt.asUintN(64, value << 31n), BigInt.asUintN(64, ~(value << 31n))]);

const DOUBLES: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -2.5,
  3,
  Infinity,
  -Infinity,
  Number.NaN,
  5e-324,
  2.2250738585072014e-308,
  1e308,
  -1.7976931348623157e308,
  2 ** 31,
  2 ** 32,
  2 ** 63,
  2 ** 64,
  -(2 ** 31),
  -(2 ** 63),
  2251799813685249.5,
  1 / 3,
];
const SINGLES: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -2.5,
  3,
  Infinity,
  -Infinity,
  Number.NaN,
  1.401298464324817e-45,
  1.1754943508222875e-38,
  3.4028234663852886e38,
  2 ** 31,
  2 ** 32,
  8388609,
  1 / 3,
];
const HALVES: readonly number[] = [0, 0x8000, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x7c01, 0x0001, 0x03ff, 0x0400];

const scratch = new DataView(new ArrayBuffer(16));

function randomVector(random: Random, target: Int32Array, at: number): void {
  const style = random.below(6);
  for (let i = 0; i < 4; i++) scratch.setUint32(4 * i, random.u32(), true);
  if (style === 0) for (let i = 0; i < 2; i++) scratch.setFloat64(8 * i, random.pick(DOUBLES), true);
  else if (style === 1) for (let i = 0; i < 4; i++) scratch.setFloat32(4 * i, random.pick(SINGLES), true);
  else if (style === 2) for (let i = 0; i < 8; i++) scratch.setUint16(2 * i, random.pick(HALVES), true);
  else if (style === 3) for (let i = 0; i < 2; i++) scratch.setBigUint64(8 * i, random.pick(CORNERS), true);
  else if (style === 4)
    for (let i = 0; i < 2; i++) scratch.setFloat64(8 * i, (random.u32() / 2 ** 16 - 2 ** 15) * 2 ** (random.below(40) - 20), true);
  for (let i = 0; i < 4; i++) target[at + i] = scratch.getInt32(4 * i, true);
}

/** Fills a register block, except the pc. */
export function randomRegisters(random: Random, block: Int32Array): void {
  block.fill(0, 0, REG_WORDS);
  for (let i = 0; i < 31; i++)
    setRegister(block, i, random.chance(50) ? random.pick(CORNERS) : (BigInt(random.u32()) << 32n) | BigInt(random.u32()));
  block[REG_NZCV] = random.u32() & 0xf0000000;
  if (random.chance(30)) block[REG_FPCR] = random.u32() & (random.chance(50) ? 0x07c00000 : 0x03000000);
  // IXC alone is what a program has after its first rounding.
  if (random.chance(50)) block[REG_FPSR] = random.chance(60) ? 0x10 : random.u32() & 0x0800009f;
  if (random.chance(50)) randomFloats(random, block);
  else for (let i = 0; i < 32; i++) randomVector(random, block, REG_V + 4 * i);
}

/** Register 0 to 30, or 31 for sp. */
export function setRegister(block: Int32Array, register: number, value: bigint): void {
  const at = register === 31 ? REG_SP : REG_X + 2 * register;
  block[at] = Number(BigInt.asIntN(32, value));
  block[at + 1] = Number(BigInt.asIntN(32, value >> 32n));
}
