/** From regions to a module: the functions `0`, `1`, … in their order, which call each other and those of other modules. */

import { REGION_PARAMS, REGION_RESULTS } from '../interpreter/region_calls.ts';
import type { Helper } from '../wasm/helpers.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { CALL, CALL_INDIRECT, RETURN_CALL, RETURN_CALL_INDIRECT, VOID } from '../wasm/opcodes.ts';
import { emitRegion } from './emitter.ts';
import type { CodePage, RegionCalls } from './entry.ts';
import type { Destination } from './late_links.ts';
import type { Region } from './region.ts';

/** Imports of the module: the memory and what the interpreter's module exports. */
export const IMPORT = 'machine';

export interface Source {
  readonly region: Region;
  readonly pages: readonly CodePage[];
}

/** The module's table of late links. */
export const LATE_LINKS = 'late';

export interface CompiledRegions {
  readonly code: Uint8Array;
  /** Where the slots of the module's table shall lead; there is none without slots. */
  readonly late: readonly Destination[];
}

/**
 * `links` are the addresses of regions that can be called: those elsewhere, imported as `r0`, `r1`, …, and then these. Others may be called
 * when there are some, if it is known where they would be.
 */
export function compileRegions(
  sources: readonly Source[],
  links: readonly number[],
  destination: (pc: number) => Destination | undefined,
): CompiledRegions {
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
  const slots = new Map<number, number>();
  const late: Destination[] = [];
  const slotOf = (pc: number): number | undefined => {
    const known = slots.get(pc);
    const to = known === undefined ? destination(pc) : undefined;
    if (to === undefined) return known;
    slots.set(pc, late.length);
    return late.push(to) - 1;
  };
  const type = module.type(REGION_PARAMS, REGION_RESULTS);
  const calls: RegionCalls = {
    flags,
    helper: (helper) => helpers.get(helper)!,
    has: (pc) => functions.has(pc),
    call(f, pc, tail) {
      const index = pc === undefined ? goOn : functions.get(pc);
      const slot = pc === undefined || index !== undefined ? undefined : slotOf(pc);
      if (slot === undefined) f.op(tail ? RETURN_CALL : CALL).u32(index ?? goOn);
      else
        f.i32Const(slot)
          .op(tail ? RETURN_CALL_INDIRECT : CALL_INDIRECT)
          .u32(type)
          .u8(0);
    },
  };
  sources.forEach(({ region, pages }, number) => {
    const index = functions.get(region.entry)!;
    module.define(index, emitRegion(region, pages, calls));
    module.exportFunction(`${number}`, index);
  });
  if (late.length > 0) {
    module.setTable(late.map(() => goOn));
    module.exportTable(LATE_LINKS, 0);
  }
  return { code: module.build(), late };
}
