/** Whether the host has a multiply-add that rounds once: the relaxed one of WebAssembly, where the processor's own does. */

import { FunctionBuilder } from './function.ts';
import { ModuleBuilder } from './module.ts';
import { F64 } from './opcodes.ts';
import { f64x2, relaxed } from './simd_opcodes.ts';

let known: boolean | undefined;

/** Found out by trying it: (1 + 2^-30)² - 1 - 2^-29 is 2^-60, and 0 if the product is rounded first. */
export function fused(): boolean {
  known ??= tryIt();
  return known;
}

function tryIt(): boolean {
  const f = new FunctionBuilder([F64, F64, F64], [F64]);
  for (let i = 0; i < 3; i++) f.get(i).op(f64x2.splat);
  f.op(relaxed.madd[64]).op(f64x2.extract).u8(0);
  const module = new ModuleBuilder();
  module.exportFunction('f', module.add(f));
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), {});
    const mulAdd = exports['f'] as (a: number, b: number, c: number) => number;
    return mulAdd(1 + 2 ** -30, 1 + 2 ** -30, -1 - 2 ** -29) === 2 ** -60;
  } catch {
    // The host does not know the instruction.
    return false;
  }
}
