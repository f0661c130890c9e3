/** Conversions between floating-point formats, and to and from integers and fixed point. See the Arm Architecture Reference Manual, FPConvert, FPToFixed, FixedToFP. */

import type { FloatBits, FloatRounding } from '../../isa/semantics_float.ts';
import { defaultNan, type FloatEnvironment, FPCR_AHP, FPCR_DN, formats, IOC, IXC, infinity, isNan, unpack, zero } from './format.ts';
import { currentRounding, round, roundToInteger } from './round.ts';

const mask = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

/** FCVT; `mode` 'odd' is FCVTXN's. */
export function convert(
  environment: FloatEnvironment,
  from: FloatBits,
  to: FloatBits,
  a: bigint,
  mode: FloatRounding | 'current' = 'current',
): bigint {
  const [source, target] = [formats[from], formats[to]];
  const u = unpack(environment, source, a);
  const alternative = to === 16 && (environment.fpcr & FPCR_AHP) !== 0;
  if (isNan(u)) {
    if (u.kind === 'signalling' || alternative) environment.fpsr |= IOC;
    if (alternative) return zero(target, u.sign);
    if ((environment.fpcr & FPCR_DN) !== 0) return defaultNan(target);
    // The upper bits of the payload are kept.
    const payload = u.raw & mask(source.fraction - 1);
    const moved =
      target.fraction >= source.fraction
        ? payload << BigInt(target.fraction - source.fraction)
        : payload >> BigInt(source.fraction - target.fraction);
    return zero(target, u.sign) | defaultNan(target) | moved;
  }
  if (u.kind === 'zero') return zero(target, u.sign);
  if (u.kind === 'infinity') {
    if (!alternative) return infinity(target, u.sign);
    environment.fpsr |= IOC;
    return zero(target, u.sign) | mask(15);
  }
  return round(environment, target, u, mode === 'current' ? currentRounding(environment) : mode);
}

/** To an integer of `width` bits with `fraction` fraction bits; saturates. */
export function toInteger(
  environment: FloatEnvironment,
  from: FloatBits,
  width: number,
  isSigned: boolean,
  mode: FloatRounding | 'current',
  a: bigint,
  fraction: number,
): bigint {
  const u = unpack(environment, formats[from], a);
  const [low, high] = isSigned ? [-(1n << BigInt(width - 1)), mask(width - 1)] : [0n, mask(width)];
  if (isNan(u)) {
    environment.fpsr |= IOC;
    return 0n;
  }
  if (u.kind === 'zero') return 0n;
  if (u.kind === 'infinity') {
    environment.fpsr |= IOC;
    return BigInt.asUintN(width, u.sign ? low : high);
  }
  const { value, exact } = roundToInteger(
    { ...u, exponent: u.exponent + fraction },
    mode === 'current' ? currentRounding(environment) : mode,
  );
  const result = u.sign ? -value : value;
  if (result < low || result > high) {
    environment.fpsr |= IOC;
    return BigInt.asUintN(width, result < low ? low : high);
  }
  if (!exact) environment.fpsr |= IXC;
  return BigInt.asUintN(width, result);
}

/** From an integer of `width` bits with `fraction` fraction bits. */
export function fromInteger(
  environment: FloatEnvironment,
  to: FloatBits,
  width: number,
  isSigned: boolean,
  a: bigint,
  fraction: number,
): bigint {
  const value = isSigned ? BigInt.asIntN(width, a) : BigInt.asUintN(width, a);
  if (value === 0n) return 0n;
  const sign = value < 0n ? 1 : 0;
  return round(environment, formats[to], { sign, mantissa: sign ? -value : value, exponent: -fraction });
}
