/** How regions are entered. */

import { exhaustedBits, FOREIGN, MAX_DEPTH, reasonBits } from '../interpreter/region_calls.ts';
import { AT_CODE_TABLE, AT_FUEL } from '../layout.ts';
import type { FunctionBuilder } from '../wasm/function.ts';
import type { Helper } from '../wasm/helpers.ts';
import { I32, I32_LOAD, i32, i64 } from '../wasm/opcodes.ts';

/** Functions that regions call, by index in their module. */
export interface RegionCalls {
  /** See machine/interpreter/region_calls.ts. */
  readonly flags: number;
  helper(helper: Helper): number;
  /** Whether there is a region at an address. */
  has(pc: number): boolean;
  /** Calls the region at an address, the parameters being on the stack, and ends the function thereby if it is a `tail`; undefined: it may be any one. */
  call(f: FunctionBuilder, pc: number | undefined, tail: boolean): void;
}

/** A page of code, and what the table of code pages must have there: numbers stand for a page's address and contents. */
export interface CodePage {
  readonly page: number;
  readonly number: number;
}

/** A parameter of a region's function: how many guest calls are calls of WebAssembly functions at this time. The other one is its address. */
export const DEPTH = 1;

/** Pages that the table of code pages has entries for; others share them. */
const LOW_PAGES = 0x100000;

/** Leaves a region before it has begun where its code is not this space's, no fuel is left, or the stack is to be unwound. Sets `fuel`. */
export function refuse(f: FunctionBuilder, entry: number, pages: readonly CodePage[], fuel: number): void {
  const table = f.local(I32);
  f.i32Const(0).memory(I32_LOAD, AT_CODE_TABLE).set(table);
  pages.forEach(({ page, number }, i) => {
    f.get(table)
      .memory(I32_LOAD, 4 * (page % LOW_PAGES))
      .i32Const(number)
      .op(i32.xor);
    if (i > 0) f.op(i32.or);
  });
  f.if();
  f.i64Const(BigInt(entry) | reasonBits(FOREIGN))
    .return()
    .end();
  f.i32Const(MAX_DEPTH).get(DEPTH).op(i32.sub).i32Const(0).memory(I32_LOAD, AT_FUEL).tee(fuel).op(i32.or).i32Const(0).op(i32.lt_s).if();
  exhaustedBits(f.get(fuel)).i64Const(entry).op(i64.or).return().end();
  f.release(table);
}
