/**
 * From a trace to WebAssembly code. A node that is used once is computed where it is used, if nothing in between changes what it
 * reads; the others are computed in their place and kept in locals; effects stay in order.
 */

import type { FunctionBuilder } from './function.ts';
import type { Node, Trace } from './ir.ts';
import { DROP, F32, F64, I32, I64, VOID } from './opcodes.ts';

/** What differs between users of a trace: where operands, registers and memory are and how an instruction is left. */
export interface Target {
  readonly f: FunctionBuilder;
  /** Emits any node but constants and pure ones; `argument(i)` pushes an argument. */
  emit(node: Node, argument: (index: number) => void): void;
}

/** The order in which the nodes of a trace are computed. */
export interface Schedule {
  readonly nodes: Trace;
  /** Nodes computed in their place, in order. */
  readonly roots: readonly Node[];
  /** By node index: kept in a local because it is used more than once or its use is too late. */
  readonly kept: readonly boolean[];
  /** Some are. */
  readonly keeps: boolean;
  /** By position in `roots`: the kept nodes that no later root uses. */
  readonly dead: readonly (readonly number[])[];
}

export function schedule(nodes: Trace): Schedule {
  const uses = new Array<number>(nodes.length).fill(0);
  const position = new Array<number>(nodes.length).fill(-1);
  const kept = new Array<boolean>(nodes.length).fill(false);
  const lastUse = new Array<number>(nodes.length).fill(-1);
  const latest = new Array<number>(nodes.length).fill(-1);
  const changed = (reads: number, from: number, to: number): boolean => {
    for (let i = from + 1; i < to; i++) if (nodes[i]!.writes & reads) return true;
    return false;
  };
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    if (node.writes === 0) {
      if (uses[i] === 0) continue;
      if (node.body.kind === 'const') continue;
      if (uses[i] === 1 && !changed(node.reads, i, latest[i]!)) position[i] = latest[i]!;
    } else if (node.body.kind === 'call' && uses[i] === 1 && latest[i] === i + 1 && nodes[i + 1]!.body.kind === 'storeState') {
      // The result is stored right after the call.
      position[i] = i + 1;
    }
    if (position[i] === -1) {
      position[i] = i;
      kept[i] = node.type !== VOID && uses[i]! > 0;
    }
    for (const argument of node.args) {
      const a = argument.index;
      uses[a] = uses[a]! + 1;
      latest[a] = Math.max(latest[a]!, position[i]!);
      lastUse[a] = Math.max(lastUse[a]!, position[i]!);
    }
  }
  const roots = nodes.filter((node) => position[node.index] === node.index && (node.writes !== 0 || uses[node.index]! > 0));
  const dead = roots.map((root) => {
    const ended: number[] = [];
    for (let i = 0; i < root.index; i++) if (kept[i] && lastUse[i] === root.index) ended.push(i);
    return ended;
  });
  return { nodes, roots, kept, keeps: kept.includes(true), dead };
}

const NONE: number[] = [];

export function emit({ nodes, roots, kept, keeps, dead }: Schedule, target: Target): void {
  const { f } = target;
  const locals = keeps ? new Array<number>(nodes.length).fill(-1) : NONE;
  const compute = (node: Node): void => {
    const { body } = node;
    if (body.kind === 'pure') {
      for (const argument of node.args) push(argument);
      f.op(body.opcode).raw(body.immediates);
    } else target.emit(node, (index) => push(node.args[index]!));
  };
  const push = (node: Node): void => {
    if (node.body.kind === 'const') emitConst(f, node.type, node.body.value);
    else if (kept[node.index]) f.get(locals[node.index]!);
    else compute(node);
  };
  roots.forEach((root, i) => {
    compute(root);
    if (kept[root.index]) {
      const local = f.local(root.type);
      locals[root.index] = local;
      f.set(local);
    } else if (root.type !== VOID) f.u8(DROP);
    for (const index of dead[i]!) f.release(locals[index]!);
  });
}

export function emitConst(f: FunctionBuilder, type: number, value: number | bigint): void {
  if (type === I32) f.i32Const(Number(value));
  else if (type === I64) f.i64Const(value);
  else if (type === F32) f.f32Const(Number(value));
  else if (type === F64) f.f64Const(Number(value));
  else f.v128Const(BigInt(value));
}
