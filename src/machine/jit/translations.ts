/**
 * Translated regions: functions in a table, found by the address where they begin and the address space. A region belongs to the
 * frames of its code and to its virtual address, so that every process that maps a file's pages in the same place shares it.
 *
 * What is translated together is one WebAssembly module. The host gets its memory back as a whole, when neither the table nor another
 * module refers to its functions: so modules are what is counted and forgotten, and with a module those that import from it.
 */

import type { CodeCache } from '../interpreter/code_cache.ts';
import { REGION, UNDECODED } from '../interpreter/forms.ts';
import { PAGE_RECORDS, RECORD_BYTES } from '../layout.ts';
import type { LinearRam } from '../ram.ts';
import type { SoftSpace } from '../space.ts';
import type { CodePage } from './entry.ts';
import { type Destination, LateLinks, type LinksIn, type LinksOut } from './late_links.ts';
import { isCopy, type Region } from './region.ts';
import { RegionLookup } from './region_lookup.ts';

/** A page of a region, the frame that was behind it, and the number of this code page. */
interface TranslatedPage extends CodePage {
  readonly frame: number;
}

/** A region that has been translated. */
export interface Translation {
  readonly entry: number;
  /** Frame and index of the entry's word: frame * PAGE_RECORDS + index. */
  readonly place: number;
  readonly pages: readonly TranslatedPage[];
  /** In the table. */
  readonly index: number;
  readonly function: unknown;
  /** Slots of modules that lead to it. */
  readonly links: LinksIn;
  /** Where its instructions are. */
  readonly runs: readonly Run[];
  readonly module: TranslatedModule;
}

/** Instructions one after the other in a frame, by index of their words. */
interface Run {
  readonly frame: number;
  readonly first: number;
  readonly end: number;
}

interface TranslatedModule {
  /** Of WebAssembly. */
  readonly bytes: number;
  readonly translations: Translation[];
  /** Modules whose functions it calls, and those that call its own. */
  readonly imports: Set<TranslatedModule>;
  readonly importers: Set<TranslatedModule>;
  /** The slots of its table. */
  links: LinksOut;
  /** The last epoch in which one of its regions was looked up. */
  used: number;
}

/** What has been made of regions. */
export interface MadeModule {
  /** In the order of the regions. */
  readonly functions: readonly unknown[];
  /** Of WebAssembly. */
  readonly bytes: number;
  /** Where the slots of the table lead; without any there is no table. */
  readonly late: readonly Destination[];
  readonly table: WebAssembly.Table | undefined;
}

export interface Caps {
  /** Regions that are kept, at most 65,000. */
  readonly maxRegions: number;
  /** Bytes of WebAssembly that are kept. */
  readonly maxBytes: number;
}

/** At most so many regions are in a module, and no more than this part of those allowed. */
const MODULE_REGIONS = 64;
const MODULE_SHARE = 0.25;

/** An index in the table has 16 bits in the look-up. */
const MOST_REGIONS = 65_000;

/** When there is more than allowed, so much of it stays. */
const KEPT_SHARE = 0.75;

/** An epoch ends when so much of what is allowed has been added. */
const EPOCH_SHARE = 1 / 16;

export class Translations {
  readonly table: WebAssembly.Table;
  /** The most regions that a module may have. */
  readonly moduleRegions: number;
  private readonly ram: LinearRam;
  private readonly cache: CodeCache;
  private readonly caps: Caps;
  private readonly decode: (record: number) => void;
  private readonly modules = new Set<TranslatedModule>();
  private lateLinks!: LateLinks;
  private readonly byPlace = new Map<number, Translation[]>();
  private readonly byFrame = new Map<number, Set<Translation>>();
  private readonly lookup: RegionLookup;
  /** By frame and page, numbers of code pages: other contents or another place are another code page. */
  private readonly codePages = new Map<number, Map<number, number>>();
  private lastCodePage = 0;
  /** By frame, how many regions each instruction is in. */
  private readonly covered = new Map<number, Uint16Array>();
  /** The numbers that REGION has replaced in records, by place. */
  private readonly originals = new Map<number, number>();
  private readonly freeIndices: number[] = [];
  private nextIndex = 0;
  /** What is kept now. */
  private regions = 0;
  private bytes = 0;
  /** The look-up is emptied at the end of an epoch: what is used in the next one will be looked for. */
  epoch = 0;
  /** What was added in this epoch, as a share of what is allowed. */
  private added = 0;

