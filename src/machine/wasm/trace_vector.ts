/** Tracing of Advanced SIMD. */

import type { VectorSemantics } from '../../isa/semantics_vector.ts';
import { type Ir, VECTOR } from './ir.ts';
import { V128, V128_LOAD, V128_STORE } from './opcodes.ts';
import type { TraceValues } from './trace.ts';
import { placeOf } from './trace_integer.ts';

export function traceVector(ir: Ir): VectorSemantics<TraceValues> {
  return {
    v: (register) => ir.loadState(VECTOR, V128, V128_LOAD, placeOf(register)),
    setV: (register, value) => ir.storeState(VECTOR, V128_STORE, placeOf(register), value),
  };
}
