/** From regions to a module: the functions `0`, `1`, … in their order, which call each other and those of other modules. */

import { REGION_PARAMS, REGION_RESULTS } from '../interpreter/region_calls.ts';
import type { Helper } from '../wasm/helpers.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { VOID } from '../wasm/opcodes.ts';
import { emitRegion } from './emitter.ts';
import type { CodePage } from './entry.ts';
import type { Region } from './region.ts';

/** Imports of the module: the memory and what the interpreter's module exports. */
export const IMPORT = 'machine';

export interface Source {
  readonly region: Region;
  readonly pages: readonly CodePage[];
}

/** `links` are the addresses of regions that can be called: those elsewhere, imported as `r0`, `r1`, …, and then these. */
export function compileRegions(sources: readonly Source[], links: readonly number[]): Uint8Array {
  const module = new ModuleBuilder();
  const imported = (name: string): number => module.importFunction(IMPORT, name, REGION_PARAMS, REGION_RESULTS);
  module.importMemory(IMPORT, 'memory');
  const goOn = imported('goOn');
  const flags = imported('flags');
  const helpers = new Map<Helper, number>();
  for (const { region } of sources) {
    for (const { instructions } of region.blocks.values()) {
      for (const { helpers: wanted } of instructions) {
        for (const helper of wanted) {
          if (helpers.has(helper)) continue;
          const results = helper.result === VOID ? [] : [helper.result];
          helpers.set(helper, module.importFunction(IMPORT, helper.name, helper.params, results));
        }
      }
    }
  }
  const functions = new Map<number, number>();
  const elsewhere = links.length - sources.length;
  links.forEach((pc, i) => {
    functions.set(pc, i < elsewhere ? imported(`r${i}`) : module.declare(REGION_PARAMS, REGION_RESULTS));
  });
  const calls = { goOn, flags, helper: (helper: Helper) => helpers.get(helper)!, link: (pc: number) => functions.get(pc) };
  sources.forEach(({ region, pages }, number) => {
    const index = functions.get(region.entry)!;
    module.define(index, emitRegion(region, pages, calls));
    module.exportFunction(`${number}`, index);
  });
  return module.build();
}
