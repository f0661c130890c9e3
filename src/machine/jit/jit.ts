/**
 * Finds out what is executed much, has it translated, and keeps the translations: functions in a table, found by the address where
 * they begin and the address space. A region belongs to the frames of its code and to its virtual address, so that every process that
 * maps a file's pages in the same place shares it.
 */

import type { Decoder } from '../../isa/decoder.ts';
import type { CodeCache } from '../interpreter/code_cache.ts';
import { REGION, UNDECODED } from '../interpreter/forms.ts';
import { PAGE_RECORDS, RECORD_BYTES } from '../layout.ts';
import type { LinearRam } from '../ram.ts';
import type { SoftSpace } from '../space.ts';
import { compileRegions, IMPORT } from './compile.ts';
import type { CodePage } from './entry.ts';
import { Instructions } from './instruction.ts';
import { formRegion, type Region, targetsOf } from './region.ts';
import { RegionLookup } from './region_lookup.ts';

export interface JitOptions {
  /** Regions that are kept; when there are more, all are forgotten. */
  readonly maxRegions: number;
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
  threshold: 16,
  portion: 256,
  share: 0.3,
  eager: false,
  quantum: Infinity,
};

/** A page of a region, the frame that was behind it, and the number of this code page. */
interface TranslatedPage extends CodePage {
  readonly frame: number;
}

/** A region that has been translated. */
interface Translation {
  readonly entry: number;
  /** Frame and index of the entry's word: frame * PAGE_RECORDS + index. */
  readonly place: number;
  readonly pages: readonly TranslatedPage[];
  /** In the table. */
  readonly index: number;
  /** Those that call it directly. */
  readonly callers: Set<Translation>;
}

/** An address inside of a region must be that many times as hot as others to become a region's entry, too. */
const COVERED_WEIGHT = 8;

/** What is called from a region is translated with it if it is that much less hot. */
const CALLEE_WEIGHT = 8;

/** Nanoseconds of translating that are never too many. */
const FREE_TIME = 5e6;

/** What is translated together has so many instructions, more or less. */
const BATCH_INSTRUCTIONS = 500;

/** Addresses that cannot be translated. */
const HOPELESS = -1;

export class Jit {
  readonly table: WebAssembly.Table;
  private readonly ram: LinearRam;
  private readonly cache: CodeCache;
  readonly options: JitOptions;
  private readonly instructions: Instructions;
  private imports: Record<string, unknown> = {};
  private decode: (record: number) => void = () => {};
  /** Samples by frame and index; HOPELESS until the frame's contents change. */
  private readonly heat = new Map<number, Map<number, number>>();
  private readonly translations = new Map<number, Translation[]>();
  /** The numbers that REGION has replaced in records, by place. */
  private readonly originals = new Map<number, number>();
  private readonly byFrame = new Map<number, Set<Translation>>();
  private readonly lookup: RegionLookup;
  /** By frame and page, numbers of code pages: other contents or another place are another code page. */
  private readonly codePages = new Map<number, Map<number, number>>();
  private lastCodePage = 0;
  /** By frame, indices of instructions inside of regions. */
  private readonly covered = new Map<number, Set<number>>();
  private readonly freeIndices: number[] = [];
  private count = 0;

  /** Nanoseconds. */
  private readonly now: () => number;
  private readonly started: number;
  private spent = 0;
  /** The most samples of an address since the last translation. */
  private hottest = 0;
  /** State of a sequence of pseudo-random numbers. */
  private seed = 1;

  constructor(ram: LinearRam, cache: CodeCache, decoder: Decoder, options: JitOptions, now: () => number) {
    this.ram = ram;
    this.now = now;
    this.started = now();
    this.cache = cache;
    this.options = options;
    this.instructions = new Instructions(decoder);
    this.lookup = new RegionLookup(ram);
    this.table = new WebAssembly.Table({ element: 'anyfunc', initial: options.maxRegions });
  }

  /** `exports` of the interpreter's module; `decode` makes the record of an instruction. */
  connect(exports: Record<string, unknown>, decode: (record: number) => void): void {
    this.imports = { ...exports, memory: this.ram.memory };
    this.decode = decode;
  }

  /** The next portion. They differ, so that samples do not keep step with the program. */
  portion(): number {
    if (this.options.eager) return 0;
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0;
    return 1 + Math.floor((this.seed / 2 ** 32) * 2 * this.options.portion);
  }

