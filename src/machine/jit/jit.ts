/** Finds out what is executed much, and has it translated. */

import type { Decoder } from '../../isa/decoder.ts';
import type { CodeCache } from '../interpreter/code_cache.ts';
import { UNDECODED } from '../interpreter/forms.ts';
import { PAGE_RECORDS, RECORD_BYTES } from '../layout.ts';
import type { LinearRam } from '../ram.ts';
import type { SoftSpace } from '../space.ts';
import { compileRegions, IMPORT, LATE_LINKS } from './compile.ts';
import { Instructions } from './instruction.ts';
import { JumpTargets } from './jump_targets.ts';
import type { Destination } from './late_links.ts';
import { formRegion, MAX_INSTRUCTIONS, type Region, targetsOf } from './region.ts';
import { type Caps, placeIn, type Translation, Translations } from './translations.ts';

/** With caps on what is kept: when there is more, what was not used for the longest time is forgotten. */
export interface JitOptions extends Caps {
  /** How many samples make an address worth translating; Infinity: nothing is translated. */
  readonly threshold: number;
  /** Fuel between samples, on average. */
  readonly portion: number;
  /** The part of the time that may be spent translating, so that it never starves the program. */
  readonly share: number;
  /** For tests: everything is translated before it is executed, whatever it costs. */
  readonly eager: boolean;
  /** The most fuel that translated code gets at once; for tests, 0 makes it end at every transfer that takes fuel. */
  readonly quantum: number;
}

export const JIT_DEFAULTS: JitOptions = {
  maxRegions: 8192,
  maxBytes: 32 << 20,
  threshold: 16,
  portion: 256,
  share: 0.3,
  eager: false,
  quantum: Infinity,
};

/** An address inside of a region must be that many times as hot as others to become a region's entry, too. */
const COVERED_WEIGHT = 8;

/** What is called from a region is translated with it if it is that much less hot. */
const CALLEE_WEIGHT = 8;

/** Nanoseconds of translating that are never too many. */
const FREE_TIME = 5e6;

/** What is translated together has so many instructions, more or less. */
const BATCH_INSTRUCTIONS = 500;

/** So many times fewer samples than the threshold make an address worth being translated with others. */
const WARM_WEIGHT = 2;

/** … until these are so many instructions, more or less. */
const MODULE_INSTRUCTIONS = 1500;

/** Samples are forgotten when they are in so many frames, and what is warm when it is so much. */
const MOST_FRAMES = 1 << 14;
const MOST_WARM = 1 << 14;

/** Addresses that cannot be translated. */
const HOPELESS = 0xffff;

export class Jit {
  readonly options: JitOptions;
  readonly translations: Translations;
  private readonly ram: LinearRam;
  private readonly cache: CodeCache;
  private readonly instructions: Instructions;
  private imports: Record<string, unknown> = {};
  /** Samples by frame and index, halved at the end of an epoch; HOPELESS until the frame's contents change. */
  private readonly heat = new Map<number, Uint16Array>();

  /** Addresses on their way to the threshold, and their frames. */
  private readonly warm = new Map<number, number>();

  private readonly jumpTargets = new JumpTargets();

  /** Nanoseconds. */
  private readonly now: () => number;
  private readonly started: number;
  private spent = 0;
  /** The most samples of an address since the last translation. */
  private hottest = 0;
  /** State of a sequence of pseudo-random numbers. */
  private seed = 1;

  /** `decode` makes the record of an instruction. */
  constructor(
    ram: LinearRam,
    cache: CodeCache,
    decoder: Decoder,
    options: JitOptions,
    now: () => number,
    decode: (record: number) => void,
  ) {
    this.ram = ram;
    this.now = now;
    this.started = now();
    this.cache = cache;
    this.options = options;
    this.instructions = new Instructions(decoder);
    this.translations = new Translations(ram, cache, options, decode);
  }

  /** `exports` of the interpreter's module. */
  connect(exports: Record<string, unknown>): void {
    this.imports = { ...exports, memory: this.ram.memory };
    this.translations.connect(exports['goOn']);
  }

  /** What is remembered of samples. */
  get sampled(): { readonly frames: number; readonly warm: number } {
    return { frames: this.heat.size, warm: this.warm.size };
  }

