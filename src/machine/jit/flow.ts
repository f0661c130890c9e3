/** The shape of a region's control flow and what is live in it. */

import type { Instruction, Registers } from './instruction.ts';
import { addressOf, type Block, burns, type Key, type Region } from './region.ts';

/** A set of registers that grows. */
class Set64 implements Registers {
  general = 0;
  vector = 0;

  /** Whether it has changed. */
  become(general: number, vector: number): boolean {
    if (this.general === general && this.vector === vector) return false;
    this.general = general;
    this.vector = vector;
    return true;
  }
}

export class FlowBlock {
  readonly key: Key;
  readonly pc: number;
  readonly instructions: readonly Instruction[];
  readonly successors: readonly Key[];
  readonly returnsTo: number | undefined;
  readonly callees: readonly number[];
  readonly stops: boolean;
  /** It ends with an indirect jump that stays in its function, or returns from a copied one: its successors are guesses. */
  readonly jumps: boolean;
  /** Position in reverse postorder, and in `Flow.blocks`. */
  index = 0;
  /** Inside the region, in the order of `successors`. */
  readonly inside: (FlowBlock | undefined)[] = [];
  readonly predecessors: FlowBlock[] = [];
  dominator: FlowBlock | undefined = undefined;
  /** Blocks that this one dominates directly and that are entered forward from more than one place. */
  readonly merges: FlowBlock[] = [];
  isLoop = false;
  /** It ends with a call: the state is written back before and read again after it. */
  readonly calls: boolean;
  /** There may be a side exit at its end, for want of fuel or because the next instruction is for the interpreter. */
  readonly exits: boolean;
  /** The region may be left at its end, in whatever way. */
  leaves: boolean;
  /** Registers that may have been changed since the state was last written back, at the start and at the end. */
  readonly dirtyIn: Set64 = new Set64();
  readonly dirty: Set64 = new Set64();
  readonly liveIn: Set64 = new Set64();
  /** Registers that are in locals at the start and at the end. The others are in the register block. */
  readonly heldIn: Set64 = new Set64();
  readonly heldOut: Set64 = new Set64();
  flagsLiveIn = false;
  flagsLiveOut = false;
  /** Read before they are written; written; written before the first place for a side exit. */
  private readonly reads = new Set64();
  private readonly writes = new Set64();
  /** Read or written. */
  private readonly touches = new Set64();
  private readonly beforeFirstStop = new Set64();
  private mayStop = false;
  private readsFlags = false;
  private writesFlags = false;

  constructor(key: Key, { pc, instructions, successors, returnsTo, callees, stops }: Block) {
    this.key = key;
    this.pc = pc;
    this.instructions = instructions;
    this.successors = successors;
    this.returnsTo = returnsTo;
    this.callees = callees;
    this.stops = stops;
    const last = instructions.at(-1);
    this.calls = returnsTo !== undefined;
    const end = pc + 4 * (instructions.length - 1);
    this.jumps = last?.ending === 'jump' && !this.calls;
    this.exits = stops || (!this.calls && !this.jumps && successors.some((next) => burns(end, addressOf(next))));
    this.leaves = this.exits || this.calls || this.jumps || successors.length === 0;
    let [readG, readV, writtenG, writtenV] = [0, 0, 0, 0];
    for (const { reads, writes, mayStop, readsFlags, writesFlags } of instructions) {
      if (mayStop) {
        if (!this.mayStop) this.beforeFirstStop.become(writtenG, writtenV);
        this.mayStop = true;
      }
      readG |= reads.general & ~writtenG;
      readV |= reads.vector & ~writtenV;
      writtenG |= writes.general;
      writtenV |= writes.vector;
      if (readsFlags && !this.writesFlags) this.readsFlags = true;
      if (writesFlags) this.writesFlags = true;
    }
    this.reads.become(readG, readV);
    this.writes.become(writtenG, writtenV);
    this.touches.become(readG | writtenG, readV | writtenV);
  }

