/** Exact floating-point arithmetic on bit patterns, for every FPCR. See the Arm Architecture Reference Manual, FPAdd, FPMul, FPMulAdd and so on. */

import type { FloatBinary, FloatBits, FloatRounding, FloatUnary } from '../../isa/semantics_float.ts';
import { recipEstimate, recipExponent, rsqrtEstimate } from './estimate.ts';
import {
  DZC,
  type FloatEnvironment,
  type Format,
  formats,
  IOC,
  IXC,
  infinity,
  invalid,
  isNan,
  processNan,
  processNans,
  signBit,
  type Unpacked,
  unpack,
  zero,
} from './format.ts';
import { bitLength, currentRounding, type Exact, round, roundOrZero, roundToInteger } from './round.ts';

type Env = FloatEnvironment;

const signed = (u: { readonly sign: number; readonly mantissa: bigint }): bigint => (u.sign ? -u.mantissa : u.mantissa);
/** The sign of an exact zero that is a difference. */
const zeroSign = (environment: Env): number => (currentRounding(environment) === 'down' ? 1 : 0);

/** The sum of two finite values, exactly. */
function exactSum(a: Exact, b: Exact): Exact {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (signed(a) << BigInt(a.exponent - exponent)) + (signed(b) << BigInt(b.exponent - exponent));
  return sum < 0n ? { sign: 1, mantissa: -sum, exponent } : { sign: 0, mantissa: sum, exponent };
}

const exactProduct = (a: Unpacked, b: Unpacked): Exact => ({
  sign: a.sign ^ b.sign,
  mantissa: a.mantissa * b.mantissa,
  exponent: a.exponent + b.exponent,
});

function addUnpacked(environment: Env, f: Format, a: Unpacked, b: Unpacked): bigint {
  if (a.kind === 'infinity' || b.kind === 'infinity') {
    if (a.kind === b.kind && a.sign !== b.sign) return invalid(environment, f);
    return infinity(f, a.kind === 'infinity' ? a.sign : b.sign);
  }
  if (a.kind === 'zero' && b.kind === 'zero' && a.sign === b.sign) return zero(f, a.sign);
  return roundOrZero(environment, f, exactSum(a, b), zeroSign(environment));
}

type Binary = (environment: Env, f: Format, a: Unpacked, b: Unpacked) => bigint;

/** Quotient bits beyond the fraction, enough for one rounding with a sticky bit. */
const GUARD = 4;

const divide: Binary = (environment, f, a, b) => {
  const sign = a.sign ^ b.sign;
  if ((a.kind === 'infinity' && b.kind === 'infinity') || (a.kind === 'zero' && b.kind === 'zero')) return invalid(environment, f);
  if (a.kind === 'infinity' || b.kind === 'zero') {
    if (a.kind !== 'infinity') environment.fpsr |= DZC;
    return infinity(f, sign);
  }
  if (a.kind === 'zero' || b.kind === 'infinity') return zero(f, sign);
  const shift = Math.max(0, f.fraction + GUARD + bitLength(b.mantissa) - bitLength(a.mantissa));
  const dividend = a.mantissa << BigInt(shift);
  const mantissa = dividend / b.mantissa;
  return round(environment, f, { sign, mantissa, exponent: a.exponent - b.exponent - shift, sticky: mantissa * b.mantissa !== dividend });
};

const multiply: Binary = (environment, f, a, b) => {
  const sign = a.sign ^ b.sign;
  if ((a.kind === 'infinity' && b.kind === 'zero') || (a.kind === 'zero' && b.kind === 'infinity')) return invalid(environment, f);
  if (a.kind === 'infinity' || b.kind === 'infinity') return infinity(f, sign);
  return roundOrZero(environment, f, exactProduct(a, b), sign);
};

/** As multiply, but infinity times zero is 2. */
const multiplyExtended: Binary = (environment, f, a, b) => {
  if ((a.kind === 'infinity' && b.kind === 'zero') || (a.kind === 'zero' && b.kind === 'infinity')) {
    return zero(f, a.sign ^ b.sign) | (BigInt(f.bias + 1) << BigInt(f.fraction));
  }
  return multiply(environment, f, a, b);
};

