/**
 * NZCV while a region is emitted: mostly the operands of what set it last, from which each condition has its own comparison. Where the
 * region is left or paths meet, rule and operands are put into memory (see flagsFunction in machine/interpreter/region_calls.ts).
 * Where nothing will read the flags before they are written again, they are not kept.
 */

import { ruleNumber } from '../interpreter/region_calls.ts';
import { AT_FLAG_A, AT_FLAG_B, AT_FLAG_RULE, AT_NZCV } from '../layout.ts';
import type { FunctionBuilder } from '../wasm/function.ts';
import type { FlagRule, Place } from '../wasm/ir.ts';
import { F64, f64, I32, I32_STORE, I64, I64_STORE, i32, i64, SELECT } from '../wasm/opcodes.ts';
import type { FlagUse, FlowBlock } from './flow.ts';

/** A rule that holds if the local `guard` is not 0; else NZCV is a number. */
interface GuardedRule extends FlagRule {
  readonly otherwise?: number;
}

/** How the state is known: by a rule whose operands are in locals, by two doubles that were compared, as a number in a local, or only in memory. */
type State = GuardedRule | 'doubles' | 'number' | 'memory';

interface Calls {
  readonly flags: number;
}

const [EQ, NE, CS, CC, MI, PL, VS, VC, HI, LS, GE, LT, GT, LE] = Array.from({ length: 14 }, (_, i) => i) as number[] & { length: 14 };

/** Whether NZCV satisfies a condition (even ones; the odd one is its contrary). */
const HOLDS: readonly ((n: number, z: number, c: number, v: number) => number)[] = [
  (_n, z) => z,
  (_n, _z, c) => c,
  (n) => n,
  (_n, _z, _c, v) => v,
  (_n, z, c) => c & (z ^ 1),
  (n, _z, _c, v) => Number(n === v),
  (n, z, _c, v) => Number(n === v) & (z ^ 1),
];

/** From the mask of the combinations that pass to the condition's number; others always pass. */
const CONDITIONS: ReadonlyMap<number, number> = new Map(
  HOLDS.flatMap((holds, i) => {
    let mask = 0;
    for (let nzcv = 0; nzcv < 16; nzcv++) mask |= holds(nzcv >> 3, (nzcv >> 2) & 1, (nzcv >> 1) & 1, nzcv & 1) << nzcv;
    return [
      [mask, 2 * i],
      [~mask & 0xffff, 2 * i + 1],
    ] as [number, number][];
  }),
);

/** Comparisons of the operands of a difference. */
const COMPARISONS: ReadonlyMap<number, keyof typeof i64 & keyof typeof i32> = new Map([
  [EQ!, 'eq'],
  [NE!, 'ne'],
  [CS!, 'ge_u'],
  [CC!, 'lt_u'],
  [HI!, 'gt_u'],
  [LS!, 'le_u'],
  [GE!, 'ge_s'],
  [LT!, 'lt_s'],
  [GT!, 'gt_s'],
  [LE!, 'le_s'],
]);

/** Comparisons of a result with zero: of any result, and of a logical one, which leaves C and V clear. */
const RESULT_TESTS: ReadonlyMap<number, 'eq' | 'ne' | 'lt_s' | 'ge_s'> = new Map([
  [EQ!, 'eq'],
  [NE!, 'ne'],
  [MI!, 'lt_s'],
  [PL!, 'ge_s'],
]);
const LOGIC_TESTS: ReadonlyMap<number, 'eq' | 'ne' | 'lt_s' | 'ge_s' | 'gt_s' | 'le_s' | 0 | 1> = new Map<
  number,
  'eq' | 'ne' | 'lt_s' | 'ge_s' | 'gt_s' | 'le_s' | 0 | 1
>([
  ...RESULT_TESTS,
  [CS!, 0],
  [CC!, 1],
  [VS!, 0],
  [VC!, 1],
  [HI!, 0],
  [LS!, 1],
  [GE!, 'ge_s'],
  [LT!, 'lt_s'],
  [GT!, 'gt_s'],
  [LE!, 'le_s'],
]);

