/** Tracing of floating-point arithmetic and scalar views of the SIMD and floating-point registers. */

import type { FloatSemantics } from '../../isa/semantics_float.ts';
import { floatByCalls } from '../softfloat/calls.ts';
import { floatHelper } from './float_helpers.ts';
import { floatLanesHelper } from './float_lanes.ts';
import { type Ir, VECTOR } from './ir.ts';
import { I32, I32_LOAD, I64, I64_LOAD, I64_STORE, i32, i64 } from './opcodes.ts';
import type { TraceValues } from './trace.ts';
import { placeOf } from './trace_integer.ts';

export function traceFloat(ir: Ir): FloatSemantics<TraceValues> {
  const clearUpper = (register: TraceValues['vreg']): void => ir.storeState(VECTOR, I64_STORE, placeOf(register, 8), ir.const(I64, 0));
  return {
    float: floatByCalls<TraceValues>({
      call: (call, operands) => ir.call(floatHelper(call), operands),
      callLanes: (call, bits, operands) => ir.call(floatLanesHelper(call, bits), operands),
      wrap: (value) => ir.pure(I32, i32.wrap_i64, [value]),
      extend: (value) => ir.pure(I64, i64.extend_i32_u, [value]),
    }),
    vectorLow32: (register) => ir.loadState(VECTOR, I32, I32_LOAD, placeOf(register)),
    vectorLow64: (register) => ir.loadState(VECTOR, I64, I64_LOAD, placeOf(register)),
    setVectorLow32(register, value) {
      ir.storeState(VECTOR, I64_STORE, placeOf(register), ir.pure(I64, i64.extend_i32_u, [value]));
      clearUpper(register);
    },
    setVectorLow64(register, value) {
      ir.storeState(VECTOR, I64_STORE, placeOf(register), value);
      clearUpper(register);
    },
  };
}