  /** `decode` makes the record of an instruction. */
  constructor(ram: LinearRam, cache: CodeCache, caps: Caps, decode: (record: number) => void) {
    this.ram = ram;
    this.cache = cache;
    this.caps = { ...caps, maxRegions: Math.min(caps.maxRegions, MOST_REGIONS) };
    this.decode = decode;
    const { maxRegions } = this.caps;
    this.moduleRegions = Math.max(1, Math.min(MODULE_REGIONS, Math.floor(maxRegions * MODULE_SHARE)));
    this.lookup = new RegionLookup(ram);
    this.table = new WebAssembly.Table({ element: 'anyfunc', initial: maxRegions + this.moduleRegions });
  }

  /** `goOn` of the interpreter's module. */
  connect(goOn: unknown): void {
    this.lateLinks = new LateLinks(goOn);
  }

  get usage(): { readonly regions: number; readonly bytes: number } {
    return { regions: this.regions, bytes: this.bytes };
  }

  /** The translation of an address in a space. */
  find(space: SoftSpace, pc: number): Translation | undefined {
    const place = placeIn(space, pc);
    return place === undefined ? undefined : this.at(place, pc, space);
  }

  /** Whether an instruction is in a region. */
  covers(frame: number, index: number): boolean {
    return (this.covered.get(frame)?.[index] ?? 0) > 0;
  }

  /** Keeps a module, which imports other translations. False: it is larger than all that is allowed. */
  add(
    { functions, bytes, late, table }: MadeModule,
    regions: readonly Region[],
    imports: Iterable<Translation>,
    space: SoftSpace,
  ): boolean {
    const module: TranslatedModule = { bytes, translations: [], imports: new Set(), importers: new Set(), links: [], used: this.epoch };
    for (const { module: other } of imports) {
      module.imports.add(other);
      other.importers.add(module);
    }
    regions.forEach((region, i) => {
      const index = this.freeIndices.pop() ?? this.nextIndex++;
      this.table.set(index, functions[i]);
      this.enlist(region, index, functions[i], module, space);
    });
    if (table)
      module.links = this.lateLinks.open(table, late, ({ place, pc }) => this.byPlace.get(place)?.find(({ entry }) => entry === pc));
    this.modules.add(module);
    this.regions += regions.length;
    this.bytes += bytes;
    this.added += Math.max(regions.length / this.caps.maxRegions, bytes / this.caps.maxBytes);
    if (this.added > EPOCH_SHARE) {
      this.added = 0;
      this.epoch += 1;
      this.lookup.clear();
    }
    if (this.exceeds(1)) this.evict(module);
    return this.modules.has(module);
  }

  private enlist(region: Region, index: number, made: unknown, module: TranslatedModule, space: SoftSpace): void {
    const { entry } = region;
    const pages = this.pagesOf(region, space);
    const frames = new Map(pages.map(({ page, frame }) => [page, frame]));
    const place = placeOf(frames, entry);
    const runs = runsOf(region, frames);
    const translation: Translation = { entry, place, pages, index, function: made, links: new Set(), runs, module };
    module.translations.push(translation);
    const others = this.byPlace.get(place);
    if (others) others.push(translation);
    else this.byPlace.set(place, [translation]);
    for (const { frame } of pages) {
      const users = this.byFrame.get(frame);
      if (users) users.add(translation);
      else this.byFrame.set(frame, new Set([translation]));
    }
    this.cover(translation, 1);
    this.mark(translation);
    this.lateLinks.connect(translation);
  }

  /** The pages of a region in a space. */
  pagesOf({ pages }: Region, space: SoftSpace): TranslatedPage[] {
    return pages.map((page) => {
      const frame = space.codeFrame(page)!;
      const numbers = this.codePages.get(frame) ?? new Map<number, number>();
      this.codePages.set(frame, numbers);
      const number = numbers.get(page) ?? ++this.lastCodePage;
      numbers.set(page, number);
      return { page, frame, number };
    });
  }

  private cover({ runs }: Translation, change: 1 | -1): void {
    for (const { frame, first, end } of runs) {
      const counts = this.covered.get(frame) ?? new Uint16Array(PAGE_RECORDS);
      this.covered.set(frame, counts);
      for (let i = first; i < end; i++) counts[i]! += change;
    }
  }

