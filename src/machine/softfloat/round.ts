/** Rounding of exact results. See the Arm Architecture Reference Manual, FPRound. */

import type { FloatRounding } from '../../isa/semantics_float.ts';
import {
  type FloatEnvironment,
  type Format,
  FPCR_AHP,
  FPCR_FZ,
  IOC,
  IXC,
  infinity,
  largestFinite,
  maxExponent,
  OFC,
  signBit,
  UFC,
  zero,
} from './format.ts';

/** FPCR.RMode's values in order. */
const MODES: readonly FloatRounding[] = ['even', 'up', 'down', 'zero'];

export const currentRounding = (environment: FloatEnvironment): FloatRounding => MODES[(environment.fpcr >>> 22) & 3]!;

export const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

/** An exact value: (-1)^sign * mantissa * 2^exponent, and a little more in magnitude if `sticky`. */
export interface Exact {
  readonly sign: number;
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly sticky?: boolean;
}

/** The integer nearest to mantissa * 2^exponent in the rounding mode, and whether it is exact. */
export function roundToInteger(
  { sign, mantissa, exponent, sticky = false }: Exact,
  mode: FloatRounding,
): { value: bigint; exact: boolean } {
  if (exponent >= 0) return { value: mantissa << BigInt(exponent), exact: !sticky };
  const shift = BigInt(-exponent);
  const value = mantissa >> shift;
  const rest = mantissa - (value << shift);
  const exact = rest === 0n && !sticky;
  return { value: exact || !roundsUp(mode, sign, value, rest, 1n << (shift - 1n), sticky) ? value : value + 1n, exact };
}

/** Whether the magnitude grows: `rest` is what was cut off, `half` half a unit. */
function roundsUp(mode: FloatRounding, sign: number, value: bigint, rest: bigint, half: bigint, sticky: boolean): boolean {
  switch (mode) {
    case 'even':
      return rest > half || (rest === half && (sticky || (value & 1n) === 1n));
    case 'away':
      return rest >= half;
    case 'up':
      return sign === 0;
    case 'down':
      return sign === 1;
    case 'odd':
      return (value & 1n) === 0n;
    default:
      return false;
  }
}

/** The number in format `f` for an exact value that is not zero. */
export function round(environment: FloatEnvironment, f: Format, exact: Exact, mode: FloatRounding = currentRounding(environment)): bigint {
  const { sign, mantissa } = exact;
  const smallest = 1 - f.bias;
  const leading = bitLength(mantissa) + exact.exponent - 1;
  if (f.bits !== 16 && (environment.fpcr & FPCR_FZ) !== 0 && leading < smallest) {
    environment.fpsr |= UFC;
    return zero(f, sign);
  }
  const exponent = Math.max(leading, smallest);
  const rounded = roundToInteger({ ...exact, exponent: exact.exponent - exponent + f.fraction }, mode);
  if (leading < smallest && !rounded.exact) environment.fpsr |= UFC;
  // A carry out of the fraction makes the exponent one larger by itself; a denormal number has the exponent field 0.
  const biased = BigInt(exponent + f.bias - 1) << BigInt(f.fraction);
  const magnitude = biased + rounded.value;
  return finish(environment, f, sign, magnitude, rounded.exact, mode);
}

function finish(environment: FloatEnvironment, f: Format, sign: number, magnitude: bigint, exact: boolean, mode: FloatRounding): bigint {
  const alternative = f.bits === 16 && (environment.fpcr & FPCR_AHP) !== 0;
  if (alternative) {
    if (magnitude >= signBit(f)) {
      environment.fpsr |= IOC;
      return zero(f, sign) | (signBit(f) - 1n);
    }
  } else if (magnitude >> BigInt(f.fraction) >= BigInt(maxExponent(f))) {
    environment.fpsr |= OFC | IXC;
    const toInfinity = mode === 'even' || mode === 'away' || (mode === 'up' && sign === 0) || (mode === 'down' && sign === 1);
    return toInfinity ? infinity(f, sign) : largestFinite(f, sign);
  }
  if (!exact) environment.fpsr |= IXC;
  return zero(f, sign) | magnitude;
}

/** Round, where an exact zero has the sign `zeroSign`. */
export const roundOrZero = (environment: FloatEnvironment, f: Format, exact: Exact, zeroSign: number): bigint =>
  exact.mantissa === 0n ? zero(f, zeroSign) : round(environment, f, exact);
