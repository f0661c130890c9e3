/** Reference meaning of floating-point arithmetic and scalar views of the SIMD and floating-point registers. */

import type { FloatSemantics } from '../../isa/semantics_float.ts';
import { REG_FPCR, REG_FPSR, REG_V } from '../../platform/registers.ts';
import { type FloatCall, floatByCalls } from '../softfloat/calls.ts';
import { type BigValues, type ReferenceState, readWords, writeWords } from './state.ts';

export function referenceFloat(state: ReferenceState): FloatSemantics<BigValues> {
  const get = (words: number) => (register: number) => readWords(state.registers, REG_V + 4 * register, words);
  const set = (register: number, value: bigint): void => writeWords(state.registers, REG_V + 4 * register, 4, value);
  const call = ({ exact }: FloatCall, [a = 0n, b = 0n, c = 0n]: readonly bigint[]): bigint => {
    const environment = { fpcr: state.registers[REG_FPCR]!, fpsr: state.registers[REG_FPSR]! };
    const result = exact(environment, a, b, c);
    state.registers[REG_FPSR] = environment.fpsr;
    return result;
  };
  const float = floatByCalls<BigValues>({
    call,
    callLanes(operation, bits, operands) {
      let result = 0n;
      for (let at = 0n; at < 128n; at += BigInt(bits)) {
        const lanes = operands.map((operand) => BigInt.asUintN(bits, operand >> at));
        result |= call(operation, lanes) << at;
      }
      return result;
    },
    wrap: (value) => BigInt.asUintN(32, value),
    extend: (value) => value,
  });
  return { float, vectorLow32: get(1), vectorLow64: get(2), setVectorLow32: set, setVectorLow64: set };
}
