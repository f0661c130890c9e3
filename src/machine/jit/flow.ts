/** The shape of a region's control flow and what is live in it. */

import type { Instruction, Registers } from './instruction.ts';
import type { Block, Region } from './region.ts';

/** A part of the region between calls, which shares its side exit: what may be dirty where that is taken. */
export class Segment implements Registers {
  general = 0;
  vector = 0;
}

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
  readonly pc: number;
  readonly instructions: readonly Instruction[];
  readonly successors: readonly number[];
  readonly stops: boolean;
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
  segment: Segment = NO_SEGMENT;
  /** Registers that may have been changed since the state was last written back, at the end. */
  readonly dirty: Set64 = new Set64();
  readonly liveIn: Set64 = new Set64();
  flagsLiveIn = false;
  flagsLiveOut = false;
  /** Read before they are written; written; written before the last place for a side exit, and before the first one. */
  private readonly reads = new Set64();
  private readonly writes = new Set64();
  private readonly beforeLastStop = new Set64();
  private readonly beforeFirstStop = new Set64();
  private mayStop = false;
  private readsFlags = false;
  private writesFlags = false;

  constructor({ pc, instructions, successors, stops }: Block) {
    this.pc = pc;
    this.instructions = instructions;
    this.successors = successors;
    this.stops = stops;
    this.calls = instructions.at(-1)?.links === true;
    let [readG, readV, writtenG, writtenV] = [0, 0, 0, 0];
    for (const { reads, writes, mayStop, readsFlags, writesFlags } of instructions) {
      if (mayStop) {
        if (!this.mayStop) this.beforeFirstStop.become(writtenG, writtenV);
        this.beforeLastStop.become(writtenG, writtenV);
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
  }

  /** Finds what is dirty at the end and at side exits. Whether something is new. */
  spread(): boolean {
    let [general, vector] = [0, 0];
    for (const from of this.predecessors) {
      if (from.calls) continue;
      general |= from.dirty.general;
      vector |= from.dirty.vector;
    }
    const { segment, writes, beforeLastStop } = this;
    if (this.mayStop) {
      segment.general |= general | beforeLastStop.general;
      segment.vector |= vector | beforeLastStop.vector;
    }
    general |= writes.general;
    vector |= writes.vector;
    // Fuel may end at the end of a block.
    if (!this.calls) {
      segment.general |= general;
      segment.vector |= vector;
    }
    return this.dirty.become(general, vector);
  }

  /** Finds what is live at the start; a side exit uses everything that is written back there. Whether something is new. */
  live(): boolean {
    const { segment, dirty, reads, writes, beforeFirstStop, calls } = this;
    let { general, vector } = dirty;
    let flags = this.stops || calls || this.successors.length === 0;
    if (!calls) {
      general |= segment.general;
      vector |= segment.vector;
    }
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
      general |= segment.general & ~beforeFirstStop.general;
      vector |= segment.vector & ~beforeFirstStop.vector;
    }
    const flagsLiveIn = this.readsFlags || (flags && !this.writesFlags);
    const changed = this.liveIn.become(general, vector) || flagsLiveIn !== this.flagsLiveIn;
    this.flagsLiveIn = flagsLiveIn;
    return changed;
  }
}

const NO_SEGMENT = new Segment();

export interface Flow {
  /** In reverse postorder. */
  readonly blocks: readonly FlowBlock[];
  /** Every loop is entered at one block only. */
  readonly reducible: boolean;
  readonly segments: readonly Segment[];
  /** Vector registers that need all of their 128 bits. */
  readonly wide: number;
}

export function analyse(region: Region): Flow {
  const blocks = order(region);
  const reducible = dominate(blocks);
  let wide = 0;
  for (const { instructions } of blocks) for (const instruction of instructions) wide |= instruction.wide;
  const segments = divide(blocks);
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) if (block.spread()) changed = true;
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = blocks.length - 1; i >= 0; i--) if (blocks[i]!.live()) changed = true;
  }
  return { blocks, reducible, segments, wide };
}

/** The blocks in reverse postorder, linked. */
function order({ entry, blocks }: Region): FlowBlock[] {
  const made = new Map<number, FlowBlock>();
  const postorder: FlowBlock[] = [];
  const visit = (source: Block): FlowBlock => {
    const block = new FlowBlock(source);
    const { successors, inside } = block;
    made.set(block.pc, block);
    for (const _ of successors) inside.push(undefined);
    // The last successor first: what falls through comes right after its block.
    for (let i = successors.length - 1; i >= 0; i--) {
      const next = blocks.get(successors[i]!);
      if (next === undefined) continue;
      const linked = made.get(next.pc) ?? visit(next);
      inside[i] = linked;
      linked.predecessors.push(block);
    }
    postorder.push(block);
    return block;
  };
  visit(blocks.get(entry)!);
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

/** Gives blocks that are connected without a call one segment. */
function divide(blocks: readonly FlowBlock[]): Segment[] {
  const segments: Segment[] = [];
  for (const first of blocks) {
    if (first.segment !== NO_SEGMENT) continue;
    const segment = new Segment();
    segments.push(segment);
    const found = [first];
    first.segment = segment;
    const connect = (other: FlowBlock | undefined): void => {
      if (other === undefined || other.segment !== NO_SEGMENT) return;
      other.segment = segment;
      found.push(other);
    };
    for (const block of found) {
      if (!block.calls) block.inside.forEach(connect);
      for (const from of block.predecessors) if (!from.calls) connect(from);
    }
  }
  return segments;
}

/** What becomes of the flags that an instruction writes. */
export interface FlagUse {
  /** They must be in memory. */
  readonly kept: boolean;
  /** Something reads them. */
  readonly used: boolean;
}

const USES: readonly FlagUse[] = [
  { kept: false, used: false },
  { kept: false, used: true },
  { kept: true, used: true },
];

/** For each instruction of a block. */
export function flagUses({ instructions, flagsLiveOut }: FlowBlock): FlagUse[] {
  const uses: FlagUse[] = new Array(instructions.length);
  let use = flagsLiveOut ? 2 : 0;
  for (let i = instructions.length - 1; i >= 0; i--) {
    const { readsFlags, writesFlags, mayStop } = instructions[i]!;
    uses[i] = USES[use]!;
    if (writesFlags) use = 0;
    if (readsFlags && use === 0) use = 1;
    if (mayStop && use === 1) use = 2;
  }
  return uses;
}
