/** The shape of a region's control flow and what is live in it. */

import type { Instruction, Registers } from './instruction.ts';
import type { Block, Region } from './region.ts';

export interface FlowBlock extends Block {
  /** Position in reverse postorder, and in `Flow.blocks`. */
  readonly index: number;
  /** Inside the region, in the order of `successors`. */
  readonly inside: readonly (FlowBlock | undefined)[];
  readonly predecessors: FlowBlock[];
  dominator: FlowBlock;
  /** Blocks that this one dominates directly and that are entered forward from more than one place. */
  readonly merges: FlowBlock[];
  isLoop: boolean;
  /** Entered forward from more than one place. */
  isMerge: boolean;
  /** Blocks that follow each other without a call between them have one of these in common. */
  segment: Segment;
  /** Registers that may have been changed since the state was last written back, at the end. */
  dirty: Registers;
  liveIn: Registers;
  flagsLiveIn: boolean;
  flagsLiveOut: boolean;
}

/** A part of the region that shares its side exit. */
export interface Segment {
  /** What may be dirty where an instruction is left to the interpreter or the fuel ends. */
  dirty: Registers;
}

export interface Flow {
  readonly blocks: readonly FlowBlock[];
  /** Every loop is entered at one block only. */
  readonly reducible: boolean;
  readonly segments: readonly Segment[];
  /** Vector registers that need all of their 128 bits. */
  readonly wide: number;
}

const NONE: Registers = { general: 0, vector: 0 };
const union = (a: Registers, b: Registers): Registers => ({ general: a.general | b.general, vector: a.vector | b.vector });
const without = (a: Registers, b: Registers): Registers => ({ general: a.general & ~b.general, vector: a.vector & ~b.vector });
const same = (a: Registers, b: Registers): boolean => a.general === b.general && a.vector === b.vector;

/** The instruction is a call: the state is written back before and read again after it. */
export const isCall = (instruction: Instruction | undefined): boolean => instruction?.links === true;

export function analyse(region: Region): Flow {
  const blocks = order(region);
  const reducible = dominate(blocks);
  let wide = 0;
  for (const { instructions } of blocks) for (const instruction of instructions) wide |= instruction.wide;
  const segments = divide(blocks);
  spread(blocks);
  live(blocks);
  return { blocks, reducible, segments, wide };
}

/** The blocks in reverse postorder, linked. */
function order({ entry, blocks }: Region): FlowBlock[] {
  const made = new Map<number, FlowBlock>();
  const postorder: FlowBlock[] = [];
  const visit = (block: Block): FlowBlock => {
    const inside: (FlowBlock | undefined)[] = [];
    const flow: FlowBlock = {
      ...block,
      index: 0,
      inside,
      predecessors: [],
      dominator: undefined as unknown as FlowBlock,
      merges: [],
      segment: { dirty: NONE },
      isLoop: false,
      isMerge: false,
      dirty: NONE,
      liveIn: NONE,
      flagsLiveIn: false,
      flagsLiveOut: false,
    };
    made.set(block.pc, flow);
    // The last successor first: what falls through comes right after its block.
    for (let i = block.successors.length - 1; i >= 0; i--) {
      const next = blocks.get(block.successors[i]!);
      inside[i] = next && (made.get(next.pc) ?? visit(next));
      inside[i]?.predecessors.push(flow);
    }
    postorder.push(flow);
    return flow;
  };
  visit(blocks.get(entry)!);
  postorder.reverse();
  postorder.forEach((block, index) => {
    (block as { index: number }).index = index;
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
      while (x.index > y.index) x = x.dominator;
      while (y.index > x.index) y = y.dominator;
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
        block.dominator = dominator!;
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
    block.isMerge = forward > 1;
    if (block.isMerge) block.dominator.merges.push(block);
  }
  return reducible;
}

/** Gives blocks that are connected without a call one segment. */
function divide(blocks: readonly FlowBlock[]): Segment[] {
  const segments: Segment[] = [];
  const seen = new Set<FlowBlock>();
  for (const first of blocks) {
    if (seen.has(first)) continue;
    const segment: Segment = { dirty: NONE };
    segments.push(segment);
    const found = [first];
    seen.add(first);
    const connect = (other: FlowBlock | undefined): void => {
      if (other === undefined || seen.has(other)) return;
      seen.add(other);
      found.push(other);
    };
    for (const block of found) {
      block.segment = segment;
      if (!isCall(block.instructions.at(-1))) block.inside.forEach(connect);
      for (const from of block.predecessors) if (!isCall(from.instructions.at(-1))) connect(from);
    }
  }
  return segments;
}

/** Finds what may be dirty at the end of blocks and at the side exits of segments. */
function spread(blocks: readonly FlowBlock[]): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) {
      const { segment } = block;
      let dirty = dirtyAtStart(block);
      for (const { mayStop, writes } of block.instructions) {
        if (mayStop) segment.dirty = union(segment.dirty, dirty);
        dirty = union(dirty, writes);
      }
      // Fuel may end at the end of a block.
      if (!isCall(block.instructions.at(-1))) segment.dirty = union(segment.dirty, dirty);
      if (same(dirty, block.dirty)) continue;
      block.dirty = dirty;
      changed = true;
    }
  }
}

/** What may be dirty when a block begins. */
function dirtyAtStart({ predecessors }: FlowBlock): Registers {
  let dirty = NONE;
  for (const from of predecessors) if (!isCall(from.instructions.at(-1))) dirty = union(dirty, from.dirty);
  return dirty;
}

/** Liveness, backwards; a side exit uses everything that is written back there. */
function live(blocks: readonly FlowBlock[]): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = blocks.length - 1; i >= 0; i--) {
      const block = blocks[i]!;
      const calls = isCall(block.instructions.at(-1));
      const exitDirty = block.segment.dirty;
      let now = calls ? block.dirty : union(block.dirty, exitDirty);
      let flags = block.stops || block.successors.length === 0 || calls;
      block.inside.forEach((next) => {
        if (next === undefined) flags = true;
        else {
          // After a call everything is read again.
          if (!calls) now = union(now, next.liveIn);
          flags ||= next.flagsLiveIn;
        }
      });
      block.flagsLiveOut = flags;
      for (let k = block.instructions.length - 1; k >= 0; k--) {
        const { reads, writes, mayStop, readsFlags, writesFlags } = block.instructions[k]!;
        now = union(without(now, writes), reads);
        if (mayStop) now = union(now, exitDirty);
        if (writesFlags) flags = false;
        if (readsFlags) flags = true;
      }
      if (same(now, block.liveIn) && flags === block.flagsLiveIn) continue;
      block.liveIn = now;
      block.flagsLiveIn = flags;
      changed = true;
    }
  }
}

/** For each instruction: whether the flags that it writes must be in memory, and whether anything reads them. */
export function flagUses({ instructions, flagsLiveOut }: FlowBlock): { readonly kept: boolean; readonly used: boolean }[] {
  const uses = new Array<{ kept: boolean; used: boolean }>(instructions.length);
  let used = flagsLiveOut;
  let kept = flagsLiveOut;
  for (let i = instructions.length - 1; i >= 0; i--) {
    const { readsFlags, writesFlags, mayStop } = instructions[i]!;
    uses[i] = { kept, used };
    if (writesFlags) [used, kept] = [false, false];
    if (readsFlags) used = true;
    if (mayStop && used) kept = true;
  }
  return uses;
}
