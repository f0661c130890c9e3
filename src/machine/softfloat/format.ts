/** Floating-point formats, the environment of an operation, and numbers taken apart. See the Arm Architecture Reference Manual, FPUnpack and FPProcessNaN. */

import type { FloatBits } from '../../isa/semantics_float.ts';

/** FPCR controls an operation, FPSR collects its exceptions. */
export interface FloatEnvironment {
  readonly fpcr: number;
  fpsr: number;
}

export const FPCR_AHP: number = 1 << 26;
export const FPCR_DN: number = 1 << 25;
export const FPCR_FZ: number = 1 << 24;

/** Cumulative exception bits of FPSR. */
export const IOC = 1;
export const DZC = 2;
export const OFC = 4;
export const UFC = 8;
export const IXC = 16;
export const IDC = 128;

export interface Format {
  readonly bits: FloatBits;
  /** Bits of the fraction and of the exponent. */
  readonly fraction: number;
  readonly exponent: number;
  readonly bias: number;
}

export const formats: Readonly<Record<FloatBits, Format>> = {
  16: { bits: 16, fraction: 10, exponent: 5, bias: 15 },
  32: { bits: 32, fraction: 23, exponent: 8, bias: 127 },
  64: { bits: 64, fraction: 52, exponent: 11, bias: 1023 },
};

/** A finite number is (-1)^sign * mantissa * 2^exponent. */
export interface Unpacked {
  readonly kind: 'zero' | 'finite' | 'infinity' | 'quiet' | 'signalling';
  readonly sign: number;
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly raw: bigint;
}

export const maxExponent = (f: Format): number => (1 << f.exponent) - 1;
export const signBit = (f: Format): bigint => 1n << BigInt(f.bits - 1);
export const zero = (f: Format, sign: number): bigint => (sign ? signBit(f) : 0n);
export const infinity = (f: Format, sign: number): bigint => zero(f, sign) | (BigInt(maxExponent(f)) << BigInt(f.fraction));
export const defaultNan = (f: Format): bigint => infinity(f, 0) | (1n << BigInt(f.fraction - 1));
export const largestFinite = (f: Format, sign: number): bigint => infinity(f, sign) - 1n;
export const isNan = (u: Unpacked): boolean => u.kind === 'quiet' || u.kind === 'signalling';

/** Take a number apart; a denormal one is flushed where FPCR says so (half precision never is, here). */
export function unpack(environment: FloatEnvironment, f: Format, raw: bigint): Unpacked {
  const sign = Number((raw >> BigInt(f.bits - 1)) & 1n);
  const exponent = Number((raw >> BigInt(f.fraction)) & BigInt(maxExponent(f)));
  const fraction = raw & ((1n << BigInt(f.fraction)) - 1n);
  if (exponent === 0) {
    if (fraction === 0n) return { kind: 'zero', sign, mantissa: 0n, exponent: 0, raw };
    if (f.bits !== 16 && (environment.fpcr & FPCR_FZ) !== 0) {
      environment.fpsr |= IDC;
      return { kind: 'zero', sign, mantissa: 0n, exponent: 0, raw: zero(f, sign) };
    }
    return { kind: 'finite', sign, mantissa: fraction, exponent: 1 - f.bias - f.fraction, raw };
  }
  if (exponent === maxExponent(f) && !(f.bits === 16 && (environment.fpcr & FPCR_AHP) !== 0)) {
    if (fraction === 0n) return { kind: 'infinity', sign, mantissa: 0n, exponent: 0, raw };
    const quiet = (fraction >> BigInt(f.fraction - 1)) & 1n;
    return { kind: quiet ? 'quiet' : 'signalling', sign, mantissa: 0n, exponent: 0, raw };
  }
  return { kind: 'finite', sign, mantissa: fraction | (1n << BigInt(f.fraction)), exponent: exponent - f.bias - f.fraction, raw };
}

/** FPProcessNaN: signalling ones are made quiet and reported; FPCR.DN replaces all by the default NaN. */
export function processNan(environment: FloatEnvironment, f: Format, nan: Unpacked): bigint {
  if (nan.kind === 'signalling') environment.fpsr |= IOC;
  return (environment.fpcr & FPCR_DN) !== 0 ? defaultNan(f) : nan.raw | (1n << BigInt(f.fraction - 1));
}

/** FPProcessNaNs: the first signalling operand, else the first quiet one; null when no operand is a NaN. */
export function processNans(environment: FloatEnvironment, f: Format, ...operands: readonly Unpacked[]): bigint | null {
  const nan = operands.find((u) => u.kind === 'signalling') ?? operands.find((u) => u.kind === 'quiet');
  return nan === undefined ? null : processNan(environment, f, nan);
}

/** An invalid operation: the default NaN. */
export function invalid(environment: FloatEnvironment, f: Format): bigint {
  environment.fpsr |= IOC;
  return defaultNan(f);
}
