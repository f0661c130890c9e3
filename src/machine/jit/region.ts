/** A region: the basic blocks that are reached from an entry by direct branches, cut where it would become too large. */

import type { Instruction, Instructions } from './instruction.ts';

export interface Block {
  /** Address of the first instruction. */
  readonly pc: number;
  readonly instructions: readonly Instruction[];
  /** Where control goes inside and outside of the region, by direct transfer or after a call, and where
   * an indirect jump probably goes; a conditional branch's target first. */
  readonly successors: readonly number[];
  /** Where an indirect call at its end probably goes, the most probable first. */
  readonly callees: readonly number[];
  /** The last instruction is for the interpreter; it is not among `instructions`. */
  readonly stops: boolean;
}

export interface Region {
  readonly entry: number;
  /** By address; the entry's first. */
  readonly blocks: ReadonlyMap<number, Block>;
  /** Page numbers of the code. */
  readonly pages: readonly number[];
  readonly size: number;
}

/** Instructions in a region, more or less. */
export const MAX_INSTRUCTIONS = 400;
const MAX_BLOCKS = 100;
const MAX_PAGES = 4;
/** Branches that lead farther away from the entry leave the region. */
const MAX_DISTANCE = 1 << 20;

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
}

/** The addresses of a region. They are kept by their distance: V8 keeps small numbers in place, and others in objects. */
class Spots {
  private readonly entry: number;
  private readonly known = new Map<number, Spot>();

  constructor(entry: number) {
    this.entry = entry;
  }

  get(pc: number): Spot | undefined {
    return this.known.get((pc - this.entry) / 4);
  }

  at(pc: number): Spot {
    const index = (pc - this.entry) / 4;
    let spot = this.known.get(index);
    if (spot === undefined) {
      spot = { instruction: undefined, leads: false, stops: false, guesses: NONE };
      this.known.set(index, spot);
    }
    return spot;
  }
}

/** undefined: not even the first instruction can be translated. */
export function formRegion(entry: number, { fetch, guess }: Memory, instructions: Instructions): Region | undefined {
  const spots = new Spots(entry);
  const pages = new Set<number>();
  // Addresses are walked in the order in which they were found: what is near comes first.
  const found: number[] = [];
  let [size, leaders] = [0, 0];
  const leadAt = (spot: Spot): boolean => {
    if (spot.leads) return false;
    spot.leads = true;
    leaders += 1;
    return true;
  };
  const lead = (pc: number): void => {
    if (Math.abs(pc - entry) > MAX_DISTANCE || leaders >= MAX_BLOCKS) return;
    if (leadAt(spots.at(pc))) found.push(pc);
  };
  lead(entry);
  for (const start of found) {
    for (let pc = start; ; pc += 4) {
      const known = spots.get(pc);
      if (known?.instruction) {
        if (pc !== start && leadAt(known)) found.push(pc);
        break;
      }
      if (pc !== start && startsPage(pc)) {
        lead(pc);
        break;
      }
      const page = Math.floor(pc / 4096);
      if (size >= MAX_INSTRUCTIONS || (!pages.has(page) && pages.size === MAX_PAGES)) break;
      const word = fetch(pc);
      if (word === undefined) break;
      const instruction = instructions.get(word);
      const spot = spots.at(pc);
      if (instruction === undefined || instruction.ending === 'stop') {
        spot.stops = true;
        break;
      }
      pages.add(page);
      spot.instruction = instruction;
      size += 1;
      if (instruction.ending === 'next') continue;
      if (instruction.ending === 'branchIf' || instruction.links) lead(pc + 4);
      if (instruction.ending === 'jump') {
        if (!instruction.returns) spot.guesses = guess(pc);
        if (!instruction.links) spot.guesses.forEach(lead);
      } else if (!instruction.links) lead(pc + instruction.offset);
      break;
    }
  }
  if (spots.get(entry)?.instruction === undefined) return undefined;
  const blocks = new Map<number, Block>();
  for (const start of found) if (spots.get(start)?.instruction) blocks.set(start, cut(start, spots));
  return { entry, blocks, pages: [...pages], size };
}

function cut(start: number, spots: Spots): Block {
  const instructions: Instruction[] = [];
  for (let pc = start; ; pc += 4) {
    const spot = spots.get(pc);
    // Going on to the next page takes fuel.
    if (pc !== start && startsPage(pc)) return { pc: start, instructions, successors: [pc], callees: NONE, stops: false };
    if (spot?.stops) return { pc: start, instructions, successors: [], callees: NONE, stops: true };
    if (spot?.instruction === undefined || (pc !== start && spot.leads))
      return { pc: start, instructions, successors: [pc], callees: NONE, stops: false };
    const { instruction, guesses } = spot;
    instructions.push(instruction);
    if (instruction.ending === 'next') continue;
    const successors = successorsOf(instruction, pc, guesses);
    return { pc: start, instructions, successors, callees: instruction.links ? guesses : NONE, stops: false };
  }
}

function successorsOf({ ending, links, offset }: Instruction, pc: number, guesses: readonly number[]): readonly number[] {
  if (links) return [pc + 4];
  if (ending === 'jump') return guesses;
  return ending === 'branchIf' ? [pc + offset, pc + 4] : [pc + offset];
}

/** Where calls and branches lead out of a region, as far as it is known: calls first. */
export function targetsOf({ blocks }: Region): number[] {
  const calls: number[] = [];
  const others: number[] = [];
  for (const { pc, instructions, successors, callees } of blocks.values()) {
    calls.push(...callees);
    const last = instructions.at(-1);
    if (last?.ending === 'branch' && last.links) calls.push(pc + 4 * (instructions.length - 1) + last.offset);
    for (const successor of successors) if (!blocks.has(successor)) others.push(successor);
  }
  return [...calls, ...others];
}

const startsPage = (pc: number): boolean => pc % 4096 === 0;

/** Whether a transfer takes fuel: all do but those forward within a page. See machine/interpreter. */
export const burns = (from: number, to: number): boolean => to <= from || Math.floor(from / 4096) !== Math.floor(to / 4096);
