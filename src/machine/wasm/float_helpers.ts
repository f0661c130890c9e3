/**
 * Floating-point operations as functions of the module. Each has a fast path in WebAssembly's own arithmetic for FPCR = 0 and
 * operands and results that are ordinary numbers; whatever could set a flag other than IXC, or meet a NaN, goes to the exact
 * implementation. IXC is cumulative: once it is set nobody looks whether a result is exact.
 */

import { AT_FPCR } from '../layout.ts';
import type { FloatCall } from '../softfloat/calls.ts';
import { fastPaths } from './float_fast.ts';
import type { Helper } from './helpers.ts';
import { SYSTEM } from './ir.ts';
import { I32, I32_LOAD, I64, i32 } from './opcodes.ts';

/** See machine/softfloat/exact.ts. */
const exactHelper: Helper = {
  name: 'floatExact',
  params: [I32, I64, I64, I64],
  result: I64,
  reads: SYSTEM,
  writes: SYSTEM,
  build: undefined,
};

const helpers = new Map<string, Helper>();

/** The function for a call; operands and result are i64 bit patterns. */
export function floatHelper(call: FloatCall): Helper {
  let helper = helpers.get(call.name);
  if (!helper) {
    const fast = fastPaths.get(call.name);
    helper = {
      name: `float_${call.name}`,
      params: new Array(call.operands).fill(I64),
      result: I64,
      reads: SYSTEM,
      writes: SYSTEM,
      uses: [exactHelper],
      build(f, indexOf) {
        if (fast) {
          f.i32Const(0).memory(I32_LOAD, AT_FPCR).op(i32.eqz).if();
          fast(f, indexOf);
          f.end();
        }
        f.i32Const(call.number);
        for (let i = 0; i < 3; i++) {
          if (i < call.operands) f.get(i);
          else f.i64Const(0);
        }
        f.call(indexOf(exactHelper));
      },
    };
    helpers.set(call.name, helper);
  }
  return helper;
}
