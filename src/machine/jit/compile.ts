/** From regions to a module: the functions `0`, `1`, … in their order, which call each other and those of other modules. */

import type { Helper } from '../wasm/helpers.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { I32, I64, VOID } from '../wasm/opcodes.ts';
import { emitRegion, type RegionCalls } from './emitter.ts';
import type { Region } from './region.ts';

/** Imports of the module: the memory and what the interpreter's module exports. */
export const IMPORT = 'machine';

/** `known` are addresses of regions elsewhere, whose functions are imported as `r0`, `r1`, …. */
export function compileRegions(regions: readonly Region[], known: readonly number[]): Uint8Array {
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
  const links = new Map<number, number>();
  known.forEach((pc, i) => {
    links.set(pc, module.importFunction(IMPORT, `r${i}`, [I32], [I32]));
  });
  for (const { entry } of regions) links.set(entry, module.declare([I32], [I32]));
  const calls: RegionCalls = {
    goOn,
    call,
    flags,
    computeFlags,
    helper: (helper) => helpers.get(helper)!,
    link: (pc) => links.get(pc),
  };
  regions.forEach((region, i) => {
    const index = links.get(region.entry)!;
    module.define(index, emitRegion(region, calls));
    module.exportFunction(`${i}`, index);
  });
  return module.build();
}