  /** Finds what is dirty at the start and at the end. Whether something is new. */
  spread(): boolean {
    let [general, vector] = [0, 0];
    for (const from of this.predecessors) {
      if (from.calls) continue;
      general |= from.dirty.general;
      vector |= from.dirty.vector;
    }
    const { writes } = this;
    this.dirtyIn.become(general, vector);
    return this.dirty.become(general | writes.general, vector | writes.vector);
  }

  /** Finds what is live at the start; where the region is left everything that is dirty is used. Whether something is new. */
  live(): boolean {
    const { dirtyIn, dirty, reads, writes, beforeFirstStop, calls, leaves } = this;
    let [general, vector] = leaves ? [dirty.general, dirty.vector] : [0, 0];
    let flags = this.stops || calls || this.jumps || this.successors.length === 0;
    for (const next of this.inside) {
      if (next === undefined) flags = true;
      else {
        flags ||= next.flagsLiveIn;
        // After a call everything is read again.
        if (calls) continue;
        general |= next.liveIn.general;
        vector |= next.liveIn.vector;
      }
    }
    this.flagsLiveOut = flags;
    general = (general & ~writes.general) | reads.general;
    vector = (vector & ~writes.vector) | reads.vector;
    if (this.mayStop) {
      general |= dirtyIn.general & ~beforeFirstStop.general;
      vector |= dirtyIn.vector & ~beforeFirstStop.vector;
    }
    const flagsLiveIn = this.readsFlags || (flags && !this.writesFlags);
    const changed = this.liveIn.become(general, vector) || flagsLiveIn !== this.flagsLiveIn;
    this.flagsLiveIn = flagsLiveIn;
    return changed;
  }

  /**
   * Finds what is in locals at the start and at the end: what is so on all ways to here, what is dirty, and in a loop what is so where it
   * begins again. Whether something is new.
   */
  hold(): boolean {
    const { dirtyIn, liveIn, touches } = this;
    let [general, vector] = this.index === 0 ? [0, 0] : [-1, -1];
    let [againG, againV] = [dirtyIn.general, dirtyIn.vector];
    for (const { index, heldOut } of this.predecessors) {
      if (index < this.index) {
        general &= heldOut.general;
        vector &= heldOut.vector;
      } else {
        againG |= heldOut.general;
        againV |= heldOut.vector;
      }
    }
    general = (general | againG) & liveIn.general;
    vector = (vector | againV) & liveIn.vector;
    this.heldIn.become(general, vector);
    return !this.calls && this.heldOut.become(general | touches.general, vector | touches.vector);
  }
}

export interface Flow {
  /** In reverse postorder. */
  readonly blocks: readonly FlowBlock[];
  /** Every loop is entered at one block only. */
  readonly reducible: boolean;
  /** Vector registers that need all of their 128 bits. */
  readonly wide: number;
  /** What is dirty where the region is left before its end: a set for each side exit. */
  readonly exits: readonly Registers[];
}

export function analyse(region: Region): Flow {
  const { blocks, reducible } = shape(region);
  let wide = 0;
  for (const { instructions } of blocks) for (const instruction of instructions) wide |= instruction.wide;
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) if (block.spread()) changed = true;
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = blocks.length - 1; i >= 0; i--) if (blocks[i]!.live()) changed = true;
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) if (block.hold()) changed = true;
  }
  return { blocks, reducible, wide, exits: exitsOf(blocks) };
}

/** Guesses that would make the flow irreducible are given up. */
function shape(region: Region): Pick<Flow, 'blocks' | 'reducible'> {
  const given = new Set<string>();
  for (;;) {
    const blocks = order(region, given);
    const reducible = dominate(blocks);
    if (reducible || !giveUp(blocks, given)) return { blocks, reducible };
  }
}

const edge = (from: Key, to: Key): string => `${from} ${to}`;

/** Adds guesses that lead into loops to those that are given up. False: there are none. */
function giveUp(blocks: readonly FlowBlock[], given: Set<string>): boolean {
  const before = given.size;
  for (const { key, index, jumps, inside, dominator } of blocks) {
    if (!jumps) continue;
    for (const next of inside) {
      if (next === undefined || next.index > index) continue;
      let above = dominator!;
      if (next.index === index) continue;
      while (above.index > next.index) above = above.dominator!;
      if (above !== next) given.add(edge(key, next.key));
    }
  }
  return given.size > before;
}

