/** The rounding error of a product of doubles, by Dekker's and Veltkamp's algorithms. */

import type { FunctionBuilder } from './function.ts';
import type { Helper } from './helpers.ts';
import { F64, f64 } from './opcodes.ts';

const SPLITTER = 134217729; // 2^27 + 1

/** (a, b, p = a * b rounded) -> a * b - p, exact while no part overflows or underflows. */
export const twoProductError: Helper = {
  name: 'two_product_error',
  params: [F64, F64, F64],
  result: F64,
  reads: 0,
  writes: 0,
  build(f) {
    const split = (x: number): readonly [number, number] => {
      const [high, low] = [f.local(F64), f.local(F64)];
      f.get(x).f64Const(SPLITTER).op(f64.mul).tee(low).get(low).get(x).op(f64.sub).op(f64.sub).tee(high);
      f.set(high).get(x).get(high).op(f64.sub).set(low);
      return [high, low];
    };
    const [ah, al] = split(0);
    const [bh, bl] = split(1);
    const product = (x: number, y: number): FunctionBuilder => f.get(x).get(y).op(f64.mul);
    product(ah, bh).get(2).op(f64.sub);
    product(ah, bl).op(f64.add);
    product(al, bh).op(f64.add);
    product(al, bl).op(f64.add);
  },
};
