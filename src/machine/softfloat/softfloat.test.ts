/** The exact arithmetic against JavaScript's, whose doubles round to nearest, and against cases worked out by hand. */

import { describe, expect, test } from 'vitest';
import type { FloatBits } from '../../isa/semantics_float.ts';
import { binary, compare, mulAdd, roundIntegral, unary } from './arithmetic.ts';
import { convert, fromInteger, toInteger } from './convert.ts';
import { unsignedRecip, unsignedRsqrt } from './estimate.ts';
import { DZC, FPCR_AHP, FPCR_DN, FPCR_FZ, IDC, IOC, IXC, OFC, UFC } from './format.ts';

const view = new DataView(new ArrayBuffer(8));
const bitsOf = (value: number): bigint => {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
};
const singleOf = (value: number): bigint => {
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
};
const numberOf = (pattern: bigint): number => {
  view.setBigUint64(0, pattern);
  return view.getFloat64(0);
};

const UP = 1 << 22;
const DOWN = 2 << 22;
const ZERO = 3 << 22;

/** Result and flags of an operation. */
function run<R>(fpcr: number, operation: (environment: { fpcr: number; fpsr: number }) => R): [R, number] {
  const environment = { fpcr, fpsr: 0 };
  const result = operation(environment);
  return [result, environment.fpsr];
}

let state = 0x12345678;
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}
const CORNERS = [0, -0, 1, -1, 0.1, 1 / 3, 5e-324, -5e-324, 2 ** -1022, 2 ** -1022 - 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, Infinity, -Infinity, 2 ** 53, 2 ** 53 + 2, 1e-160, 1e160]; // biome-ignore format: a table
const operand = (): number => {
  if (random() % 4 === 0) return CORNERS[random() % CORNERS.length]!;
  return numberOf((BigInt(random()) << 32n) | BigInt(random()));
};

describe('doubles agree with JavaScript', () => {
  const cases = Array.from({ length: 3000 }, () => [operand(), operand()] as const);
  const operations = {
    add: (a: number, b: number) => a + b,
    sub: (a: number, b: number) => a - b,
    mul: (a: number, b: number) => a * b,
    div: (a: number, b: number) => a / b,
    max: Math.max,
    min: Math.min,
  };
  test.each(Object.entries(operations))('%s', (name, expected) => {
    for (const [a, b] of cases) {
      const [result] = run(0, (e) => binary(e, name as keyof typeof operations, 64, bitsOf(a), bitsOf(b)));
      expect(numberOf(result), `${a} ${b}`).toBe(expected(a, b));
    }
  });
  test('sqrt, to single and back, to and from integers, rounding', () => {
    for (const [a] of cases) {
      const pattern = bitsOf(a);
      expect(numberOf(run(0, (e) => unary(e, 'sqrt', 64, pattern))[0]), `${a}`).toBe(Math.sqrt(a));
      if (!Number.isNaN(a)) expect(run(0, (e) => convert(e, 64, 32, pattern))[0], `${a}`).toBe(singleOf(a));
      expect(numberOf(run(0, (e) => roundIntegral(e, 64, 'down', false, pattern))[0]), `${a}`).toBe(Math.floor(a));
      const whole = BigInt.asIntN(64, pattern);
      expect(numberOf(run(0, (e) => fromInteger(e, 64, 64, true, pattern, 0))[0])).toBe(Number(whole));
      if (Math.abs(a) < 2 ** 63)
        expect(run(0, (e) => toInteger(e, 64, 64, true, 'zero', pattern, 0))[0]).toBe(BigInt.asUintN(64, BigInt(Math.trunc(a))));
    }
  });
  test('comparison', () => {
    for (const [a, b] of cases) {
      const expected = a < b ? 8 : a > b ? 2 : a === b ? 6 : 3;
      expect(run(0, (e) => compare(e, 64, bitsOf(a), bitsOf(b), false))[0] >>> 28, `${a} ${b}`).toBe(expected);
    }
  });
});

test('a fused multiply-add rounds once', () => {
  const a = 1 + 2 ** -30;
  // a * a - (a * a rounded) is 2^-60, which two roundings lose.
  const [result, flags] = run(0, (e) => mulAdd(e, 64, bitsOf(-(a * a)), bitsOf(a), bitsOf(a)));
  expect([numberOf(result), flags]).toEqual([2 ** -60, 0]);
});

test('rounding modes', () => {
  const third = (fpcr: number, sign: number): number => numberOf(run(fpcr, (e) => binary(e, 'div', 64, bitsOf(sign), bitsOf(3)))[0]);
  const above = numberOf(bitsOf(1 / 3) + 1n);
  expect([third(UP, 1), third(DOWN, 1), third(ZERO, 1)]).toEqual([above, 1 / 3, 1 / 3]);
  expect([third(UP, -1), third(DOWN, -1), third(ZERO, -1)]).toEqual([-1 / 3, -above, -1 / 3]);
  const zero = (fpcr: number): number => numberOf(run(fpcr, (e) => binary(e, 'sub', 64, bitsOf(1), bitsOf(1)))[0]);
  expect([zero(0), zero(DOWN)]).toEqual([0, -0]);
  const integral = (mode: 'even' | 'away', value: number): number =>
    numberOf(run(0, (e) => roundIntegral(e, 64, mode, true, bitsOf(value)))[0]);
  expect([integral('even', 2.5), integral('away', 2.5), integral('even', -0.5), integral('away', -0.5)]).toEqual([2, 3, -0, -1]);
});