  /** Lets the interpreter enter the translation where it comes to its first instruction. */
  mark({ place }: Translation): void {
    const record = this.cache.records(Math.floor(place / PAGE_RECORDS)) + (place % PAGE_RECORDS) * RECORD_BYTES;
    const { u16 } = this.ram.views;
    if (u16[record >> 1] === UNDECODED) this.decode(record);
    if (u16[record >> 1] === REGION) return;
    this.originals.set(place, u16[record >> 1]!);
    u16[record >> 1] = REGION;
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

  /** The number that the record had. */
  original(record: number): number {
    return this.originals.get(this.placeOf(record)) ?? this.ram.views.u16[record >> 1]!;
  }

  /** Enters the translation that begins at a record into the look-up; 0: there is none for this address space. `pc` is the record's. */
  enter(space: SoftSpace, record: number, pc: number): number {
    const place = this.placeOf(record);
    const translation = this.at(place, pc, space);
    if (!translation) {
      // Not to be asked again at every turn; a sample will put the mark back.
      this.unmark(place);
      return 0;
    }
    this.establish(space, translation);
    return 1;
  }

  private establish(space: SoftSpace, { entry, index, pages, module }: Translation): void {
    this.lookup.enter(entry, index);
    for (const { page, number } of pages) space.setCodePage(page, number);
    module.used = this.epoch;
  }

  /** What the look-up has for an address has found that it is not the code of this space, as far as the table of its code pages says. */
  recognise(space: SoftSpace, pc: number): void {
    const translation = this.find(space, pc);
    if (translation) this.establish(space, translation);
    else this.lookup.forget(pc);
  }

  /** The contents of a frame have changed, or some words of it. */
  invalidate(frame: number): void {
    this.codePages.delete(frame);
    const users = this.byFrame.get(frame);
    if (!users) return;
    for (const { module } of [...users]) this.remove(module);
  }

  private exceeds(share: number): boolean {
    return this.regions > share * this.caps.maxRegions || this.bytes > share * this.caps.maxBytes;
  }

  /** Forgets what was not used for the longest time, neither itself nor by what calls it. */
  private evict(newest: TranslatedModule): void {
    const kept = new Set<TranslatedModule>();
    // First what it needs, as it goes with that; then what its slots lead to.
    const keep = (module: TranslatedModule): void => {
      const linked = [module];
      for (const from of linked) {
        const waiting = [from];
        for (let next = waiting.pop(); next; next = waiting.pop()) {
          if (kept.has(next)) continue;
          kept.add(next);
          waiting.push(...next.imports);
          for (const { target } of next.links) if (target) linked.push(target.module);
        }
      }
    };
    keep(newest);
    // Of those that were used at the same time the older ones, which have proved themselves, come first.
    for (const module of [...this.modules].sort((a, b) => b.used - a.used)) keep(module);
    for (const module of [...kept].reverse()) {
      if (!this.exceeds(KEPT_SHARE)) break;
      this.remove(module);
    }
  }

  private remove(module: TranslatedModule): void {
    if (!this.modules.delete(module)) return;
    this.regions -= module.translations.length;
    this.bytes -= module.bytes;
    for (const other of module.imports) other.importers.delete(module);
    for (const translation of module.translations) this.strike(translation);
    this.lateLinks.close(module.links);
    for (const importer of module.importers) this.remove(importer);
  }

  private strike(translation: Translation): void {
    const { entry, place, pages, index } = translation;
    this.lookup.forget(entry);
    this.lateLinks.disconnect(translation);
    this.table.set(index, null);
    this.freeIndices.push(index);
    this.cover(translation, -1);
    for (const { frame } of pages) {
      // A frame may be behind several pages.
      const users = this.byFrame.get(frame);
      users?.delete(translation);
      if (users?.size !== 0) continue;
      this.byFrame.delete(frame);
      this.covered.delete(frame);
      this.codePages.delete(frame);
    }
    const rest = this.byPlace.get(place)!.filter((known) => known !== translation);
    if (rest.length > 0) this.byPlace.set(place, rest);
    else {
      this.byPlace.delete(place);
      this.unmark(place);
    }
  }

  private placeOf(record: number): number {
    const { frame, index } = this.cache.locate(record);
    return frame * PAGE_RECORDS + index;
  }

  private at(place: number, pc: number, space: SoftSpace): Translation | undefined {
    return this.byPlace
      .get(place)
      ?.find(({ entry, pages }) => entry === pc && pages.every(({ page, frame }) => space.codeFrame(page) === frame));
  }
}

/** The place of an address in a space; undefined: there is no code. */
export const placeIn = (space: SoftSpace, pc: number): number | undefined => place(space.codeFrame(Math.floor(pc / 4096)), pc);

const placeOf = (frames: ReadonlyMap<number, number>, pc: number): number => place(frames.get(Math.floor(pc / 4096)), pc)!;

const place = (frame: number | undefined, pc: number): number | undefined =>
  frame === undefined ? undefined : frame * PAGE_RECORDS + ((pc & 4095) >> 2);

function runsOf({ blocks }: Region, frames: ReadonlyMap<number, number>): Run[] {
  const runs: Run[] = [];
  for (const [key, { pc, instructions }] of blocks) {
    // What is called is called from elsewhere, too.
    if (isCopy(key)) continue;
    const first = (pc & 4095) >> 2;
    runs.push({ frame: frames.get(Math.floor(pc / 4096))!, first, end: first + instructions.length });
  }
  return runs;
}
