/** Reference meaning of integer arithmetic, general registers and flags. */

import type { General, IntegerSemantics } from '../../isa/semantics_integer.ts';
import { REG_NZCV, REG_SP, REG_X } from '../../platform/registers.ts';
import { type BigValues, mask, type ReferenceState, readWords, writeWords } from './state.ts';

const bit = (test: boolean): bigint => (test ? 1n : 0n);

function general(state: ReferenceState, bits: number): General<BigValues, bigint> {
  const width = BigInt(bits);
  const u = (value: bigint): bigint => BigInt.asUintN(bits, value);
  const signed = (value: bigint): bigint => BigInt.asIntN(bits, value);
  const count = (value: bigint): bigint => value & (width - 1n);
  const binary = (value: bigint): string => value.toString(2).padStart(bits, '0');
  const nzcv = (result: bigint, carry: boolean, overflow: boolean): bigint =>
    (bit(signed(result) < 0n) << 31n) | (bit(result === 0n) << 30n) | (bit(carry) << 29n) | (bit(overflow) << 28n);
  const addCarryFlags = (a: bigint, b: bigint, carry: bigint): bigint => {
    const result = u(a + b + carry);
    return nzcv(result, a + b + carry > mask(bits), signed(a) + signed(b) + carry !== signed(result));
  };
  return {
    bits,
    const: (value) => u(BigInt(value)),
    add: (a, b) => u(a + b),
    sub: (a, b) => u(a - b),
    mul: (a, b) => u(a * b),
    div_s: (a, b) => (b === 0n ? 0n : u(signed(a) / signed(b))),
    div_u: (a, b) => (b === 0n ? 0n : a / b),
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    shl: (a, n) => u(a << count(n)),
    shr_s: (a, n) => u(signed(a) >> count(n)),
    shr_u: (a, n) => a >> count(n),
    rotr: (a, n) => u((a >> count(n)) | (a << (width - count(n)))),
    clz: (a) => BigInt(`${binary(a)}1`.indexOf('1')),
    ctz: (a) => width - BigInt(`1${binary(a)}`.lastIndexOf('1')),
    popcnt: (a) => BigInt(binary(a).replaceAll('0', '').length),
    extend8_s: (a) => u(BigInt.asIntN(8, a)),
    extend16_s: (a) => u(BigInt.asIntN(16, a)),
    eqz: (a) => bit(a === 0n),
    eq: (a, b) => bit(a === b),
    ne: (a, b) => bit(a !== b),
    lt_s: (a, b) => bit(signed(a) < signed(b)),
    lt_u: (a, b) => bit(a < b),
    gt_s: (a, b) => bit(signed(a) > signed(b)),
    gt_u: (a, b) => bit(a > b),
    le_s: (a, b) => bit(signed(a) <= signed(b)),
    le_u: (a, b) => bit(a <= b),
    ge_s: (a, b) => bit(signed(a) >= signed(b)),
    ge_u: (a, b) => bit(a >= b),
    select: (condition, a, b) => (condition !== 0n ? a : b),
    get: (register) => (register === 31 ? 0n : u(readWords(state.registers, wordOf(register), 2))),
    set: (register, value) => {
      if (register !== 31) writeWords(state.registers, wordOf(register), 2, value);
    },
    fromI64: u,
    toI64: (value) => value,
    fromI32: (value) => value,
    addFlags: (a, b) => addCarryFlags(a, b, 0n),
    subFlags: (a, b) => addCarryFlags(a, u(~b), 1n),
    addCarryFlags,
    logicFlags: (result) => nzcv(result, false, false),
  };
}

/** Word index of a general register. */
export const wordOf = (register: number): number => (register === 32 ? REG_SP : REG_X + 2 * register);

export function referenceInteger(state: ReferenceState): IntegerSemantics<BigValues> {
  const nzcv = (): bigint => BigInt(state.registers[REG_NZCV]! >>> 0);
  return {
    i32: general(state, 32),
    i64: general(state, 64),
    wrap: (value) => BigInt.asUintN(32, value),
    extend_s: (value) => BigInt.asUintN(64, BigInt.asIntN(32, value)),
    extend_u: (value) => value,
    mulhi_s: (a, b) => BigInt.asUintN(64, (BigInt.asIntN(64, a) * BigInt.asIntN(64, b)) >> 64n),
    mulhi_u: (a, b) => (a * b) >> 64n,
    crc32(accumulator, data, bytes, castagnoli) {
      // Bit by bit, from the lowest; the polynomials have their bits reversed.
      const polynomial = castagnoli ? 0x82f63b78n : 0xedb88320n;
      let crc = accumulator;
      for (let i = 0n; i < 8n * BigInt(bytes); i++) crc = (crc >> 1n) ^ ((crc ^ (data >> i)) & 1n ? polynomial : 0n);
      return crc;
    },
    nzcv,
    setNzcv: (value) => {
      state.registers[REG_NZCV] = Number(value);
    },
    carry: () => (nzcv() >> 29n) & 1n,
    condition: (condition) => (condition >> (nzcv() >> 28n)) & 1n,
  };
}
