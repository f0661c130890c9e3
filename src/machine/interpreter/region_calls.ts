/**
 * Functions of the interpreter's module that translated code calls: going on at another address, and the flags that it has left as a
 * rule and operands. They and the functions of regions have one signature, (address, depth) → result, as V8 compiles something for each
 * signature that a module imports. A result is an address, where to go on, in the lower 56 bits, and above it a reason. So a caller sees
 * by one comparison that its callee has returned: the result is the return address.
 */

import { AT_FLAG_A, AT_FLAG_B, AT_FLAG_RULE, AT_FUEL, AT_NZCV, AT_REGION_TLB, REGION_TLB_ENTRIES } from '../layout.ts';
import { FunctionBuilder } from '../wasm/function.ts';
import type { FlagRule } from '../wasm/ir.ts';
import { I32, I32_LOAD, I32_STORE, I64, I64_LOAD, i32, i64, RETURN_CALL_INDIRECT, type ValueType } from '../wasm/opcodes.ts';

/** Parameters and result of regions and of what they call. */
export const REGION_PARAMS: readonly ValueType[] = [I64, I32];
export const REGION_RESULTS: readonly ValueType[] = [I64];

/** Why translated code has ended; 0: there is nothing more to be said. */
export const STEP = 1; // the instruction is for the interpreter
export const EXHAUSTED = 2; // no fuel is left
export const FOREIGN = 3; // what was found at the address is not the code of this space

/** The bits of an address in a result, and where the reason is. */
export const ADDRESS_BITS: bigint = (1n << 56n) - 1n;
export const REASON_SHIFT = 56;
export const reasonBits = (reason: number): bigint => BigInt(reason) << BigInt(REASON_SHIFT);

/** Guest calls that are calls of WebAssembly functions too; beyond, the stack is unwound. */
export const MAX_DEPTH = 100;

/** The table of translated regions among the tables of the interpreter's module. */
export const REGION_TABLE = 0;

const RULES: readonly FlagRule['name'][] = ['add', 'sub', 'logic'];

/** What AT_FLAG_RULE says of a rule. */
export const ruleNumber = ({ name, bits }: FlagRule): number => 1 + RULES.indexOf(name) + (bits === 64 ? 4 : 0);

/** Finds the word of the address in a local; where there is none, `miss` is emitted. The local `word` gets it, `slot` is for this. */
export function lookUpRegion(f: FunctionBuilder, target: number, slot: number, word: number, miss: () => void): void {
  const differs = (): void => {
    f.tee(word).i64Const(16).op(i64.shr_u).get(target).op(i64.ne).if();
  };
  f.get(target)
    .op(i32.wrap_i64)
    .i32Const(1)
    .op(i32.shl)
    .i32Const((REGION_TLB_ENTRIES - 1) << 3)
    .op(i32.and)
    .tee(slot)
    .memory(I64_LOAD, AT_REGION_TLB);
  differs();
  f.get(slot).i32Const(8).op(i32.xor).memory(I64_LOAD, AT_REGION_TLB);
  differs();
  miss();
  f.end().end();
}

/** Leaves the bits of EXHAUSTED if the fuel on the stack is negative, else 0. */
export const exhaustedBits = (f: FunctionBuilder): FunctionBuilder => f.op(i64.extend_i32_s).i64Const(reasonBits(EXHAUSTED)).op(i64.and);

/** (address, depth) → result: runs the region that begins there, if there is one. */
export function goOnFunction(signature: number): FunctionBuilder {
  const f = new FunctionBuilder(REGION_PARAMS, REGION_RESULTS);
  const [target, depth] = [0, 1];
  const slot = f.local(I32);
  const word = f.local(I64);
  lookUpRegion(f, target, slot, word, () => {
    f.get(target).i64Const(ADDRESS_BITS).op(i64.and);
    exhaustedBits(f.i32Const(0).memory(I32_LOAD, AT_FUEL)).op(i64.or).return();
  });
  f.get(target).get(depth).get(word).op(i32.wrap_i64).i32Const(0xffff).op(i32.and);
  return f.op(RETURN_CALL_INDIRECT).u32(signature).u8(REGION_TABLE);
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

/** (anything, anything) → NZCV, computed and kept in its place if only its rule was known. */
export function flagsFunction(computeFlags: number): FunctionBuilder {
  const f = new FunctionBuilder(REGION_PARAMS, REGION_RESULTS);
  f.i32Const(0).memory(I32_LOAD, AT_FLAG_RULE).if();
  f.i32Const(0).i32Const(0).memory(I32_LOAD, AT_FLAG_RULE).i32Const(0).memory(I64_LOAD, AT_FLAG_A).i32Const(0).memory(I64_LOAD, AT_FLAG_B);
  f.call(computeFlags).memory(I32_STORE, AT_NZCV);
  f.i32Const(0).i32Const(0).memory(I32_STORE, AT_FLAG_RULE).end();
  return f.i32Const(0).memory(I32_LOAD, AT_NZCV).op(i64.extend_i32_u);
}
