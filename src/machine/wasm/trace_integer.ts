/** Tracing of integer arithmetic, general registers and flags. */

import type { General, Integer, IntegerSemantics } from '../../isa/semantics_integer.ts';
import { AT_NZCV, AT_SP } from '../layout.ts';
import { crc32Helper } from './crc32.ts';
import { type FlagRule, GENERAL, type Ir, type Node, type Place, SYSTEM } from './ir.ts';
import { I32, I32_LOAD, I32_STORE, I64, I64_LOAD, I64_STORE, i32, i64, SELECT, type ValueType } from './opcodes.ts';
import type { TraceValues } from './trace.ts';

/** The instructions that both integer types have. */
function integer(ir: Ir, type: ValueType): Integer<TraceValues, Node> {
  const names = type === I32 ? i32 : i64;
  const unary =
    (opcode: number) =>
    (a: Node): Node =>
      ir.pure(type, opcode, [a]);
  const binary =
    (opcode: number) =>
    (a: Node, b: Node): Node =>
      ir.pure(type, opcode, [a, b]);
  const test =
    (opcode: number) =>
    (a: Node, b: Node): Node =>
      ir.pure(I32, opcode, [a, b]);
  const constant = (value: number | bigint): Node => ir.const(type, value);
  const select = (condition: Node, a: Node, b: Node): Node => ir.pure(type, SELECT, [a, b, condition]);
  const eqz = (a: Node): Node => ir.pure(I32, names.eqz, [a]);
  const eq = test(names.eq);
  const and = binary(names.and);
  // WebAssembly traps on division by zero and on overflow: divide by one instead, which gives the right result for the latter.
  const div_s = (a: Node, b: Node): Node => {
    const lowest = constant(type === I32 ? -0x80000000 : -0x8000000000000000n);
    const overflow = ir.pure(I32, i32.and, [eq(a, lowest), eq(b, constant(-1))]);
    const safe = select(ir.pure(I32, i32.or, [overflow, eqz(b)]), constant(1), b);
    return select(eqz(b), constant(0), ir.pure(type, names.div_s, [a, safe]));
  };
  const div_u = (a: Node, b: Node): Node => {
    const safe = select(eqz(b), constant(1), b);
    return select(eqz(b), constant(0), ir.pure(type, names.div_u, [a, safe]));
  };
  return {
    bits: type === I32 ? 32 : 64,
    const: constant,
    add: binary(names.add),
    sub: binary(names.sub),
    mul: binary(names.mul),
    div_s,
    div_u,
    and,
    or: binary(names.or),
    xor: binary(names.xor),
    shl: binary(names.shl),
    shr_s: binary(names.shr_s),
    shr_u: binary(names.shr_u),
    rotr: binary(names.rotr),
    clz: unary(names.clz),
    ctz: unary(names.ctz),
    popcnt: unary(names.popcnt),
    extend8_s: unary(names.extend8_s),
    extend16_s: unary(names.extend16_s),
    eqz,
    eq,
    ne: test(names.ne),
    lt_s: test(names.lt_s),
    lt_u: test(names.lt_u),
    gt_s: test(names.gt_s),
    gt_u: test(names.gt_u),
    le_s: test(names.le_s),
    le_u: test(names.le_u),
    ge_s: test(names.ge_s),
    ge_u: test(names.ge_u),
    select,
  };
}

