/** Reference meaning of Advanced SIMD. */

import type { VectorSemantics } from '../../isa/semantics_vector.ts';
import { REG_V } from '../../platform/registers.ts';
import { type BigValues, type ReferenceState, readWords, writeWords } from './state.ts';

export function referenceVector(state: ReferenceState): VectorSemantics<BigValues> {
  return {
    v: (register) => readWords(state.registers, REG_V + 4 * register, 4),
    setV: (register, value) => writeWords(state.registers, REG_V + 4 * register, 4, value),
  };
}