test('exceptions', () => {
  const flags = (operation: 'add' | 'mul' | 'div', a: number, b: number, fpcr = 0): number =>
    run(fpcr, (e) => binary(e, operation, 64, bitsOf(a), bitsOf(b)))[1];
  expect(flags('add', 1, 2)).toBe(0);
  expect(flags('add', 1, 2 ** -60)).toBe(IXC);
  expect(flags('div', 1, 0)).toBe(DZC);
  expect(flags('div', 0, 0)).toBe(IOC);
  expect(flags('add', Infinity, -Infinity)).toBe(IOC);
  expect(flags('mul', Number.MAX_VALUE, 2)).toBe(OFC | IXC);
  expect(flags('mul', 5e-324, 0.5)).toBe(UFC | IXC);
  // An exact denormal result does not underflow, unless it is flushed.
  expect(flags('mul', 2 ** -1022, 0.5)).toBe(0);
  expect(flags('mul', 2 ** -1022, 0.5, FPCR_FZ)).toBe(UFC);
  expect(flags('add', 5e-324, 1, FPCR_FZ)).toBe(IDC);
  // Tiny before rounding, although it rounds to the smallest normal number.
  expect(flags('mul', 2 ** -1022, 1 - 2 ** -53)).toBe(UFC | IXC);
});

test('NaNs', () => {
  const quiet = (payload: bigint): bigint => 0x7ff8000000000000n | payload;
  const signalling = (payload: bigint): bigint => 0x7ff0000000000000n | payload;
  const add = (a: bigint, b: bigint, fpcr = 0): [bigint, number] => run(fpcr, (e) => binary(e, 'add', 64, a, b));
  expect(add(quiet(1n), quiet(2n))).toEqual([quiet(1n), 0]);
  expect(add(quiet(1n), signalling(2n))).toEqual([quiet(2n), IOC]);
  expect(add(signalling(1n), signalling(2n))).toEqual([quiet(1n), IOC]);
  expect(add(quiet(1n), 0n, FPCR_DN)).toEqual([quiet(0n), 0]);
  expect(add(bitsOf(Infinity), bitsOf(-Infinity))).toEqual([quiet(0n), IOC]);
  const number = (operation: 'max' | 'maxnm', b: bigint): [bigint, number] => run(0, (e) => binary(e, operation, 64, bitsOf(1), b));
  expect(number('max', quiet(3n))).toEqual([quiet(3n), 0]);
  expect(number('maxnm', quiet(3n))).toEqual([bitsOf(1), 0]);
  expect(number('maxnm', signalling(3n))).toEqual([quiet(3n), IOC]);
  // Infinity times zero beats a quiet addend.
  expect(run(0, (e) => mulAdd(e, 64, quiet(5n), bitsOf(Infinity), 0n))).toEqual([quiet(0n), IOC]);
  expect(run(0, (e) => convert(e, 64, 32, quiet(0x123456789n << 12n)))).toEqual([0x7fc00000n | ((0x123456789n << 12n) >> 29n), 0]);
});

test('integers saturate', () => {
  const to = (value: number, width: number, signed: boolean): [bigint, number] =>
    run(0, (e) => toInteger(e, 64, width, signed, 'zero', bitsOf(value), 0));
  expect(to(1e10, 32, true)).toEqual([0x7fffffffn, IOC]);
  expect(to(-1e10, 32, true)).toEqual([0x80000000n, IOC]);
  expect(to(-1, 64, false)).toEqual([0n, IOC]);
  expect(to(-0.5, 64, false)).toEqual([0n, IXC]);
  expect(to(Number.NaN, 64, true)).toEqual([0n, IOC]);
  expect(run(0, (e) => toInteger(e, 64, 32, true, 'zero', bitsOf(1.5), 8))).toEqual([384n, 0]);
  expect(run(0, (e) => fromInteger(e, 64, 32, true, 384n, 8))).toEqual([bitsOf(1.5), 0]);
});

test('half precision', () => {
  const half = (value: number, fpcr = 0): [bigint, number] => run(fpcr, (e) => convert(e, 64, 16, bitsOf(value)));
  expect(half(1)).toEqual([0x3c00n, 0]);
  expect(half(65504)).toEqual([0x7bffn, 0]);
  expect(half(65520)).toEqual([0x7c00n, OFC | IXC]);
  expect(half(2 ** -24)).toEqual([1n, 0]);
  expect(half(2 ** -25)).toEqual([0n, UFC | IXC]);
  // The alternative format has no infinity.
  expect(half(65536, FPCR_AHP)).toEqual([0x7c00n, 0]);
  expect(half(Infinity, FPCR_AHP)).toEqual([0x7fffn, IOC]);
  for (let pattern = 0n; pattern < 0x10000n; pattern += 7n) {
    const nan = (pattern & 0x7fffn) > 0x7c00n;
    const [wide] = run(0, (e) => convert(e, 16, 32, pattern));
    expect(run(0, (e) => convert(e, 32, 16, wide))[0]).toBe(nan ? pattern | 0x200n : pattern);
  }
});

test('estimates are right to eight bits', () => {
  for (const bits of [32, 64] as const satisfies readonly FloatBits[]) {
    const of = bits === 32 ? singleOf : bitsOf;
    for (let value = 1; value < 4; value += 0.0078125) {
      const back = (pattern: bigint): number => numberOf(bits === 64 ? pattern : run(0, (e) => convert(e, 32, 64, pattern))[0]);
      expect(Math.abs(back(run(0, (e) => unary(e, 'recpe', bits, of(value)))[0]) * value - 1)).toBeLessThan(2 ** -8);
      expect(Math.abs(back(run(0, (e) => unary(e, 'rsqrte', bits, of(value)))[0]) * Math.sqrt(value) - 1)).toBeLessThan(2 ** -8);
    }
  }
  expect([unsignedRecip(0), unsignedRecip(0x80000000), unsignedRsqrt(0x40000000)]).toEqual([0xffffffff, 0xff800000, 0xff800000]);
});