export function traceInteger(ir: Ir, symbolic: boolean): IntegerSemantics<TraceValues> {
  const narrow = integer(ir, I32);
  const wide = integer(ir, I64);
  const wrap = (value: Node): Node => ir.pure(I32, i32.wrap_i64, [value]);
  const extend_u = (value: Node): Node => ir.pure(I64, i64.extend_i32_u, [value]);
  const k = narrow.const;

  /** N and Z of a result, C (0 or 1) and V (the sign bit of `overflow`) where they are. */
  const flags = <V extends Node>(r: Integer<TraceValues, V>, result: V, carry?: Node, overflow?: V): Node => {
    const sign = r.bits === 32 ? (result as Node) : wrap(wide.shr_u(result, wide.const(32)));
    let nzcv = narrow.or(narrow.and(sign, k(0x80000000 | 0)), narrow.shl(r.eqz(result), k(30)));
    if (carry) nzcv = narrow.or(nzcv, narrow.shl(carry, k(29)));
    if (overflow) {
      const bit = r.bits === 32 ? narrow.shr_u(overflow, k(3)) : wrap(wide.shr_u(overflow, wide.const(35)));
      nzcv = narrow.or(nzcv, narrow.and(bit, k(0x10000000)));
    }
    return nzcv;
  };
  const follow = (name: FlagRule['name'], bits: number, operands: readonly Node[], computed: Node): Node =>
    symbolic ? ir.add(I32, [computed], 0, 0, { kind: 'flags', rule: { name, bits }, operands }) : computed;
  const flagged = (
    r: Integer<TraceValues, Node>,
  ): Pick<General<TraceValues, Node>, 'addFlags' | 'subFlags' | 'addCarryFlags' | 'logicFlags'> => ({
    addFlags(a, b) {
      const sum = r.add(a, b);
      return follow('add', r.bits, [a, b], flags(r, sum, r.lt_u(sum, a), r.and(r.xor(a, sum), r.xor(b, sum))));
    },
    subFlags(a, b) {
      const difference = r.sub(a, b);
      return follow('sub', r.bits, [a, b], flags(r, difference, r.ge_u(a, b), r.and(r.xor(a, b), r.xor(a, difference))));
    },
    addCarryFlags(a, b, carry) {
      const partial = r.add(a, b);
      const sum = r.add(partial, r.bits === 32 ? carry : extend_u(carry));
      const carryOut = narrow.or(r.lt_u(partial, a), r.lt_u(sum, partial));
      return flags(r, sum, carryOut, r.and(r.xor(a, sum), r.xor(b, sum)));
    },
    logicFlags: (result) => follow('logic', r.bits, [result], flags(r, result)),
  });

  const mulhi_u = (a: Node, b: Node): Node => {
    const low = (v: Node): Node => wide.and(v, wide.const(0xffffffff));
    const high = (v: Node): Node => wide.shr_u(v, wide.const(32));
    const middle = wide.add(wide.mul(high(a), low(b)), high(wide.mul(low(a), low(b))));
    const other = wide.add(wide.mul(low(a), high(b)), low(middle));
    return wide.add(wide.add(wide.mul(high(a), high(b)), high(middle)), high(other));
  };
  const signMask = (v: Node): Node => wide.shr_s(v, wide.const(63));
  const fixed = (offset: number): { slot: undefined; offset: number } => ({ slot: undefined, offset });
  const nzcv = (): Node => ir.loadState(SYSTEM, I32, I32_LOAD, fixed(AT_NZCV));

  return {
    i32: {
      ...narrow,
      ...flagged(narrow),
      get: (register) => ir.loadState(GENERAL, I32, I32_LOAD, placeOf(register)),
      set: (register, value) => ir.storeState(GENERAL, I64_STORE, placeOf(register), extend_u(value)),
      fromI64: wrap,
      toI64: extend_u,
      fromI32: (value) => value,
    },
    i64: {
      ...wide,
      ...flagged(wide),
      get: (register) => ir.loadState(GENERAL, I64, I64_LOAD, placeOf(register)),
      set: (register, value) => ir.storeState(GENERAL, I64_STORE, placeOf(register), value),
      fromI64: (value) => value,
      toI64: (value) => value,
      fromI32: extend_u,
    },
    wrap,
    extend_s: (value) => ir.pure(I64, i64.extend_i32_s, [value]),
    extend_u,
    mulhi_u,
    mulhi_s: (a, b) => wide.sub(wide.sub(mulhi_u(a, b), wide.and(signMask(a), b)), wide.and(signMask(b), a)),
    crc32: (accumulator, data, bytes, castagnoli) => ir.call(crc32Helper(bytes, castagnoli), [accumulator, data]),
    nzcv,
    setNzcv(value) {
      const [chosen, otherwise, condition] = value.args;
      if (value.body.kind === 'flags') ir.effect(SYSTEM, value.body.operands, { kind: 'setFlags', rule: value.body.rule });
      else if (chosen?.body.kind === 'flags' && condition?.body.kind === 'condition')
        ir.effect(SYSTEM, [condition, otherwise!, ...chosen.body.operands], { kind: 'setFlagsIf', rule: chosen.body.rule });
      else if (symbolic && isComparison(value)) ir.setFlagsBy(value.args[0]!);
      else ir.storeState(SYSTEM, I32_STORE, fixed(AT_NZCV), value);
    },
    carry: () => (symbolic ? ir.add(I32, [], SYSTEM, 0, { kind: 'carry' }) : narrow.and(narrow.shr_u(nzcv(), k(29)), k(1))),
    condition: (condition) =>
      symbolic
        ? ir.add(I32, [condition], SYSTEM, 0, { kind: 'condition' })
        : narrow.and(narrow.shr_u(condition, narrow.shr_u(nzcv(), k(28))), k(1)),
  };
}

/** Where a register operand is; SIMD views add an offset. */
export const placeOf = (register: TraceValues['reg'], offset = 0): Place =>
  register.base === 'sp' ? { slot: undefined, offset: AT_SP + offset } : { slot: register.slot, offset };

/** The low word of what a comparison of numbers yields. */
function isComparison({ body, args }: Node): boolean {
  const call = args[0]?.body;
  return body.kind === 'pure' && body.opcode === i32.wrap_i64 && call?.kind === 'call' && call.helper.inline?.compares !== undefined;
}
