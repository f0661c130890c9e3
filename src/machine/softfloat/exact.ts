/** The slow path of generated code: one floating-point operation done exactly, on the register block's FPCR and FPSR. */

import { REG_FPCR, REG_FPSR } from '../../platform/registers.ts';
import { floatCalls } from './calls.ts';

/** `registers` gives the present register block. The result and operands are 64-bit patterns; BigInts of either sign. */
export const exactFloat =
  (registers: () => Int32Array) =>
  (number: number, a: bigint, b: bigint, c: bigint): bigint => {
    const block = registers();
    const environment = { fpcr: block[REG_FPCR]!, fpsr: block[REG_FPSR]! };
    const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
    const result = floatCalls[number]!.exact(environment, unsigned(a), unsigned(b), unsigned(c));
    block[REG_FPSR] = environment.fpsr;
    return result;
  };
