/** How regions call each other: directly where the look-up still has the one that is meant, else by way of the interpreter's module. */

import { AT_ASID, AT_REGION_TLB, REGION_TLB_ENTRIES } from '../layout.ts';
import type { FunctionBuilder } from '../wasm/function.ts';
import type { Helper } from '../wasm/helpers.ts';
import { I32_LOAD, i32 } from '../wasm/opcodes.ts';

/** Functions that regions call, by index in their module. */
export interface RegionCalls {
  /** See machine/interpreter/region_calls.ts. */
  readonly goOn: number;
  readonly call: number;
  readonly flags: number;
  readonly computeFlags: number;
  helper(helper: Helper): number;
  /** The region that begins at an address, if its function can be called directly. */
  link(pc: number): RegionLink | undefined;
}

export interface RegionLink {
  readonly function: number;
  /** In the table of regions: the look-up must say so where the function is called. */
  readonly index: number;
}

/** Leaves whether the look-up has the region of a link: its code is what it was, in this address space, too. */
export function isLinked(f: FunctionBuilder, pc: number, { index }: RegionLink): FunctionBuilder {
  const slot = AT_REGION_TLB + 16 * ((pc / 4) & (REGION_TLB_ENTRIES - 1));
  f.i32Const(0)
    .memory(I32_LOAD, slot + 8)
    .i32Const(index)
    .op(i32.eq);
  f.i32Const(0)
    .memory(I32_LOAD, slot + 12)
    .i32Const(0)
    .memory(I32_LOAD, AT_ASID)
    .op(i32.eq);
  return f.op(i32.and);
}
