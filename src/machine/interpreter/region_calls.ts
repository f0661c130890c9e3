/**
 * Functions of the interpreter's module that translated code calls: going on at another address, nested calls, and the flags that it
 * has left as a rule and operands. See machine/jit.
 */

import { AT_ASID, AT_FLAG_A, AT_FLAG_B, AT_FLAG_RULE, AT_FUEL, AT_NZCV, AT_REGION_TLB, AT_TARGET, REGION_TLB_ENTRIES } from '../layout.ts';
import { FunctionBuilder } from '../wasm/function.ts';
import type { FlagRule } from '../wasm/ir.ts';
import { I32, I32_LOAD, I32_STORE, I64, I64_LOAD, I64_STORE, i32, i64, RETURN_CALL_INDIRECT, SELECT } from '../wasm/opcodes.ts';

/** What translated code returns; AT_TARGET is where to go on. */
export const RETURNED = 0; // only of `call`: the guest has come back
export const GO_ON = 1;
export const STEP = 2; // the instruction is for the interpreter
export const EXHAUSTED = 3; // no fuel is left

/** Guest calls that are calls of WebAssembly functions too; beyond, the stack is unwound. A region gets their number as its argument. */
export const MAX_DEPTH = 100;

/** The table of translated regions among the tables of the interpreter's module. */
export const REGION_TABLE = 0;

const RULES: readonly FlagRule['name'][] = ['add', 'sub', 'logic'];

/** What AT_FLAG_RULE says of a rule. */
export const ruleNumber = ({ name, bits }: FlagRule): number => 1 + RULES.indexOf(name) + (bits === 64 ? 4 : 0);

/** Leaves the byte offset in the look-up of the address in a local. */
export function regionSlot(f: FunctionBuilder, target: number): FunctionBuilder {
  return f
    .get(target)
    .op(i32.wrap_i64)
    .i32Const(2)
    .op(i32.shl)
    .i32Const((REGION_TLB_ENTRIES - 1) << 4)
    .op(i32.and);
}

/** Leaves 1 when the entry at `slot` is that of the address in a local and of the running address space. */
export function isRegionEntry(f: FunctionBuilder, slot: number, target: number): FunctionBuilder {
  f.get(slot).memory(I64_LOAD, AT_REGION_TLB).get(target).op(i64.eq);
  f.get(slot)
    .memory(I32_LOAD, AT_REGION_TLB + 12)
    .i32Const(0)
    .memory(I32_LOAD, AT_ASID)
    .op(i32.eq);
  return f.op(i32.and);
}

const store32 = (f: FunctionBuilder, at: number, value: number): FunctionBuilder => f.i32Const(0).i32Const(value).memory(I32_STORE, at);

/** (target, depth) → status: runs the region that begins there, if there is one. */
export function goOnFunction(signature: number): FunctionBuilder {
  const f = new FunctionBuilder([I64, I32], [I32]);
  const slot = f.local(I32);
  regionSlot(f, 0).set(slot);
  isRegionEntry(f, slot, 0);
  f.i32Const(0).memory(I32_LOAD, AT_FUEL).i32Const(0).op(i32.ge_s).op(i32.and).if();
  f.get(1)
    .get(slot)
    .memory(I32_LOAD, AT_REGION_TLB + 8)
    .op(RETURN_CALL_INDIRECT)
    .u32(signature)
    .u8(REGION_TABLE);
  f.end();
  f.i32Const(0).get(0).memory(I64_STORE, AT_TARGET);
  f.i32Const(EXHAUSTED).i32Const(GO_ON).i32Const(0).memory(I32_LOAD, AT_FUEL).i32Const(0).op(i32.lt_s).u8(SELECT);
  return f;
}

/** (target, return address, depth) → status: RETURNED when the guest has come back to the return address with fuel left. */
export function callFunction(goOn: number): FunctionBuilder {
  const f = new FunctionBuilder([I64, I64, I32], [I32]);
  const status = f.local(I32);
  f.get(2).i32Const(MAX_DEPTH).op(i32.gt_u).if();
  f.i32Const(0).get(0).memory(I64_STORE, AT_TARGET).i32Const(GO_ON).return().end();
  f.get(0).get(2).i32Const(1).op(i32.add).call(goOn).tee(status).i32Const(GO_ON).op(i32.ne);
  f.i32Const(0).memory(I64_LOAD, AT_TARGET).get(1).op(i64.ne).op(i32.or).if();
  f.get(status).return().end();
  f.i32Const(EXHAUSTED).i32Const(RETURNED).i32Const(0).memory(I32_LOAD, AT_FUEL).i32Const(0).op(i32.lt_s).u8(SELECT);
  return f;
}

/** (rule number, a, b) → NZCV in bits 31..28. */
export function computeFlagsFunction(): FunctionBuilder {
  const f = new FunctionBuilder([I32, I64, I64], [I32]);
  const [rule, a, b] = [0, 1, 2];
  const [result, overflow] = [f.local(I64), f.local(I64)];
  const nzcv = f.local(I32);
  // Operands of 32 bits are moved to the upper halves: the flags of sums and differences are the same there.
  f.get(rule).i32Const(4).op(i32.and).op(i32.eqz).if();
  f.get(a).i64Const(32).op(i64.shl).set(a);
  f.get(b).i64Const(32).op(i64.shl).set(b).end();
  f.get(rule).i32Const(3).op(i32.and).set(rule);
  f.get(rule)
    .i32Const(ruleNumber({ name: 'logic', bits: 32 }))
    .op(i32.eq)
    .if();
  f.get(a).set(result).else();
  f.get(rule)
    .i32Const(ruleNumber({ name: 'add', bits: 32 }))
    .op(i32.eq)
    .if();
  f.get(a).get(b).op(i64.add).tee(result).get(a).op(i64.lt_u).i32Const(29).op(i32.shl).set(nzcv);
  f.get(a).get(result).op(i64.xor).get(b).get(result).op(i64.xor).op(i64.and).set(overflow).else();
  f.get(a).get(b).op(i64.sub).set(result);
  f.get(a).get(b).op(i64.ge_u).i32Const(29).op(i32.shl).set(nzcv);
  f.get(a).get(b).op(i64.xor).get(a).get(result).op(i64.xor).op(i64.and).set(overflow).end().end();
  f.get(nzcv).get(result).i64Const(32).op(i64.shr_u).op(i32.wrap_i64).i32Const(-0x80000000).op(i32.and).op(i32.or);
  f.get(result).op(i64.eqz).i32Const(30).op(i32.shl).op(i32.or);
  f.get(overflow).i64Const(63).op(i64.shr_u).op(i32.wrap_i64).i32Const(28).op(i32.shl).op(i32.or);
  return f;
}

/** () → NZCV, computed and kept in its place if only its rule was known. */
export function flagsFunction(computeFlags: number): FunctionBuilder {
  const f = new FunctionBuilder([], [I32]);
  f.i32Const(0).memory(I32_LOAD, AT_FLAG_RULE).if();
  f.i32Const(0).i32Const(0).memory(I32_LOAD, AT_FLAG_RULE).i32Const(0).memory(I64_LOAD, AT_FLAG_A).i32Const(0).memory(I64_LOAD, AT_FLAG_B);
  f.call(computeFlags).memory(I32_STORE, AT_NZCV);
  store32(f, AT_FLAG_RULE, 0).end();
  f.i32Const(0).memory(I32_LOAD, AT_NZCV);
  return f;
}
