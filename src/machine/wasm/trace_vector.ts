/** Tracing of Advanced SIMD. */

import type { LaneBits, Vector, VectorSemantics } from '../../isa/semantics_vector.ts';
import { type Ir, type Node, VECTOR } from './ir.ts';
import { I32, I64, i32, i64, V128, V128_LOAD, V128_STORE } from './opcodes.ts';
import { type LaneOpcodes, lanes, simd } from './simd_opcodes.ts';
import type { TraceValues } from './trace.ts';
import { placeOf } from './trace_integer.ts';

const SIGN_BITS = 0x80000000000000008000000000000000n;
const EVEN_BYTES = Array.from({ length: 16 }, (_, byte) => 2 * byte);

export function traceVector(ir: Ir): VectorSemantics<TraceValues> {
  return {
    v128: vector(ir),
    v: (register) => ir.loadState(VECTOR, V128, V128_LOAD, placeOf(register)),
    setV: (register, value) => ir.storeState(VECTOR, V128_STORE, placeOf(register), value),
  };
}

type Name = keyof LaneOpcodes;

function vector(ir: Ir): Vector<TraceValues> {
  const pure = (opcode: number, ...args: Node[]): Node => ir.pure(V128, opcode, args);
  const unary = (name: Name) => (bits: LaneBits, a: Node) => pure(lanes[bits][name]!, a);
  const binary = (name: Name) => (bits: LaneBits, a: Node, b: Node) => pure(lanes[bits][name]!, a, b);
  /** `otherwise` is for the widths that lack the instruction. */
  const partial = (name: Name, otherwise: (a: Node, b: Node) => Node) => (bits: LaneBits, a: Node, b: Node) => {
    const opcode = lanes[bits][name];
    return opcode === undefined ? otherwise(a, b) : pure(opcode, a, b);
  };
  const select = (mask: Node, a: Node, b: Node): Node => pure(simd.bitselect, a, b, mask);
  const biased = (a: Node): Node => pure(simd.xor, a, ir.const(V128, SIGN_BITS));
  const gt_s = binary('gt_s');
  const gt_u = partial('gt_u', (a, b) => gt_s(64, biased(a), biased(b)));
  const shuffle = (bytes: readonly number[], a: Node, b: Node): Node => ir.pure(V128, simd.shuffle, [a, b], bytes);
  const half = (name: Name) => (bits: LaneBits, high: number, a: Node, b?: Node) => pure(lanes[bits][name]! + high, ...(b ? [a, b] : [a]));
  const mulLong_u = half('extmul_u');
  const scalar = (bits: LaneBits, value: Node): Node => {
    if (bits === 64) return value;
    const { body } = value;
    const extended = body.kind === 'pure' && (body.opcode === i64.extend_i32_u || body.opcode === i64.extend_i32_s);
    return extended ? value.args[0]! : ir.pure(I32, i32.wrap_i64, [value]);
  };
  const extract = (name: 'extract_s' | 'extract_u', extend: number) => (bits: LaneBits, a: Node, lane: number) => {
    const value = ir.pure(bits === 64 ? I64 : I32, lanes[bits][name], [a], [lane]);
    return bits === 64 ? value : ir.pure(I64, extend, [value]);
  };
  return {
    const: (value) => ir.const(V128, value),
    and: (a, b) => pure(simd.and, a, b),
    or: (a, b) => pure(simd.or, a, b),
    xor: (a, b) => pure(simd.xor, a, b),
    not: (a) => pure(simd.not, a),
    andnot: (a, b) => pure(simd.andnot, a, b),
    select,
    anyTrue: (a) => ir.pure(I32, simd.any_true, [a]),
    add: binary('add'),
    sub: binary('sub'),
    mul: partial('mul', (a, b) => shuffle(EVEN_BYTES, mulLong_u(8, 0, a, b), mulLong_u(8, 1, a, b))),
    neg: unary('neg'),
    abs: unary('abs'),
    min_s: partial('min_s', (a, b) => select(gt_s(64, a, b), b, a)),
    min_u: partial('min_u', (a, b) => select(gt_u(64, a, b), b, a)),
    max_s: partial('max_s', (a, b) => select(gt_s(64, a, b), a, b)),
    max_u: partial('max_u', (a, b) => select(gt_u(64, a, b), a, b)),
    eq: binary('eq'),
    gt_s,
    gt_u,
    ge_s: binary('ge_s'),
    ge_u: partial('ge_u', (a, b) => pure(lanes[64].ge_s, biased(a), biased(b))),
    shl: binary('shl'),
    shr_s: binary('shr_s'),
    shr_u: binary('shr_u'),
    popcnt: (a) => pure(simd.popcnt8, a),
    extend_s: half('extend_s'),
    extend_u: half('extend_u'),
    mulLong_s: half('extmul_s'),
    mulLong_u,
    shuffle,
    swizzle: (a, indices) => pure(simd.swizzle, a, indices),
    splat: (bits, value) => pure(lanes[bits].splat, scalar(bits, value)),
    extract_s: extract('extract_s', i64.extend_i32_s),
    extract_u: extract('extract_u', i64.extend_i32_u),
    replace: (bits, a, lane, value) => ir.pure(V128, lanes[bits].replace, [a, scalar(bits, value)], [lane]),
  };
}
