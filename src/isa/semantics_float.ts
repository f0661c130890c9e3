/** Floating-point arithmetic and the scalar views of the SIMD and floating-point registers, as definitions see them. */

import type { Values } from './values.ts';

export type FloatBits = 16 | 32 | 64;
export type FloatLaneBits = 32 | 64;
/** To nearest even, to nearest with ties away from zero, towards plus and minus infinity, towards zero, to odd (von Neumann). */
export type FloatRounding = 'even' | 'away' | 'up' | 'down' | 'zero' | 'odd';
export type FloatBinary = 'add' | 'sub' | 'mul' | 'mulx' | 'div' | 'max' | 'min' | 'maxnm' | 'minnm' | 'recps' | 'rsqrts';
export type FloatUnary = 'sqrt' | 'recpe' | 'rsqrte' | 'recpx';
export type FloatRelation = 'eq' | 'ge' | 'gt';

/**
 * Arithmetic as FPCR says, with exceptions collected in FPSR. Numbers are bit patterns in the low bits of an i64, the rest of it
 * clear; so are results. 'current' is the rounding mode of FPCR.
 */
export interface Float<T extends Values> {
  binary(operation: FloatBinary, bits: FloatBits, a: T['i64'], b: T['i64']): T['i64'];
  unary(operation: FloatUnary, bits: FloatBits, a: T['i64']): T['i64'];
  /** addend + a * b, rounded once. */
  mulAdd(bits: FloatBits, addend: T['i64'], a: T['i64'], b: T['i64']): T['i64'];
  /** The same on every lane. */
  binaryLanes(operation: FloatBinary, bits: FloatLaneBits, a: T['v128'], b: T['v128']): T['v128'];
  mulAddLanes(bits: FloatLaneBits, addend: T['v128'], a: T['v128'], b: T['v128']): T['v128'];
  /** NZCV in bits 31..28; `signalling` reports quiet NaNs too. */
  compare(bits: FloatBits, signalling: number, a: T['i64'], b: T['i64']): T['i32'];
  /** 1 when the relation holds; 'eq' reports signalling NaNs only, the others all. */
  test(relation: FloatRelation, bits: FloatBits, a: T['i64'], b: T['i64']): T['i32'];
  /** To an integral number; `exact` reports inexact results. */
  roundIntegral(bits: FloatBits, mode: FloatRounding | 'current', exact: number, a: T['i64']): T['i64'];
  convert(from: FloatBits, to: FloatBits, mode: 'odd' | 'current', a: T['i64']): T['i64'];
  /** A saturated integer of `width` bits, zero-extended, with `fraction` fraction bits. */
  toInteger(from: FloatBits, width: number, signed: number, mode: FloatRounding | 'current', a: T['i64'], fraction: T['i32']): T['i64'];
  /** From the low `width` bits of `a`, which has `fraction` fraction bits. */
  fromInteger(to: FloatBits, width: number, signed: number, a: T['i64'], fraction: T['i32']): T['i64'];
  /** URECPE and URSQRTE. */
  unsignedEstimate(root: number, a: T['i64']): T['i64'];
}

export interface FloatSemantics<T extends Values> {
  readonly float: Float<T>;
  /** The low 32 or 64 bits of a register, as a bit pattern. */
  vectorLow32(register: T['vreg']): T['i32'];
  vectorLow64(register: T['vreg']): T['i64'];
  /** Write the low bits and clear the rest of the register. */
  setVectorLow32(register: T['vreg'], value: T['i32']): void;
  setVectorLow64(register: T['vreg'], value: T['i64']): void;
}
