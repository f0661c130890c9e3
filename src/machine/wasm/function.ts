/** One function under construction: code, labels and pooled locals. */

import { Code } from './code.ts';
import {
  BLOCK,
  BR,
  BR_IF,
  CALL,
  DROP,
  ELSE,
  END,
  IF,
  LOCAL_GET,
  LOCAL_SET,
  LOCAL_TEE,
  LOOP,
  RETURN,
  type ValueType,
  VOID,
} from './opcodes.ts';

export type Label = number;

export class FunctionBuilder extends Code {
  private depth = 0;
  private readonly localTypes: ValueType[] = [];
  private readonly free = new Map<ValueType, number[]>();
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];

  constructor(params: readonly ValueType[], results: readonly ValueType[]) {
    super();
    this.params = params;
    this.results = results;
  }

  /** A local to be written before it is read; give it back with `release`. */
  local(type: ValueType): number {
    const pooled = this.free.get(type)?.pop();
    if (pooled !== undefined) return pooled;
    this.localTypes.push(type);
    return this.params.length + this.localTypes.length - 1;
  }

  release(local: number): void {
    const type = this.localTypes[local - this.params.length]!;
    const list = this.free.get(type);
    if (list) list.push(local);
    else this.free.set(type, [local]);
  }

  get(local: number): this {
    return this.u8(LOCAL_GET).u32(local);
  }

  set(local: number): this {
    return this.u8(LOCAL_SET).u32(local);
  }

  tee(local: number): this {
    return this.u8(LOCAL_TEE).u32(local);
  }

  private enter(opcode: number, type: ValueType): Label {
    this.u8(opcode).u8(type);
    this.depth += 1;
    return this.depth;
  }

  block(type: ValueType = VOID): Label {
    return this.enter(BLOCK, type);
  }

  loop(): Label {
    return this.enter(LOOP, VOID);
  }

  if(type: ValueType = VOID): Label {
    return this.enter(IF, type);
  }

  else(): this {
    return this.u8(ELSE);
  }

  end(): this {
    this.depth -= 1;
    return this.u8(END);
  }

  /** How many levels out a label is, for br_table. */
  distance(label: Label): number {
    return this.depth - label;
  }

  br(label: Label): this {
    return this.u8(BR).u32(this.distance(label));
  }

  brIf(label: Label): this {
    return this.u8(BR_IF).u32(this.distance(label));
  }

  drop(): this {
    return this.u8(DROP);
  }

  return(): this {
    return this.u8(RETURN);
  }

  call(index: number): this {
    return this.u8(CALL).u32(index);
  }

  /** The function's entry in the code section: local declarations, code, end. */
  body(): Code {
    const groups: [number, ValueType][] = [];
    for (const type of this.localTypes) {
      const last = groups.at(-1);
      if (last && last[1] === type) last[0] += 1;
      else groups.push([1, type]);
    }
    const body = new Code().u32(groups.length);
    for (const [count, type] of groups) body.u32(count).u8(type);
    return body.raw(this.bytes()).u8(END);
  }
}