/** -1, 0 or 1 for two numbers. */
export function order(a: Unpacked, b: Unpacked): number {
  if (a.kind === 'infinity' || b.kind === 'infinity') {
    const rank = (u: Unpacked): number => (u.kind === 'infinity' ? (u.sign ? -1 : 1) : 0);
    return Math.sign(rank(a) - rank(b));
  }
  const difference = signed(exactSum(a, { ...b, sign: 1 - b.sign }));
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

const extremum =
  (wanted: 1 | -1): Binary =>
  (environment, f, a, b) => {
    const which = order(a, b);
    if (which === 0 && a.kind === 'zero') return zero(f, wanted === 1 ? a.sign & b.sign : a.sign | b.sign);
    const u = which === 0 || which === wanted ? a : b;
    return u.kind === 'finite' ? round(environment, f, u) : u.raw;
  };

const negated = (u: Unpacked, f: Format): Unpacked => ({ ...u, sign: 1 - u.sign, raw: u.raw ^ signBit(f) });

/** FRECPS: 2 - a * b; FRSQRTS: (3 - a * b) / 2; each rounded once. */
const step =
  (constant: bigint, halved: number): Binary =>
  (environment, f, a, b) => {
    const sign = a.sign ^ b.sign;
    if ((a.kind === 'infinity' && b.kind === 'zero') || (a.kind === 'zero' && b.kind === 'infinity')) {
      return round(environment, f, { sign: 0, mantissa: constant, exponent: -halved });
    }
    if (a.kind === 'infinity' || b.kind === 'infinity') return infinity(f, sign);
    const sum = exactSum({ sign: 0, mantissa: constant, exponent: 0 }, exactProduct(a, b));
    return roundOrZero(environment, f, { ...sum, exponent: sum.exponent - halved }, zeroSign(environment));
  };

const binaries: Readonly<Record<FloatBinary, Binary>> = {
  add: addUnpacked,
  sub: (environment, f, a, b) => addUnpacked(environment, f, a, negated(b, f)),
  mul: multiply,
  mulx: multiplyExtended,
  div: divide,
  max: extremum(1),
  min: extremum(-1),
  maxnm: extremum(1),
  minnm: extremum(-1),
  recps: step(2n, 0),
  rsqrts: step(3n, 1),
};

/** Operations on two numbers. */
export function binary(environment: Env, operation: FloatBinary, bits: FloatBits, a: bigint, b: bigint): bigint {
  const f = formats[bits];
  const flip = operation === 'recps' || operation === 'rsqrts';
  let x = unpack(environment, f, flip ? a ^ signBit(f) : a);
  let y = unpack(environment, f, b);
  if (operation === 'maxnm' || operation === 'minnm') {
    // A quiet NaN loses against a number.
    const loser = infinity(f, operation === 'maxnm' ? 1 : 0);
    if (x.kind === 'quiet' && !isNan(y)) x = unpack(environment, f, loser);
    else if (y.kind === 'quiet' && !isNan(x)) y = unpack(environment, f, loser);
  }
  return processNans(environment, f, x, y) ?? binaries[operation](environment, f, x, y);
}

/** addend + a * b, rounded once. */
export function mulAdd(environment: Env, bits: FloatBits, addend: bigint, a: bigint, b: bigint): bigint {
  const f = formats[bits];
  const c = unpack(environment, f, addend);
  const x = unpack(environment, f, a);
  const y = unpack(environment, f, b);
  const undefinedProduct = (x.kind === 'infinity' && y.kind === 'zero') || (x.kind === 'zero' && y.kind === 'infinity');
  const nan = processNans(environment, f, c, x, y);
  if (c.kind === 'quiet' && undefinedProduct) return invalid(environment, f);
  if (nan !== null) return nan;
  const sign = x.sign ^ y.sign;
  const infiniteProduct = x.kind === 'infinity' || y.kind === 'infinity';
  if (undefinedProduct || (c.kind === 'infinity' && infiniteProduct && c.sign !== sign)) return invalid(environment, f);
  if (c.kind === 'infinity' || infiniteProduct) return infinity(f, c.kind === 'infinity' ? c.sign : sign);
  const zeroProduct = x.kind === 'zero' || y.kind === 'zero';
  if (c.kind === 'zero' && zeroProduct && c.sign === sign) return zero(f, sign);
  return roundOrZero(environment, f, exactSum(c, exactProduct(x, y)), zeroSign(environment));
}

function squareRoot(environment: Env, f: Format, u: Unpacked): bigint {
  if (u.kind === 'zero') return zero(f, u.sign);
  if (u.sign) return invalid(environment, f);
  if (u.kind === 'infinity') return infinity(f, 0);
  let shift = 2 * (f.fraction + GUARD);
  if ((u.exponent - shift) % 2 !== 0) shift += 1;
  const radicand = u.mantissa << BigInt(shift);
  const mantissa = integerRoot(radicand);
  return round(environment, f, { sign: 0, mantissa, exponent: (u.exponent - shift) / 2, sticky: mantissa * mantissa !== radicand });
}

/** The largest integer whose square is not above `n`. */
function integerRoot(n: bigint): bigint {
  let x = 1n << BigInt((bitLength(n) + 1) >> 1);
  for (;;) {
    const y = (x + n / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}

const unaries: Readonly<Record<FloatUnary, (environment: Env, f: Format, u: Unpacked) => bigint>> = {
  sqrt: squareRoot,
  recpe: recipEstimate,
  rsqrte: rsqrtEstimate,
  recpx: recipExponent,
};

/** Operations on one number. */
export function unary(environment: Env, operation: FloatUnary, bits: FloatBits, a: bigint): bigint {
  const f = formats[bits];
  const u = unpack(environment, f, a);
  return isNan(u) ? processNan(environment, f, u) : unaries[operation](environment, f, u);
}

/** NZCV in bits 31..28 of a comparison. `signalling`: quiet NaNs are invalid too. */
export function compare(environment: Env, bits: FloatBits, a: bigint, b: bigint, signalling: boolean): number {
  const f = formats[bits];
  const [x, y] = [unpack(environment, f, a), unpack(environment, f, b)];
  if (isNan(x) || isNan(y)) {
    if (signalling || x.kind === 'signalling' || y.kind === 'signalling') environment.fpsr |= IOC;
    return 0x3 << 28;
  }
  return [0x8, 0x6, 0x2][order(x, y) + 1]! << 28;
}

/** FRINT*: to an integral number in the same format. */
export function roundIntegral(environment: Env, bits: FloatBits, mode: FloatRounding | 'current', exact: boolean, a: bigint): bigint {
  const f = formats[bits];
  const u = unpack(environment, f, a);
  if (isNan(u)) return processNan(environment, f, u);
  if (u.kind !== 'finite') return u.raw;
  const rounded = roundToInteger(u, mode === 'current' ? currentRounding(environment) : mode);
  if (exact && !rounded.exact) environment.fpsr |= IXC;
  if (rounded.value === 0n) return zero(f, u.sign);
  return round({ fpcr: 0, fpsr: 0 }, f, { sign: u.sign, mantissa: rounded.value, exponent: 0 });
}
