/** Reference meaning of floating-point arithmetic and scalar views of the SIMD and floating-point registers. */

import type { FloatSemantics } from '../../isa/semantics_float.ts';
import { REG_V } from '../../platform/registers.ts';
import { type BigValues, type ReferenceState, readWords, writeWords } from './state.ts';

export function referenceFloat(state: ReferenceState): FloatSemantics<BigValues> {
  const get = (words: number) => (register: number) => readWords(state.registers, REG_V + 4 * register, words);
  const set = (register: number, value: bigint): void => writeWords(state.registers, REG_V + 4 * register, 4, value);
  return { vectorLow32: get(1), vectorLow64: get(2), setVectorLow32: set, setVectorLow64: set };
}
