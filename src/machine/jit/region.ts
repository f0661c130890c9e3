/**
 * A region: the basic blocks that are reached from an entry by direct branches, and by indirect ones to where they probably go, cut where
 * it would become too large. Small functions that it calls, and that call nothing, are copied into it, once for each call.
 */

import type { Instruction, Instructions } from './instruction.ts';

/** A block of a region: its address, plus so many times COPY as is the number of the copy it is in; the region's own code is number 0. */
export type Key = number;

const COPY = 2 ** 48;

export const addressOf = (key: Key): number => key % COPY;
export const isCopy = (key: Key): boolean => key >= COPY;

/** Whether an instruction may go to where keys have no addresses: it is for the interpreter. */
const leadsOut = (pc: number, offset: number): boolean => pc + offset < 0 || pc + Math.max(offset, 4) >= COPY;

export interface Block {
  /** Address of the first instruction. */
  readonly pc: number;
  readonly instructions: readonly Instruction[];
  /**
   * Where control goes inside and outside of the region, by direct transfer or after a call, and where an indirect jump probably goes; a
   * conditional branch's target first.
   */
  readonly successors: readonly Key[];
  /** Its end is a call, or a jump to what returns to the caller of a copied function: the address that it returns to. */
  readonly returnsTo: number | undefined;
  /** Where an indirect call at its end probably goes, the most probable first. */
  readonly callees: readonly number[];
  /** The last instruction is for the interpreter; it is not among `instructions`. */
  readonly stops: boolean;
}

export interface Region {
  readonly entry: number;
  /** The entry's first. */
  readonly blocks: ReadonlyMap<Key, Block>;
  /** Page numbers of the code. */
  readonly pages: readonly number[];
  readonly size: number;
}

/** Instructions in a region, more or less. */
export const MAX_INSTRUCTIONS = 400;
const MAX_BLOCKS = 100;
const MAX_PAGES = 6;
/** Branches that lead farther away from the entry leave the region. */
const MAX_DISTANCE = 1 << 20;
/** Instructions of a function that is copied into its callers, and of all copies in a region. */
const MAX_COPIED = 32;
const MAX_COPIES = 150;

/** Where regions are formed from. */
export interface Memory {
  /** The instruction word at an address; undefined where there is none to be had. */
  fetch(pc: number): number | undefined;
  /** Where the indirect jump or call at an address probably goes, the most probable first. */
  guess(pc: number): readonly number[];
}

const NONE: readonly number[] = [];

/** What is known of an address in a region. */
interface Spot {
  instruction: Instruction | undefined;
  /** A block begins here. */
  leads: boolean;
  /** What is here is for the interpreter. */
  stops: boolean;
  guesses: readonly number[];
  /** The function that is called here is copied. */
  copy: Code | undefined;
}

/** Code that is walked: the region's own, or a copy of a function. */
class Code {
  readonly number: number;
  readonly entry: number;
  /** Of a copy: where it returns to. */
  readonly returnsTo: number | undefined;
  /** Where blocks begin, in the order in which they were found: what is near comes first. */
  readonly found: number[] = [];
  /** By distance: V8 keeps small numbers in place, and others in objects. */
  private readonly known = new Map<number, Spot>();

  constructor(number: number, entry: number, returnsTo: number | undefined) {
    this.number = number;
    this.entry = entry;
    this.returnsTo = returnsTo;
  }

  get(pc: number): Spot | undefined {
    return this.known.get((pc - this.entry) / 4);
  }

  at(pc: number): Spot {
    const index = (pc - this.entry) / 4;
    let spot = this.known.get(index);
    if (spot === undefined) {
      spot = { instruction: undefined, leads: false, stops: false, guesses: NONE, copy: undefined };
      this.known.set(index, spot);
    }
    return spot;
  }

  key(pc: number): Key {
    return this.number * COPY + pc;
  }
}

class Former {
  private readonly memory: Memory;
  private readonly instructions: Instructions;
  private readonly own: Code;
  private readonly codes: Code[] = [];
  private readonly pages = new Set<number>();
  private size = 0;
  private leaders = 0;
  private copied = 0;

  constructor(entry: number, memory: Memory, instructions: Instructions) {
    this.memory = memory;
    this.instructions = instructions;
    this.own = new Code(0, entry, undefined);
  }

  form(): Region | undefined {
    const { own, codes, pages } = this;
    this.walk(own);
    const { entry } = own;
    if (own.get(entry)?.instruction === undefined) return undefined;
    const blocks = new Map<Key, Block>();
    for (const code of codes) {
      for (const start of code.found) if (code.get(start)?.instruction) blocks.set(code.key(start), cut(start, code));
    }
    return { entry, blocks, pages: [...pages], size: this.size };
  }

  private walk(code: Code): void {
    this.codes.push(code);
    this.lead(code, code.entry);
    for (const start of code.found) this.walkBlock(code, start);
  }

  private leadAt(code: Code, pc: number, spot: Spot): void {
    if (spot.leads) return;
    spot.leads = true;
    this.leaders += 1;
    code.found.push(pc);
  }

  private lead(code: Code, pc: number): void {
    if (Math.abs(pc - code.entry) > MAX_DISTANCE || this.leaders >= MAX_BLOCKS) return;
    this.leadAt(code, pc, code.at(pc));
  }