  /** The interpreter was seen at an address. */
  sample(space: SoftSpace, low: number, high: number): void {
    const page = (low >>> 12) + high * 0x100000;
    const frame = space.codeFrame(page);
    if (frame === undefined || low & 3) return;
    const index = (low & 4095) >> 2;
    let heats = this.heat.get(frame);
    if (!heats) {
      heats = new Map();
      this.heat.set(frame, heats);
    }
    const heat = heats.get(index) ?? 0;
    if (heat === HOPELESS) return;
    heats.set(index, heat + 1);
    const { threshold, eager } = this.options;
    if (eager) {
      if (!this.translate(space, (low >>> 0) + high * 2 ** 32)) heats.set(index, HOPELESS);
      return;
    }
    if (heat + 1 < (this.covered.get(frame)?.has(index) ? COVERED_WEIGHT * threshold : threshold)) return;
    // While there is no time to translate, what is hottest is found out.
    this.hottest = Math.max(this.hottest, heat);
    const begin = this.now();
    if (2 * heat < this.hottest || this.spent > FREE_TIME + this.options.share * (begin - this.started)) return;
    this.hottest = 0;
    const translated = this.translate(space, (low >>> 0) + high * 2 ** 32);
    heats.set(index, translated ? 0 : HOPELESS);
    this.spent += this.now() - begin;
  }

  /** Translates what begins at an address, and what that calls. False: there is nothing to be translated. */
  private translate(space: SoftSpace, entry: number): boolean {
    const known = this.find(space, entry);
    if (known) {
      this.mark(known);
      return true;
    }
    const { u16, u32 } = this.ram.views;
    const { eager } = this.options;
    // What was never executed is not worth translating.
    const fetch = (pc: number): number | undefined => {
      const frame = space.codeFrame(Math.floor(pc / 4096));
      if (frame === undefined) return undefined;
      const index = (pc & 4095) >> 2;
      const record = this.cache.recordAt(frame, index);
      return !eager && (record === undefined || u16[record >> 1] === UNDECODED) ? undefined : u32[frame * PAGE_RECORDS + index];
    };
    const regions: Region[] = [];
    const links = new Map<number, Translation>();
    const wanted = new Set([entry]);
    let size = 0;
    for (const pc of wanted) {
      const translation = this.find(space, pc);
      if (translation) links.set(pc, translation);
      else if (pc === entry || (size < BATCH_INSTRUCTIONS && this.heatOf(space, pc) * CALLEE_WEIGHT >= this.options.threshold)) {
        const region = formRegion(pc, fetch, this.instructions);
        if (!region) continue;
        regions.push(region);
        size += region.size;
        for (const target of targetsOf(region)) wanted.add(target);
      }
    }
    if (regions[0]?.entry !== entry) return false;
    if (this.count + regions.length > this.options.maxRegions) {
      this.clear();
      return true;
    }
    this.add(regions, links, space);
    return true;
  }

  private heatOf(space: SoftSpace, pc: number): number {
    const frame = space.codeFrame(Math.floor(pc / 4096));
    return (frame !== undefined && this.heat.get(frame)?.get((pc & 4095) >> 2)) || 0;
  }

  /** The translation of an address in a space. */
  private find(space: SoftSpace, pc: number): Translation | undefined {
    const frame = space.codeFrame(Math.floor(pc / 4096));
    if (frame === undefined) return undefined;
    return this.translations.get(frame * PAGE_RECORDS + ((pc & 4095) >> 2))?.find((known) => isValid(known, pc, space));
  }

  private add(regions: readonly Region[], known: ReadonlyMap<number, Translation>, space: SoftSpace): void {
    const made = regions.map((region) => {
      const pages = region.pages.map((page) => this.codePage(page, space.codeFrame(page)!));
      const { entry } = region;
      const place = space.codeFrame(Math.floor(entry / 4096))! * PAGE_RECORDS + ((entry & 4095) >> 2);
      const index = this.freeIndices.pop() ?? this.count;
      this.count += 1;
      return { entry, place, pages, index, callers: new Set<Translation>() } satisfies Translation;
    });
    const imports = { ...this.imports };
    [...known.values()].forEach((translation, i) => {
      imports[`r${i}`] = this.table.get(translation.index);
    });
    const links = new Map(known);
    for (const translation of made) links.set(translation.entry, translation);
    const sources = regions.map((region, i) => ({ region, pages: made[i]!.pages }));
    const module = new WebAssembly.Module(compileRegions(sources, [...links.keys()]));
    const { exports } = new WebAssembly.Instance(module, { [IMPORT]: imports });
    made.forEach((translation, i) => {
      const region = regions[i]!;
      this.table.set(translation.index, exports[`${i}`]);
      const others = this.translations.get(translation.place);
      if (others) others.push(translation);
      else this.translations.set(translation.place, [translation]);
      for (const { frame } of translation.pages) setOf(this.byFrame, frame).add(translation);
      for (const target of targetsOf(region)) links.get(target)?.callers.add(translation);
      this.cover(region, translation);
      this.mark(translation);
    });
  }

