/** WebAssembly's vector instructions, by lane width and name. */

import type { LaneBits } from '../../isa/semantics_vector.ts';

// biome-ignore format: a table
export const simd = {
  shuffle: 0xfd0d, swizzle: 0xfd0e, not: 0xfd4d, and: 0xfd4e, andnot: 0xfd4f, or: 0xfd50, xor: 0xfd51, bitselect: 0xfd52, any_true: 0xfd53,
  popcnt8: 0xfd62,
} as const;

export interface LaneOpcodes {
  readonly splat: number;
  /** Sign- and zero-extending where the lane is narrower than its scalar type. */
  readonly extract_s: number;
  readonly extract_u: number;
  readonly replace: number;
  readonly eq: number;
  readonly gt_s: number;
  readonly ge_s: number;
  readonly abs: number;
  readonly neg: number;
  readonly shl: number;
  readonly shr_s: number;
  readonly shr_u: number;
  readonly add: number;
  readonly sub: number;
  /** Only where it exists. */
  readonly mul?: number;
  readonly gt_u?: number;
  readonly ge_u?: number;
  readonly min_s?: number;
  readonly min_u?: number;
  readonly max_s?: number;
  readonly max_u?: number;
  /** From lanes of this width to twice as wide ones: the opcode for the low half, followed by that for the high half. */
  readonly extend_s?: number;
  readonly extend_u?: number;
  readonly extmul_s?: number;
  readonly extmul_u?: number;
}

// biome-ignore format: a table
export const lanes: Readonly<Record<LaneBits, LaneOpcodes>> = {
  8: {
    splat: 0xfd0f, extract_s: 0xfd15, extract_u: 0xfd16, replace: 0xfd17,
    eq: 0xfd23, gt_s: 0xfd27, gt_u: 0xfd28, ge_s: 0xfd2b, ge_u: 0xfd2c,
    abs: 0xfd60, neg: 0xfd61, shl: 0xfd6b, shr_s: 0xfd6c, shr_u: 0xfd6d, add: 0xfd6e, sub: 0xfd71,
    min_s: 0xfd76, min_u: 0xfd77, max_s: 0xfd78, max_u: 0xfd79,
    extend_s: 0xfd87, extend_u: 0xfd89, extmul_s: 0xfd9c, extmul_u: 0xfd9e,
  },
  16: {
    splat: 0xfd10, extract_s: 0xfd18, extract_u: 0xfd19, replace: 0xfd1a,
    eq: 0xfd2d, gt_s: 0xfd31, gt_u: 0xfd32, ge_s: 0xfd35, ge_u: 0xfd36,
    abs: 0xfd80, neg: 0xfd81, shl: 0xfd8b, shr_s: 0xfd8c, shr_u: 0xfd8d, add: 0xfd8e, sub: 0xfd91, mul: 0xfd95,
    min_s: 0xfd96, min_u: 0xfd97, max_s: 0xfd98, max_u: 0xfd99,
    extend_s: 0xfda7, extend_u: 0xfda9, extmul_s: 0xfdbc, extmul_u: 0xfdbe,
  },
  32: {
    splat: 0xfd11, extract_s: 0xfd1b, extract_u: 0xfd1b, replace: 0xfd1c,
    eq: 0xfd37, gt_s: 0xfd3b, gt_u: 0xfd3c, ge_s: 0xfd3f, ge_u: 0xfd40,
    abs: 0xfda0, neg: 0xfda1, shl: 0xfdab, shr_s: 0xfdac, shr_u: 0xfdad, add: 0xfdae, sub: 0xfdb1, mul: 0xfdb5,
    min_s: 0xfdb6, min_u: 0xfdb7, max_s: 0xfdb8, max_u: 0xfdb9,
    extend_s: 0xfdc7, extend_u: 0xfdc9, extmul_s: 0xfddc, extmul_u: 0xfdde,
  },
  64: {
    splat: 0xfd12, extract_s: 0xfd1d, extract_u: 0xfd1d, replace: 0xfd1e,
    eq: 0xfdd6, gt_s: 0xfdd9, ge_s: 0xfddb,
    abs: 0xfdc0, neg: 0xfdc1, shl: 0xfdcb, shr_s: 0xfdcc, shr_u: 0xfdcd, add: 0xfdce, sub: 0xfdd1, mul: 0xfdd5,
  },
};

/** Floating-point vectors. */
// biome-ignore format: a table
export const f32x4 = {
  splat: 0xfd13, extract: 0xfd1f, eq: 0xfd41, ne: 0xfd42, lt: 0xfd43, gt: 0xfd44, demote_f64x2_zero: 0xfd5e,
  all_true: 0xfda3, abs: 0xfde0, add: 0xfde4, sub: 0xfde5, mul: 0xfde6, div: 0xfde7, min: 0xfde8, max: 0xfde9,
} as const;

// biome-ignore format: a table
export const f64x2 = {
  splat: 0xfd14, extract: 0xfd21, replace: 0xfd22, eq: 0xfd47, ne: 0xfd48, lt: 0xfd49, gt: 0xfd4a, promote_low_f32x4: 0xfd5f,
  all_true: 0xfdc3, abs: 0xfdec, add: 0xfdf0, sub: 0xfdf1, mul: 0xfdf2, div: 0xfdf3, min: 0xfdf4, max: 0xfdf5,
} as const;

/** Instructions whose result may depend on the host's processor, by lane width. */
export const relaxed = { madd: { 32: 0xfd0105, 64: 0xfd0107 } } as const;