  private walkBlock(code: Code, start: number): void {
    const { pages } = this;
    for (let pc = start; ; pc += 4) {
      const known = code.get(pc);
      if (known?.instruction) {
        if (pc !== start) this.leadAt(code, pc, known);
        return;
      }
      if (pc !== start && startsPage(pc)) {
        this.lead(code, pc);
        return;
      }
      const page = Math.floor(pc / 4096);
      if (this.size >= MAX_INSTRUCTIONS || (!pages.has(page) && pages.size === MAX_PAGES)) return;
      const word = this.memory.fetch(pc);
      if (word === undefined) return;
      const instruction = this.instructions.get(word);
      const spot = code.at(pc);
      if (instruction === undefined || instruction.ending === 'stop' || leadsOut(pc, instruction.offset)) {
        spot.stops = true;
        return;
      }
      pages.add(page);
      spot.instruction = instruction;
      this.size += 1;
      if (instruction.ending === 'next') continue;
      this.follow(code, pc, spot, instruction);
      return;
    }
  }

  /** What comes after the instruction at the end of a block. */
  private follow(code: Code, pc: number, spot: Spot, { ending, links, offset, returns }: Instruction): void {
    if (ending === 'jump' && !returns) spot.guesses = this.memory.guess(pc);
    if (ending === 'branchIf' || links) this.lead(code, pc + 4);
    if (ending !== 'jump') {
      if (!links) this.lead(code, pc + offset);
      else if (code === this.own) spot.copy = this.copy(pc + offset, pc + 4);
    } else if (!links && code === this.own) for (const guess of spot.guesses) this.lead(code, guess);
  }

  /** A copy of a function, if it is small enough. */
  private copy(entry: number, returnsTo: number): Code | undefined {
    const code = new Code(this.codes.length, entry, returnsTo);
    const { size, pages } = this.measure(entry);
    if (size === 0 || this.copied + size > MAX_COPIES || this.size + size > MAX_INSTRUCTIONS) return undefined;
    if ([...pages].filter((page) => !this.pages.has(page)).length + this.pages.size > MAX_PAGES) return undefined;
    this.copied += size;
    this.walk(code);
    return code;
  }

  /** Instructions of a function that calls nothing, and pages where they are; 0: it is too large, or not only for translated code. */
  private measure(entry: number): { readonly size: number; readonly pages: ReadonlySet<number> } {
    const { memory, instructions, own } = this;
    const pages = new Set<number>();
    const seen = new Set<number>();
    const found = [entry];
    let leaders = this.leaders;
    for (const start of found) {
      leaders += 1;
      for (let pc = start; !seen.has(pc); pc += 4) {
        const word = memory.fetch(pc);
        if (word === undefined) break;
        const instruction = instructions.get(word);
        seen.add(pc);
        pages.add(Math.floor(pc / 4096));
        const { ending, links, offset } = instruction ?? { ending: 'stop', links: false, offset: 0 };
        if (ending === 'stop' || leadsOut(pc, offset) || links || pc === own.entry || seen.size > MAX_COPIED) return { size: 0, pages };
        if (ending === 'branchIf' || ending === 'branch') found.push(pc + offset);
        if (ending === 'branch' || ending === 'jump') break;
      }
    }
    return { size: leaders > MAX_BLOCKS ? 0 : seen.size, pages };
  }
}

/** undefined: not even the first instruction can be translated. */
export const formRegion = (entry: number, memory: Memory, instructions: Instructions): Region | undefined =>
  new Former(entry, memory, instructions).form();

function cut(start: number, code: Code): Block {
  const instructions: Instruction[] = [];
  const block = { pc: start, instructions, successors: NONE, returnsTo: undefined, callees: NONE, stops: false };
  for (let pc = start; ; pc += 4) {
    const spot = code.get(pc);
    // Going on to the next page takes fuel.
    if (pc !== start && startsPage(pc)) return { ...block, successors: [code.key(pc)] };
    if (spot?.stops) return { ...block, stops: true };
    if (spot?.instruction === undefined || (pc !== start && spot.leads)) return { ...block, successors: [code.key(pc)] };
    instructions.push(spot.instruction);
    if (spot.instruction.ending !== 'next') return { ...block, ...endOf(spot, spot.instruction, pc, code) };
  }
}

function endOf(
  { guesses, copy }: Spot,
  { ending, links, returns, offset }: Instruction,
  pc: number,
  code: Code,
): Pick<Block, 'successors'> & Partial<Block> {
  if (copy !== undefined) return { successors: [copy.key(copy.entry)] };
  if (links) return { successors: [code.key(pc + 4)], returnsTo: pc + 4, callees: guesses };
  const { returnsTo } = code;
  if (ending === 'branchIf') return { successors: [code.key(pc + offset), code.key(pc + 4)] };
  if (ending === 'branch') return { successors: [code.key(pc + offset)] };
  if (returnsTo === undefined) return { successors: guesses };
  return { successors: [returnsTo], ...(!returns && { returnsTo, callees: guesses }) };
}

/** Where calls and branches lead out of a region, as far as it is known: calls first. */
export function targetsOf({ blocks }: Region): number[] {
  const calls: number[] = [];
  const others: number[] = [];
  for (const { pc, instructions, successors, callees, returnsTo } of blocks.values()) {
    calls.push(...callees);
    const last = instructions.at(-1);
    if (last?.ending === 'branch' && returnsTo !== undefined) calls.push(pc + 4 * (instructions.length - 1) + last.offset);
    for (const successor of successors) if (!blocks.has(successor)) others.push(addressOf(successor));
  }
  return [...calls, ...others];
}

const startsPage = (pc: number): boolean => pc % 4096 === 0;

/** Whether a transfer takes fuel: all do but those forward within a page. See machine/interpreter. */
export const burns = (from: number, to: number): boolean => to <= from || Math.floor(from / 4096) !== Math.floor(to / 4096);
