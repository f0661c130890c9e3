/** Reciprocal estimates. See the Arm Architecture Reference Manual, FPRecipEstimate, FPRSqrtEstimate and FPRecpX. */

import {
  DZC,
  type FloatEnvironment,
  type Format,
  FPCR_FZ,
  IXC,
  infinity,
  invalid,
  largestFinite,
  maxExponent,
  OFC,
  UFC,
  type Unpacked,
  zero,
} from './format.ts';
import { currentRounding } from './round.ts';

/** RecipEstimate: for 256 … 511, a nine-bit estimate. */
const recipTable = (a: number): number => (Math.floor(524288 / (2 * a + 1)) + 1) >> 1;

/** RecipSqrtEstimate: for 128 … 511. */
function rsqrtTable(a: number): number {
  const x = a < 256 ? 2 * a + 1 : (((a >> 1) << 1) + 1) * 2;
  let b = 512;
  while (x * (b + 1) * (b + 1) < 2 ** 28) b += 1;
  return (b + 1) >> 1;
}

/** The fraction in 52 bits and the exponent field, a denormal number normalised. */
function parts(f: Format, u: Unpacked): { fraction: bigint; exponent: number } {
  let fraction = (u.raw & ((1n << BigInt(f.fraction)) - 1n)) << BigInt(52 - f.fraction);
  let exponent = Number((u.raw >> BigInt(f.fraction)) & BigInt(maxExponent(f)));
  if (exponent === 0) {
    while (fraction >> 51n === 0n) {
      fraction <<= 1n;
      exponent -= 1;
    }
    fraction = (fraction << 1n) & ((1n << 52n) - 1n);
  }
  return { fraction, exponent };
}

export function recipEstimate(environment: FloatEnvironment, f: Format, u: Unpacked): bigint {
  if (u.kind === 'infinity') return zero(f, u.sign);
  if (u.kind === 'zero') {
    environment.fpsr |= DZC;
    return infinity(f, u.sign);
  }
  const { fraction, exponent } = parts(f, u);
  // Below 2^-(bias + 1) the reciprocal overflows.
  if (exponent < -1) {
    environment.fpsr |= OFC | IXC;
    const mode = currentRounding(environment);
    const toInfinity = mode === 'even' || (mode === 'up' && u.sign === 0) || (mode === 'down' && u.sign === 1);
    return toInfinity ? infinity(f, u.sign) : largestFinite(f, u.sign);
  }
  if ((environment.fpcr & FPCR_FZ) !== 0 && exponent >= 2 * f.bias - 1) {
    environment.fpsr |= UFC;
    return zero(f, u.sign);
  }
  let resultExponent = 2 * f.bias - 1 - exponent;
  let result = BigInt(recipTable(Number((1n << 8n) | (fraction >> 44n))) & 0xff) << 44n;
  if (resultExponent === 0) result = (1n << 51n) | (result >> 1n);
  else if (resultExponent === -1) {
    result = (1n << 50n) | (result >> 2n);
    resultExponent = 0;
  }
  return zero(f, u.sign) | (BigInt(resultExponent) << BigInt(f.fraction)) | (result >> BigInt(52 - f.fraction));
}

export function rsqrtEstimate(environment: FloatEnvironment, f: Format, u: Unpacked): bigint {
  if (u.kind === 'zero') {
    environment.fpsr |= DZC;
    return infinity(f, u.sign);
  }
  if (u.sign) return invalid(environment, f);
  if (u.kind === 'infinity') return zero(f, 0);
  const { fraction, exponent } = parts(f, u);
  const scaled = (exponent & 1) === 0 ? (1n << 8n) | (fraction >> 44n) : (1n << 7n) | (fraction >> 45n);
  const resultExponent = Math.trunc((3 * f.bias - 1 - exponent) / 2);
  const estimate = BigInt(rsqrtTable(Number(scaled)) & 0xff);
  return (BigInt(resultExponent) << BigInt(f.fraction)) | (estimate << BigInt(f.fraction - 8));
}

export function recipExponent(_environment: FloatEnvironment, f: Format, u: Unpacked): bigint {
  const exponent = Number((u.raw >> BigInt(f.fraction)) & BigInt(maxExponent(f)));
  const result = exponent === 0 ? maxExponent(f) - 1 : ~exponent & maxExponent(f);
  return zero(f, u.sign) | (BigInt(result) << BigInt(f.fraction));
}

/** URECPE on 32 bits. */
export function unsignedRecip(value: number): number {
  if (value >>> 31 === 0) return 0xffffffff;
  return (recipTable(value >>> 23) << 23) >>> 0;
}

/** URSQRTE on 32 bits. */
export function unsignedRsqrt(value: number): number {
  if (value >>> 30 === 0) return 0xffffffff;
  return (rsqrtTable(value >>> 23) << 23) >>> 0;
}
