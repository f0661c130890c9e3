/** What rows of Advanced SIMD have in common: arrangements in the syntax, vectors of 64 bits, scalars. */

import type { Semantics } from '../semantics.ts';
import type { LaneBits } from '../semantics_vector.ts';
import type { Values } from '../values.ts';
import { BIT } from './immediates.ts';
import { lowBits } from './simd_lanes.ts';

export const SIZES: readonly number[] = [0, 1, 2, 3];
export const UP_TO_S: readonly number[] = [0, 1, 2];
export const H_AND_S: readonly number[] = [1, 2];
export const ONLY_B: readonly number[] = [0];
export const ONLY_D: readonly number[] = [3];

/** Arrangements by size and Q; twice as wide by size; scalars' letters, and twice as wide. */
export const T = '{size.q:8b|16b|4h|8h|2s|4s|1d|2d}';
export const T_LONG = '{size:8h|4s|2d}';
export const LETTER = '{size:b|h|s|d}';
export const LETTER_LONG = '{size:h|s|d}';
export const BYTES = '{q:8b|16b}';

/** Arrangements of lanes of one width, by Q. */
export const arrangement = (bits: LaneBits): string => `{q:${64 / bits}${letter(bits)}|${128 / bits}${letter(bits)}}`;
export const letter = (bits: LaneBits): string => ({ 8: 'b', 16: 'h', 32: 's', 64: 'd' })[bits];

/** 64-bit lanes make no 64-bit vector. */
export const notOneLane = (fields: Readonly<Record<string, number>>): boolean => fields['size'] !== 3 || fields['q'] === 1;

export const vectorBits = (q: number): number => (q ? 128 : 64);
/** Writes a vector of 64 or 128 bits. */
export const setVector = <V extends Values>(s: Semantics<V>, q: number, register: V['vreg'], value: V['v128']): void =>
  s.setV(register, lowBits(s, vectorBits(q), value));

export const sized = (sizes: readonly number[]): { readonly q: readonly number[]; readonly size: readonly number[] } => ({
  q: BIT,
  size: sizes,
});