/** Comparisons of two doubles, of which only the first one may be a NaN, and whether they are to fail. */
const DOUBLE_TESTS: ReadonlyMap<number, readonly ['eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge', boolean]> = new Map([
  [EQ!, ['eq', false]],
  [NE!, ['ne', false]],
  [CS!, ['lt', true]],
  [CC!, ['lt', false]],
  [MI!, ['lt', false]],
  [PL!, ['lt', true]],
  [HI!, ['le', true]],
  [LS!, ['le', false]],
  [GE!, ['ge', false]],
  [LT!, ['ge', true]],
  [GT!, ['gt', false]],
  [LE!, ['gt', true]],
]);

/** Whether a block is entered from the end of another one only; the region's entry is from outside, too. */
export const follows = ({ index, predecessors }: FlowBlock): boolean => index > 0 && predecessors.length === 1 && !predecessors[0]!.calls;

export class FlagState {
  /** What becomes of the flags that the present instruction writes. */
  use: FlagUse = { after: true, before: true };
  private readonly f: FunctionBuilder;
  private readonly calls: Calls;
  state: State = 'memory';
  private block: FlowBlock | undefined;
  private readonly ends = new Map<FlowBlock, State>();
  private readonly wide: readonly [number, number];
  private readonly narrow: readonly [number, number];
  private readonly number: number;
  private readonly guard: number;
  private pair: readonly [number, number] | undefined;

  constructor(f: FunctionBuilder, calls: Calls) {
    this.f = f;
    this.calls = calls;
    this.wide = [f.local(I64), f.local(I64)];
    this.narrow = [f.local(I32), f.local(I32)];
    this.number = f.local(I32);
    this.guard = f.local(I32);
  }

  isNzcv({ slot, offset }: Place): boolean {
    return slot === undefined && offset === AT_NZCV;
  }

  /** A block begins. undefined: nothing is known of what came before it. */
  begin(block: FlowBlock | undefined): void {
    this.block = block;
    const from = block && follows(block) ? block.predecessors[0] : undefined;
    this.state = (from && this.ends.get(from)) ?? 'memory';
    this.changed();
  }

  private changed(): void {
    if (this.block) this.ends.set(this.block, this.state);
  }

  /** Puts the flags into memory. What is emitted next may be for another path: give it the state from before. */
  materialise(): void {
    const { f, state } = this;
    if (state === 'number' || state === 'doubles') {
      f.i32Const(0);
      this.load();
      f.memory(I32_STORE, AT_NZCV);
      f.i32Const(0).i32Const(0).memory(I32_STORE, AT_FLAG_RULE);
    } else if (state !== 'memory') {
      const [a, b] = this.operands(state);
      const store = state.bits === 64 ? I64_STORE : I32_STORE;
      f.i32Const(0).i32Const(ruleNumber(state));
      if (state.otherwise !== undefined) f.i32Const(0).get(this.guard).u8(SELECT);
      f.memory(I32_STORE, AT_FLAG_RULE);
      if (state.otherwise !== undefined) f.i32Const(0).i32Const(state.otherwise).memory(I32_STORE, AT_NZCV);
      f.i32Const(0).get(a).memory(store, AT_FLAG_A);
      if (state.name !== 'logic') f.i32Const(0).get(b).memory(store, AT_FLAG_B);
    }
    this.state = 'memory';
  }

  private operands(rule: FlagRule): readonly [number, number] {
    return rule.bits === 64 ? this.wide : this.narrow;
  }

  set(rule: GuardedRule, argument: (index: number) => void): void {
    if (!this.use.after) return;
    const { f } = this;
    const [a, b] = this.operands(rule);
    argument(0);
    f.set(a);
    if (rule.name !== 'logic') {
      argument(1);
      f.set(b);
    }
    this.state = rule;
    this.changed();
  }

  /** What the rule says of arguments 2 and 3, or a number, as argument 0 decides, which may be about the flags. */
  setIf(rule: FlagRule, otherwise: number, argument: (index: number) => void): void {
    if (!this.use.after) return;
    argument(0);
    this.f.set(this.guard);
    this.set({ ...rule, otherwise }, (index) => argument(index + 2));
  }