/** The blocks in reverse postorder, linked but for the edges given up. */
function order({ entry, blocks }: Region, given: ReadonlySet<string>): FlowBlock[] {
  const made = new Map<Key, FlowBlock>();
  const postorder: FlowBlock[] = [];
  const visit = (key: Key, source: Block): FlowBlock => {
    const block = new FlowBlock(key, source);
    const { successors, inside } = block;
    made.set(key, block);
    for (const _ of successors) inside.push(undefined);
    // The last successor first: what falls through comes right after its block.
    for (let i = successors.length - 1; i >= 0; i--) {
      const to = successors[i]!;
      const next = given.has(edge(key, to)) ? undefined : blocks.get(to);
      if (next === undefined) {
        block.leaves = true;
        continue;
      }
      const linked = made.get(to) ?? visit(to, next);
      inside[i] = linked;
      linked.predecessors.push(block);
    }
    postorder.push(block);
    return block;
  };
  visit(entry, blocks.get(entry)!);
  postorder.reverse();
  postorder.forEach((block, index) => {
    block.index = index;
  });
  return postorder;
}

/** Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm" (2001). False: the flow is not reducible. */
function dominate(blocks: readonly FlowBlock[]): boolean {
  const first = blocks[0]!;
  first.dominator = first;
  const common = (a: FlowBlock, b: FlowBlock): FlowBlock => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (x.index > y.index) x = x.dominator!;
      while (y.index > x.index) y = y.dominator!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) {
      if (block === first) continue;
      let dominator: FlowBlock | undefined;
      for (const from of block.predecessors) {
        if (from.dominator !== undefined) dominator = dominator === undefined ? from : common(from, dominator);
      }
      if (block.dominator !== dominator) {
        block.dominator = dominator;
        changed = true;
      }
    }
  }
  let reducible = true;
  for (const block of blocks) {
    let forward = 0;
    for (const from of block.predecessors) {
      if (from.index < block.index) forward += 1;
      else {
        block.isLoop = true;
        if (common(from, block) !== block) reducible = false;
      }
    }
    if (forward > 1) block.dominator!.merges.push(block);
  }
  return reducible;
}

/** The position of a set in a list; -1: it is not there. */
export const indexOfSet = (sets: readonly Registers[], general: number, vector: number): number =>
  sets.findLastIndex((set) => set.general === general && set.vector === vector);

function exitsOf(blocks: readonly FlowBlock[]): Registers[] {
  const exits: Registers[] = [];
  const add = (general: number, vector: number): void => {
    if (indexOfSet(exits, general, vector) < 0) exits.push({ general, vector });
  };
  for (const { instructions, dirtyIn, dirty, exits: exitsAtEnd } of blocks) {
    let { general, vector } = dirtyIn;
    for (const { mayStop, writes } of instructions) {
      if (mayStop) add(general, vector);
      general |= writes.general;
      vector |= writes.vector;
    }
    if (exitsAtEnd) add(dirty.general, dirty.vector);
  }
  return exits;
}

/** What is to be known of the flags at an instruction. */
export interface FlagUse {
  /** What it writes, or what is there after it, is read later on, perhaps outside of the region. */
  readonly after: boolean;
  /** So is what was there before it. */
  readonly before: boolean;
}

const USES: readonly FlagUse[] = [
  { after: false, before: false },
  { after: false, before: true },
  { after: true, before: false },
  { after: true, before: true },
];

/** For each instruction of a block. */
export function flagUses({ instructions, flagsLiveOut }: FlowBlock): FlagUse[] {
  const uses: FlagUse[] = new Array(instructions.length);
  let live = flagsLiveOut;
  for (let i = instructions.length - 1; i >= 0; i--) {
    const { readsFlags, writesFlags } = instructions[i]!;
    const before = readsFlags || (live && !writesFlags);
    uses[i] = USES[2 * Number(live) + Number(before)]!;
    live = before;
  }
  return uses;
}
