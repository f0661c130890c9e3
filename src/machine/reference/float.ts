/** Reference meaning of floating-point arithmetic and scalar views of the SIMD and floating-point registers. */

import type { FloatSemantics } from '../../isa/semantics_float.ts';
import { REG_FPCR, REG_FPSR, REG_V } from '../../platform/registers.ts';
import { floatByCalls } from '../softfloat/calls.ts';
import { type BigValues, type ReferenceState, readWords, writeWords } from './state.ts';

export function referenceFloat(state: ReferenceState): FloatSemantics<BigValues> {
  const get = (words: number) => (register: number) => readWords(state.registers, REG_V + 4 * register, words);
  const set = (register: number, value: bigint): void => writeWords(state.registers, REG_V + 4 * register, 4, value);
  const float = floatByCalls<BigValues>({
    call({ exact }, [a = 0n, b = 0n, c = 0n]) {
      const environment = { fpcr: state.registers[REG_FPCR]!, fpsr: state.registers[REG_FPSR]! };
      const result = exact(environment, a, b, c);
      state.registers[REG_FPSR] = environment.fpsr;
      return result;
    },
    wrap: (value) => BigInt.asUintN(32, value),
    extend: (value) => value,
  });
  return { float, vectorLow32: get(1), vectorLow64: get(2), setVectorLow32: set, setVectorLow64: set };
}
