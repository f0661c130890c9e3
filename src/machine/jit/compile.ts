/** From regions to a module: the functions `0`, `1`, … in their order. */

import type { Helper } from '../wasm/helpers.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { I32, I64, VOID } from '../wasm/opcodes.ts';
import { emitRegion, type RegionCalls } from './emitter.ts';
import type { Region } from './region.ts';

/** Imports of the module: the memory and what the interpreter's module exports. */
export const IMPORT = 'machine';

export function compileRegions(regions: readonly Region[]): Uint8Array {
  const module = new ModuleBuilder();
  module.importMemory(IMPORT, 'memory');
  const goOn = module.importFunction(IMPORT, 'goOn', [I64], [I32]);
  const call = module.importFunction(IMPORT, 'call', [I64, I64], [I32]);
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
  const calls: RegionCalls = { goOn, call, flags, computeFlags, helper: (helper) => helpers.get(helper)! };
  regions.forEach((region, i) => {
    module.exportFunction(`${i}`, module.add(emitRegion(region, calls)));
  });
  return module.build();
}