  /** The next portion. They differ, so that samples do not keep step with the program. */
  portion(): number {
    if (this.options.eager) return 0;
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0;
    return 1 + Math.floor((this.seed / 2 ** 32) * 2 * this.options.portion);
  }

  /** The interpreter was seen at an address; `jump` is where it came from by a jump, or 0. */
  sample(space: SoftSpace, low: number, high: number, jump: number): void {
    const page = (low >>> 12) + high * 0x100000;
    const frame = space.codeFrame(page);
    if (frame === undefined || low & 3) return;
    if (jump !== 0) this.jumped(space, jump, (low >>> 0) + high * 2 ** 32);
    const index = (low & 4095) >> 2;
    let heats = this.heat.get(frame);
    if (!heats) {
      if (this.heat.size === MOST_FRAMES) this.heat.clear();
      heats = new Uint16Array(PAGE_RECORDS);
      this.heat.set(frame, heats);
    }
    const heat = heats[index]!;
    if (heat === HOPELESS) return;
    if (heat + 1 < HOPELESS) heats[index] = heat + 1;
    const { threshold, eager } = this.options;
    if (heat + 1 === Math.ceil(threshold / WARM_WEIGHT)) {
      if (this.warm.size === MOST_WARM) this.warm.clear();
      this.warm.set((low >>> 0) + high * 2 ** 32, frame);
    }
    if (eager) {
      if (!this.translate(space, (low >>> 0) + high * 2 ** 32)) heats[index] = HOPELESS;
      return;
    }
    if (heat + 1 < (this.translations.covers(frame, index) ? COVERED_WEIGHT * threshold : threshold)) return;
    // While there is no time to translate, what is hottest is found out.
    this.hottest = Math.max(this.hottest, heat);
    const begin = this.now();
    if (2 * heat < this.hottest || this.spent > FREE_TIME + this.options.share * (begin - this.started)) return;
    this.hottest = 0;
    const translated = this.translate(space, (low >>> 0) + high * 2 ** 32);
    heats[index] = translated ? 0 : HOPELESS;
    this.spent += this.now() - begin;
  }

  private jumped(space: SoftSpace, jump: number, target: number): void {
    const frame = space.codeFrame(Math.floor(jump / 4096));
    if (frame === undefined) return;
    const index = (jump & 4095) >> 2;
    const instruction = this.instructions.get(this.ram.views.u32[frame * PAGE_RECORDS + index]!);
    if (instruction?.ending !== 'jump' || instruction.returns) return;
    // For tests, what is known at last is translated, too.
    if (this.jumpTargets.add(frame, index, target) && this.options.eager) this.translations.invalidate(frame);
  }

  /** Translates what begins at an address, and what that calls. False: there is nothing to be translated. */
  private translate(space: SoftSpace, entry: number): boolean {
    const known = this.translations.find(space, entry);
    if (known) {
      this.translations.mark(known);
      return true;
    }
    const regions: Region[] = [];
    const links = new Map<number, Translation>();
    const wanted = new Set([entry]);
    let size = 0;
    for (const pc of wanted) {
      const translation = this.translations.find(space, pc);
      if (translation) links.set(pc, translation);
      else if (pc === entry || (size < BATCH_INSTRUCTIONS && this.heatOf(space, pc) * CALLEE_WEIGHT >= this.options.threshold)) {
        if (regions.length === this.translations.moduleRegions) break;
        const region = this.form(space, pc);
        if (!region) continue;
        regions.push(region);
        size += region.size;
        for (const target of targetsOf(region)) wanted.add(target);
      }
    }
    if (regions[0]?.entry !== entry) return false;
    if (!this.options.eager) this.addWarm(regions, size, space);
    return this.add(regions, links, space);
  }

  /** What is warm and not translated yet comes into the same module, as modules cost more than functions. */
  private addWarm(regions: Region[], already: number, space: SoftSpace): void {
    let size = already;
    for (const [pc, frame] of this.warm) {
      if (size >= MODULE_INSTRUCTIONS || regions.length === this.translations.moduleRegions) return;
      if (space.codeFrame(Math.floor(pc / 4096)) !== frame) continue;
      this.warm.delete(pc);
      if (this.translations.find(space, pc) || this.translations.covers(frame, (pc & 4095) >> 2)) continue;
      if (regions.some(({ entry, blocks }) => entry === pc || blocks.has(pc))) continue;
      const region = this.form(space, pc);
      if (!region) continue;
      regions.push(region);
      size += region.size;
    }
  }

