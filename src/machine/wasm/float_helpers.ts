/**
 * Floating-point operations as functions of the module. Each has a fast path in WebAssembly's own arithmetic for rounding to
 * nearest and operands and results that are ordinary numbers; whatever could set a flag other than IXC, or meet a NaN, goes to the
 * exact implementation. IXC is cumulative: once it is set nobody looks whether a result is exact.
 */

import { AT_FPCR } from '../layout.ts';
import type { FloatCall } from '../softfloat/calls.ts';
import { FPCR_DN, FPCR_FZ } from '../softfloat/format.ts';
import { fastPaths } from './float_fast.ts';
import { double, single } from './float_format.ts';
import { inlineScalar } from './float_inline.ts';
import type { FunctionBuilder } from './function.ts';
import type { Helper } from './helpers.ts';
import { SYSTEM } from './ir.ts';
import { I32, I32_LOAD, I64, i32, i64 } from './opcodes.ts';

/** See machine/softfloat/exact.ts. */
const exactHelper: Helper = {
  name: 'floatExact',
  params: [I32, I64, I64, I64],
  result: I64,
  reads: SYSTEM,
  writes: SYSTEM,
  build: undefined,
};

/** Leaves 1 on the stack when FPCR is 0, or at most flushes denormal numbers and makes NaNs default ones, and no operand is denormal. */
function fastPathApplies(f: FunctionBuilder, operands: FloatCall['operands']): void {
  const fpcr = (): FunctionBuilder => f.i32Const(0).memory(I32_LOAD, AT_FPCR);
  fpcr().op(i32.eqz).if(I32);
  f.i32Const(1).else();
  fpcr()
    .i32Const(~(FPCR_FZ | FPCR_DN))
    .op(i32.and)
    .op(i32.eqz);
  operands.forEach((bits, index) => {
    if (bits === 'integer') return;
    const { magnitude, smallest } = bits === 32 ? single : double;
    f.get(index).i64Const(magnitude).op(i64.and).i64Const(1).op(i64.sub);
    f.i64Const(smallest - 2n)
      .op(i64.ge_u)
      .op(i32.and);
  });
  f.end();
}

const helpers = new Map<string, Helper>();

/** The function for a call; operands and result are i64 bit patterns. */
export function floatHelper(call: FloatCall): Helper {
  let helper = helpers.get(call.name);
  if (!helper) {
    const { operands } = call;
    const fast = fastPaths.get(call.name);
    helper = {
      name: `float_${call.name}`,
      params: operands.map(() => I64),
      result: I64,
      reads: SYSTEM,
      writes: SYSTEM,
      uses: [exactHelper],
      inline: inlineScalar(call),
      build(f, indexOf) {
        if (fast) {
          fastPathApplies(f, operands);
          f.if();
          fast(f, indexOf);
          f.end();
        }
        f.i32Const(call.number);
        for (let i = 0; i < 3; i++) {
          if (i < operands.length) f.get(i);
          else f.i64Const(0);
        }
        f.call(indexOf(exactHelper));
      },
    };
    helpers.set(call.name, helper);
  }
  return helper;
}