  private codePage(page: number, frame: number): TranslatedPage {
    let numbers = this.codePages.get(frame);
    if (!numbers) {
      numbers = new Map();
      this.codePages.set(frame, numbers);
    }
    let number = numbers.get(page);
    if (number === undefined) {
      this.lastCodePage += 1;
      number = this.lastCodePage;
      numbers.set(page, number);
    }
    return { page, frame, number };
  }

  private cover({ blocks }: Region, translation: Translation): void {
    const pages = new Map(translation.pages.map(({ page, frame }) => [page, frame]));
    for (const { pc, instructions } of blocks.values()) {
      for (let at = pc; at < pc + 4 * instructions.length; at += 4) {
        setOf(this.covered, pages.get(Math.floor(at / 4096))!).add((at & 4095) >> 2);
      }
    }
  }

  /** Lets the interpreter enter the translation where it comes to its first instruction. */
  private mark({ place }: Translation): void {
    const { u16 } = this.ram.views;
    const record = this.cache.records(Math.floor(place / PAGE_RECORDS)) + (place % PAGE_RECORDS) * RECORD_BYTES;
    if (u16[record >> 1] === UNDECODED) this.decode(record);
    if (u16[record >> 1] === REGION) return;
    this.originals.set(place, u16[record >> 1]!);
    u16[record >> 1] = REGION;
  }

  private placeOf(record: number): number {
    const { frame, index } = this.cache.locate(record);
    return frame * PAGE_RECORDS + index;
  }

  /** The number that the record had. */
  original(record: number): number {
    return this.originals.get(this.placeOf(record)) ?? this.ram.views.u16[record >> 1]!;
  }

  /** Enters the translation that begins at a record into the look-up; 0: there is none for this address space. `pc` is the record's. */
  enter(space: SoftSpace, record: number, pc: number): number {
    const place = this.placeOf(record);
    const translation = this.translations.get(place)?.find((known) => isValid(known, pc, space));
    if (!translation) {
      // Not to be asked again at every turn; a sample will put the mark back.
      this.unmark(place);
      return 0;
    }
    this.establish(space, translation);
    return 1;
  }

  private establish(space: SoftSpace, { entry, index, pages }: Translation): void {
    this.lookup.enter(entry, index);
    for (const { page, number } of pages) space.setCodePage(page, number);
  }

  /** What the look-up has for an address has found that it is not the code of this space, as far as the table of its code pages says. */
  recognise(space: SoftSpace, pc: number): void {
    const translation = this.find(space, pc);
    if (translation) this.establish(space, translation);
    else this.lookup.forget(pc);
  }

  /** The contents of a frame have changed, or some words of it. */
  invalidate(frame: number): void {
    this.heat.delete(frame);
    this.covered.delete(frame);
    this.codePages.delete(frame);
    const users = this.byFrame.get(frame);
    if (!users) return;
    for (const translation of [...users]) this.remove(translation);
  }

  private remove(translation: Translation): void {
    const { entry, place, pages, index, callers } = translation;
    if (!this.translations.get(place)?.includes(translation)) return;
    this.lookup.forget(entry);
    this.table.set(index, null);
    this.freeIndices.push(index);
    this.count -= 1;
    for (const { frame } of pages) {
      // A frame may be behind several pages.
      const users = this.byFrame.get(frame);
      users?.delete(translation);
      if (users?.size === 0) this.byFrame.delete(frame);
    }
    const rest = this.translations.get(place)!.filter((known) => known !== translation);
    if (rest.length > 0) this.translations.set(place, rest);
    else {
      this.translations.delete(place);
      this.unmark(place);
    }
    for (const caller of callers) this.remove(caller);
  }

  /** Gives the record its own number back. */
  private unmark(place: number): void {
    const original = this.originals.get(place);
    if (original === undefined) return;
    this.originals.delete(place);
    const record = this.cache.recordAt(Math.floor(place / PAGE_RECORDS), place % PAGE_RECORDS);
    const { u16 } = this.ram.views;
    if (record !== undefined && u16[record >> 1] === REGION) u16[record >> 1] = original;
  }

  private clear(): void {
    for (const known of [...this.translations.values()]) for (const translation of known) this.remove(translation);
    this.heat.clear();
  }
}

function setOf<K, V>(sets: Map<K, Set<V>>, key: K): Set<V> {
  let set = sets.get(key);
  if (!set) {
    set = new Set();
    sets.set(key, set);
  }
  return set;
}

/** Whether a translation is that of an address in a space. */
const isValid = ({ entry, pages }: Translation, pc: number, space: SoftSpace): boolean =>
  entry === pc && pages.every(({ page, frame }) => space.codeFrame(page) === frame);
