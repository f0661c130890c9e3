/** From regions to a module: the functions `0`, `1`, … in their order, which call each other and those of other modules. */

import type { Helper } from '../wasm/helpers.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { I32, I64, VOID } from '../wasm/opcodes.ts';
import type { RegionCalls, RegionLink } from './chaining.ts';
import { emitRegion } from './emitter.ts';
import type { Region } from './region.ts';

/** Imports of the module: the memory and what the interpreter's module exports. */
export const IMPORT = 'machine';

/** `links` are regions by address, with their indices in the table: those elsewhere, imported as `r0`, `r1`, …, and then these. */
export function compileRegions(regions: readonly Region[], links: ReadonlyMap<number, { readonly index: number }>): Uint8Array {
  const module = new ModuleBuilder();
  module.importMemory(IMPORT, 'memory');
  const goOn = module.importFunction(IMPORT, 'goOn', [I64, I32], [I32]);
  const call = module.importFunction(IMPORT, 'call', [I64, I64, I32], [I32]);
  const flags = module.importFunction(IMPORT, 'flags', [], [I32]);
  const computeFlags = module.importFunction(IMPORT, 'computeFlags', [I32, I64, I64], [I32]);
  const helpers = new Map<Helper, number>();
  for (const { blocks } of regions) {
    for (const { instructions } of blocks.values()) {
      for (const helper of instructions.flatMap((instruction) => instruction.helpers)) {
        if (helpers.has(helper)) continue;
        const results = helper.result === VOID ? [] : [helper.result];
        helpers.set(helper, module.importFunction(IMPORT, helper.name, helper.params, results));
      }
    }
  }
  const functions = new Map<number, RegionLink>();
  const elsewhere = links.size - regions.length;
  let i = 0;
  for (const [pc, { index }] of links) {
    const link = i < elsewhere ? module.importFunction(IMPORT, `r${i}`, [I32], [I32]) : module.declare([I32], [I32]);
    functions.set(pc, { function: link, index });
    i += 1;
  }
  const calls: RegionCalls = {
    goOn,
    call,
    flags,
    computeFlags,
    helper: (helper) => helpers.get(helper)!,
    link: (pc) => functions.get(pc),
  };
  regions.forEach((region, number) => {
    const index = functions.get(region.entry)!.function;
    module.define(index, emitRegion(region, calls));
    module.exportFunction(`${number}`, index);
  });
  return module.build();
}