  /**
   * What is in regions already is translated again if all that is reached fits into one region, as loops are better in one piece. A region
   * that begins inside of others, or is cut because it is too large, ends where they begin.
   */
  private form(space: SoftSpace, entry: number): Region | undefined {
    const { u16, u32 } = this.ram.views;
    const { eager } = this.options;
    // The page that was asked for last.
    let [page, code, records] = [-1, -1, -1];
    const turnTo = (wanted: number): void => {
      page = wanted;
      code = space.codeFrame(page) ?? -1;
      records = (code < 0 ? undefined : this.cache.recordAt(code, 0)) ?? -1;
    };
    // What was never executed is not worth translating.
    const fetch = (pc: number): number | undefined => {
      const wanted = Math.floor(pc / 4096);
      if (wanted !== page) turnTo(wanted);
      const index = (pc & 4095) >> 2;
      const executed = records >= 0 && u16[(records + index * RECORD_BYTES) >> 1] !== UNDECODED;
      return executed || (eager && code >= 0) ? u32[code * PAGE_RECORDS + index] : undefined;
    };
    const guess = (pc: number): readonly number[] => {
      const frame = space.codeFrame(Math.floor(pc / 4096));
      return frame === undefined ? [] : this.jumpTargets.guesses(frame, (pc & 4095) >> 2);
    };
    const frame = space.codeFrame(Math.floor(entry / 4096));
    const inside = frame !== undefined && this.translations.covers(frame, (entry & 4095) >> 2);
    const whole = inside ? undefined : formRegion(entry, { fetch, guess }, this.instructions);
    if (!inside && (whole?.size ?? 0) < MAX_INSTRUCTIONS) return whole;
    const fetchNew = (pc: number): number | undefined => (pc !== entry && this.translations.find(space, pc) ? undefined : fetch(pc));
    return formRegion(entry, { fetch: fetchNew, guess }, this.instructions);
  }

  private heatOf(space: SoftSpace, pc: number): number {
    const frame = space.codeFrame(Math.floor(pc / 4096));
    return (frame !== undefined && this.heat.get(frame)?.[(pc & 4095) >> 2]) || 0;
  }

  private add(regions: readonly Region[], known: ReadonlyMap<number, Translation>, space: SoftSpace): boolean {
    const { translations } = this;
    const imports = { ...this.imports };
    [...known.values()].forEach(({ index }, i) => {
      imports[`r${i}`] = translations.table.get(index);
    });
    const sources = regions.map((region) => ({ region, pages: translations.pagesOf(region, space) }));
    const destination = (pc: number): Destination | undefined => {
      const place = placeIn(space, pc);
      return place === undefined ? undefined : { place, pc };
    };
    const { code, late } = compileRegions(sources, [...known.keys(), ...regions.map(({ entry }) => entry)], destination);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { [IMPORT]: imports });
    const functions = regions.map((_, i) => exports[`${i}`]);
    const { epoch } = translations;
    const made = { functions, bytes: code.length, late, table: exports[LATE_LINKS] as WebAssembly.Table | undefined };
    const added = translations.add(made, regions, known.values(), space);
    if (translations.epoch !== epoch) this.cool();
    return added;
  }

  /** What is executed seldom does not become worth translating in the course of a day. */
  private cool(): void {
    for (const [frame, heats] of this.heat) {
      let any = false;
      heats.forEach((heat, index) => {
        if (heat !== HOPELESS) heats[index] = heat >> 1;
        any ||= heats[index] !== 0;
      });
      if (!any) this.heat.delete(frame);
    }
    this.warm.clear();
    this.jumpTargets.clear();
  }

  /** The contents of a frame have changed, or some words of it. */
  invalidate(frame: number): void {
    // What is warm has samples, unless they were too many.
    if (this.heat.delete(frame)) for (const [pc, warm] of this.warm) if (warm === frame) this.warm.delete(pc);
    this.jumpTargets.forget(frame);
    this.translations.invalidate(frame);
  }
}
