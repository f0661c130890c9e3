/**
 * What one instruction does, as a short linear program in SSA form: the trace of its definition. Order in the list is order of
 * execution; `reads` and `writes` say which parts of the machine's state a node depends on, so that emission may delay a node to
 * its only use when nothing in between changes what it reads.
 */

import type { OperandSlot } from '../../isa/operation.ts';
import type { Helper } from './helpers.ts';
import { I32, type ValueType, VOID } from './opcodes.ts';

/** Parts of the state. */
export const GENERAL = 1; // general registers
export const VECTOR = 2; // SIMD and floating-point registers
export const SYSTEM = 4; // flags, system registers, the exclusive monitor
export const MEMORY = 8;
export const CONTROL = 16; // may leave the instruction

/** A place in the register block: an operand that names a register, or a fixed byte address; plus an offset. */
export interface Place {
  readonly slot: OperandSlot | undefined;
  readonly offset: number;
}

/** How NZCV follows from operands: of a sum, of a difference, of a logical result; of 32 or 64 bits. */
export interface FlagRule {
  readonly name: 'add' | 'sub' | 'logic';
  readonly bits: number;
}

export type Body =
  | { readonly kind: 'const'; readonly value: number | bigint }
  /** An immediate operand; of a register operand, the address of the register. */
  | { readonly kind: 'operand'; readonly slot: OperandSlot }
  /** A pure WebAssembly instruction; `immediates` follow its opcode. */
  | { readonly kind: 'pure'; readonly opcode: number; readonly immediates: readonly number[] }
  | { readonly kind: 'loadState'; readonly opcode: number; readonly place: Place }
  | { readonly kind: 'storeState'; readonly opcode: number; readonly place: Place }
  /** Checks `bytes` bytes at args[0] for `access`; the value stands for their place in RAM. */
  | { readonly kind: 'window'; readonly bytes: number; readonly access: number }
  | { readonly kind: 'load'; readonly opcode: number; readonly offset: number; readonly immediates: readonly number[] }
  | { readonly kind: 'store'; readonly opcode: number; readonly offset: number; readonly immediates: readonly number[] }
  | { readonly kind: 'commit' }
  | { readonly kind: 'call'; readonly helper: Helper }
  /** Only of symbolic traces (trace.ts): NZCV of a rule's operands, computed by args[0]. */
  | { readonly kind: 'flags'; readonly rule: FlagRule; readonly operands: readonly Node[] }
  /** NZCV := what the rule says of the arguments. */
  | { readonly kind: 'setFlags'; readonly rule: FlagRule }
  /** … if args[0] is not 0, else args[1], an operand; the rule's arguments follow. */
  | { readonly kind: 'setFlagsIf'; readonly rule: FlagRule }
  /** NZCV := what a comparison of numbers, which is a helper, says of the arguments. */
  | { readonly kind: 'setFlagsBy'; readonly helper: Helper }
  /** Whether NZCV is among the combinations of the mask args[0]. */
  | { readonly kind: 'condition' }
  /** The C flag. */
  | { readonly kind: 'carry' }
  /** The address of the instruction. */
  | { readonly kind: 'pc' }
  /** args[0] is not 0: trap with address args[1] (kind from platform/cpu.ts). */
  | { readonly kind: 'trapIf'; readonly trap: number }
  /** Trap with syndrome args[0]. */
  | { readonly kind: 'trap'; readonly trap: number }
  /** Leave the instruction's end with TRAP_FUEL. */
  | { readonly kind: 'yield' }
  /** To pc + args[0], if args[1] (when present) is not 0. */
  | { readonly kind: 'branch' }
  /** To the address args[0]. */
  | { readonly kind: 'jump' };

export interface Node {
  readonly index: number;
  readonly type: ValueType;
  readonly args: readonly Node[];
  readonly reads: number;
  readonly writes: number;
  readonly body: Body;
}

/** What one instruction does: a finished trace. */
export type Trace = readonly Node[];

/** The trace under construction; used for one after another. Equal pure nodes are one node. */
export class Ir {
  private nodes: Node[] = [];
  private readonly known = new Map<string, Node>();

  /** Ends the trace and begins a new one. */
  take(): Trace {
    const { nodes } = this;
    this.nodes = [];
    this.known.clear();
    return nodes;
  }

  add(type: ValueType, args: readonly Node[], reads: number, writes: number, body: Body): Node {
    const node: Node = { index: this.nodes.length, type, args, reads, writes, body };
    this.nodes.push(node);
    return node;
  }

  private unique(key: string, create: () => Node): Node {
    let node = this.known.get(key);
    if (!node) {
      node = create();
      this.known.set(key, node);
    }
    return node;
  }

  const(type: ValueType, value: number | bigint): Node {
    // Negative zero is a value of its own.
    const text = Object.is(value, -0) ? '-0' : `${value}`;
    return this.unique(`c${type}:${text}`, () => this.add(type, [], 0, 0, { kind: 'const', value }));
  }

  pure(type: ValueType, opcode: number, args: readonly Node[], immediates: readonly number[] = []): Node {
    const key = `p${opcode}:${args.map((a) => a.index)}:${immediates}`;
    return this.unique(key, () => this.add(type, args, 0, 0, { kind: 'pure', opcode, immediates }));
  }

  operand(slot: OperandSlot): Node {
    return this.unique(`o${slot.name}`, () => this.add(slot.kind === 'i64' ? 0x7e : I32, [], 0, 0, { kind: 'operand', slot }));
  }

  loadState(domain: number, type: ValueType, opcode: number, place: Place): Node {
    return this.add(type, [], domain, 0, { kind: 'loadState', opcode, place });
  }

  storeState(domain: number, opcode: number, place: Place, value: Node): void {
    this.add(VOID, [value], 0, domain, { kind: 'storeState', opcode, place });
  }

  /** A call of a helper, which may also read and write state. */
  call(helper: Helper, args: readonly Node[]): Node {
    return this.add(helper.result, args, helper.reads, helper.writes, { kind: 'call', helper });
  }

  /** The flags are what a comparison yields, which is not computed then. */
  setFlagsBy(comparison: Node): void {
    const { index, args, reads, writes, body } = comparison;
    if (body.kind !== 'call') throw new Error('not a call');
    this.nodes[index] = { index, type: I32, args: [], reads: 0, writes: 0, body: { kind: 'const', value: 0 } };
    this.add(VOID, args, reads, writes, { kind: 'setFlagsBy', helper: body.helper });
  }

  effect(writes: number, args: readonly Node[], body: Body): Node {
    return this.add(VOID, args, 0, writes, body);
  }
}