  /** NZCV is the number that `push` leaves. */
  store(push: () => void): void {
    const { f } = this;
    push();
    f.set(this.number);
    this.state = 'number';
    this.changed();
  }

  /** NZCV is what follows from the comparison of two doubles, the locals for which are given. */
  compared(): readonly [number, number] {
    this.pair ??= [this.f.local(F64), this.f.local(F64)];
    this.state = 'doubles';
    this.changed();
    return this.pair;
  }

  /** Leaves NZCV of the doubles: less, equal, greater, or unordered. */
  private ofDoubles(): void {
    const { f } = this;
    const [x, y] = this.pair!;
    f.i32Const(-0x80000000).i32Const(0x60000000).i32Const(0x20000000).i32Const(0x30000000);
    for (const test of ['gt', 'eq', 'lt'] as const) f.get(x).get(y).op(f64[test]).u8(SELECT);
  }

  /** Leaves NZCV. */
  load(): void {
    const { f, state, calls } = this;
    if (state === 'number') f.get(this.number);
    else if (state === 'doubles') this.ofDoubles();
    else {
      this.materialise();
      this.changed();
      f.i64Const(0).i32Const(0).call(calls.flags).op(i32.wrap_i64);
    }
  }

  carry(): void {
    const { f, state } = this;
    if (typeof state === 'object' && state.name === 'sub' && state.otherwise === undefined) this.compare(state, 'ge_u');
    else if (state === 'doubles') this.testDoubles(CS!);
    else {
      this.load();
      f.i32Const(29).op(i32.shr_u).i32Const(1).op(i32.and);
    }
  }

  /** Leaves whether NZCV is among the combinations of a mask. */
  condition(mask: number): void {
    const { f, state } = this;
    const condition = CONDITIONS.get(mask);
    if (condition === undefined) {
      f.i32Const(1);
      return;
    }
    if (state === 'doubles') {
      this.testDoubles(condition);
      return;
    }
    if (typeof state === 'object' && this.test(state, condition)) {
      if (state.otherwise === undefined) return;
      f.get(this.guard);
      if ((mask >> (state.otherwise >>> 28)) & 1) f.op(i32.eqz).op(i32.or);
      else f.op(i32.and);
      return;
    }
    f.i32Const(mask);
    this.load();
    f.i32Const(28).op(i32.shr_u).op(i32.shr_u).i32Const(1).op(i32.and);
  }

  private testDoubles(condition: number): void {
    const { f } = this;
    const [x, y] = this.pair!;
    const [name, fails] = DOUBLE_TESTS.get(condition) ?? [condition === VS ? 'ne' : 'eq', false];
    f.get(x)
      .get(condition === VS || condition === VC ? x : y)
      .op(f64[name]);
    if (fails) f.op(i32.eqz);
  }

  /** False: the rule has no short way to the condition. */
  private test(rule: FlagRule, condition: number): boolean {
    const { f } = this;
    const names = rule.bits === 64 ? i64 : i32;
    const [a, b] = this.operands(rule);
    if (rule.name === 'sub') {
      const comparison = COMPARISONS.get(condition);
      if (comparison) {
        this.compare(rule, comparison);
        return true;
      }
    }
    const against = (test: keyof typeof i64 & keyof typeof i32): true => {
      if (rule.bits === 64) f.i64Const(0);
      else f.i32Const(0);
      f.op(names[test]);
      return true;
    };
    if (rule.name === 'logic') {
      const test = LOGIC_TESTS.get(condition)!;
      if (typeof test === 'number') {
        f.i32Const(test);
        return true;
      }
      f.get(a);
      return against(test);
    }
    const test = RESULT_TESTS.get(condition);
    if (test === undefined) return false;
    f.get(a)
      .get(b)
      .op(rule.name === 'sub' ? names.sub : names.add);
    return against(test);
  }

  private compare(rule: FlagRule, comparison: keyof typeof i64 & keyof typeof i32): void {
    const [a, b] = this.operands(rule);
    this.f
      .get(a)
      .get(b)
      .op((rule.bits === 64 ? i64 : i32)[comparison]);
  }
}
