/** What the translator knows of an instruction, wherever it stands. */

import type { Decoder } from '../../isa/decoder.ts';
import type { Operation } from '../../isa/operation.ts';
import { isBranchOffset } from '../interpreter/forms.ts';
import { AT_NZCV, AT_SP, AT_V, AT_X, AT_X30 } from '../layout.ts';
import { type Schedule, schedule } from '../wasm/emit.ts';
import type { Helper } from '../wasm/helpers.ts';
import { CONTROL, GENERAL, type Node, type Place, type Trace, VECTOR } from '../wasm/ir.ts';
import { V128_LOAD, V128_STORE } from '../wasm/opcodes.ts';
import { type Base, symbolicTrace } from '../wasm/trace.ts';
import { isDouble } from './doubles.ts';

/** General registers as bits of a word, sp is bit 31; and SIMD and floating-point registers as bits of another one. */
export interface Registers {
  readonly general: number;
  readonly vector: number;
}

export const SP = 31;
/** The zero register. */
export const ZERO = -1;
const LINK = 30;

/** How an instruction ends: it is followed by the next one, it may or will go elsewhere, or it is left to the interpreter. */
export type Ending = 'next' | 'branchIf' | 'branch' | 'jump' | 'stop';

type StateBody = Extract<Node['body'], { kind: 'loadState' | 'storeState' }>;
type Access = Node & { readonly body: StateBody };

/** What follows from an operation and the kind of its base register. */
interface Form {
  readonly schedule: Schedule;
  /** Nodes that read and write general and vector registers. */
  readonly accesses: readonly Access[];
  /** By position in `accesses`: whether they take the register for a double. */
  readonly asDouble: readonly (boolean | undefined)[];
  readonly ending: Ending;
  /** It writes the link register as calls do. */
  readonly links: boolean;
  /** It may turn out to be one for the interpreter; nothing has changed then. */
  readonly mayStop: boolean;
  readonly readsFlags: boolean;
  readonly writesFlags: boolean;
  readonly helpers: readonly Helper[];
}

export interface Instruction extends Form {
  readonly operation: Operation;
  readonly operands: readonly (number | bigint)[];
  readonly reads: Registers;
  readonly writes: Registers;
  /** Vector registers of which more than the low half is used. */
  readonly wide: number;
  /** Vector registers that are used as doubles, and as something else. */
  readonly doubles: number;
  readonly others: number;
  /** Of branches: the distance in bytes. */
  readonly offset: number;
  /** A jump to the link register. */
  readonly returns: boolean;
}

/** Words that are remembered. */
const MAX_KNOWN = 20000;

export class Instructions {
  private readonly decoder: Decoder;
  private readonly known = new Map<number, Instruction | undefined>();
  private readonly forms = new Map<number, Form>();

  constructor(decoder: Decoder) {
    this.decoder = decoder;
  }

  /** undefined: an unallocated encoding. */
  get(word: number): Instruction | undefined {
    // V8 keeps numbers of 32 bits with a sign in place, and others in objects.
    const key = word | 0;
    let instruction = this.known.get(key);
    if (instruction === undefined && !this.known.has(key)) {
      if (this.known.size === MAX_KNOWN) this.known.clear();
      instruction = this.decode(word);
      this.known.set(key, instruction);
    }
    return instruction;
  }

  private decode(word: number): Instruction | undefined {
    const decoded = this.decoder.decode(word);
    if (!decoded) return undefined;
    const { operation, operands } = decoded;
    const slots = operation.template.operands;
    let base: Base = 'other';
    let offset = 0;
    slots.forEach((slot, i) => {
      if (slot.base && operands[i] === 31) base = 'sp';
      if (isBranchOffset(slot)) offset = Number(operands[i]);
    });
    const form = this.form(operation, base);
    const reads = { general: 0, vector: 0 };
    const writes = { general: 0, vector: 0 };
    let [wide, doubles, others] = [0, 0, 0];
    form.accesses.forEach(({ body, reads: read, writes: written }, i) => {
      const domain = read | written;
      const register = registerOf(operation, operands, body.place, domain === VECTOR);
      if (register === ZERO) return;
      const set = body.kind === 'loadState' ? reads : writes;
      if (domain === GENERAL) set.general |= 1 << register;
      else set.vector |= 1 << register;
      if (body.opcode === V128_LOAD || body.opcode === V128_STORE) wide |= 1 << register;
      const asDouble = form.asDouble[i];
      if (asDouble === true) doubles |= 1 << register;
      else if (asDouble === false) others |= 1 << register;
    });
    const returns = form.ending === 'jump' && !form.links && reads.general === 1 << LINK;
    // Spelled out: spreading takes V8 the slow way, and this runs for every instruction.
    const { schedule, accesses, asDouble, ending, links, mayStop, readsFlags, writesFlags, helpers } = form;
    return {
      schedule,
      accesses,
      asDouble,
      ending,
      links,
      mayStop,
      readsFlags,
      writesFlags,
      helpers,
      operation,
      operands,
      reads,
      writes,
      wide,
      doubles,
      others,
      offset,
      returns,
    };
  }

  private form(operation: Operation, base: Base): Form {
    const key = 2 * operation.index + Number(base === 'sp');
    let form = this.forms.get(key);
    if (!form) {
      form = formOf(symbolicTrace(operation, base));
      this.forms.set(key, form);
    }
    return form;
  }
}

function formOf(nodes: Trace): Form {
  let ending: Ending = 'next';
  let [links, mayStop, readsFlags, writesFlags, changed] = [false, false, false, false, false];
  const helpers: Helper[] = [];
  for (const { body, args, writes } of nodes) {
    if (body.kind === 'window' || body.kind === 'trapIf') {
      mayStop = true;
      // What has begun cannot be left to the interpreter any more.
      if (changed) ending = 'stop';
    }
    if (body.kind === 'trap' || body.kind === 'yield') ending = 'stop';
    if (body.kind === 'call' || body.kind === 'setFlagsBy') {
      if (body.helper.build === undefined) ending = 'stop';
      else if (!helpers.includes(body.helper)) helpers.push(body.helper);
    }
    if (body.kind === 'branch' && ending === 'next') ending = args.length > 1 ? 'branchIf' : 'branch';
    if (body.kind === 'jump' && ending === 'next') ending = 'jump';
    if (body.kind === 'condition' || body.kind === 'carry' || (body.kind === 'loadState' && body.place.offset === AT_NZCV))
      readsFlags = true;
    if (
      body.kind === 'setFlags' ||
      body.kind === 'setFlagsIf' ||
      body.kind === 'setFlagsBy' ||
      (body.kind === 'storeState' && body.place.offset === AT_NZCV)
    )
      writesFlags = true;
    if (body.kind === 'storeState' && body.place.slot === undefined && body.place.offset === AT_X30) links = true;
    if (writes & ~CONTROL) changed = true;
  }
  const accesses = nodes.filter(isAccess);
  const asDouble = accesses.map((access) => isDouble(access, nodes));
  return { schedule: schedule(nodes), accesses, asDouble, ending, links, mayStop, readsFlags, writesFlags, helpers };
}

function isAccess(node: Node): node is Access {
  const domain = node.reads | node.writes;
  return (node.body.kind === 'loadState' || node.body.kind === 'storeState') && (domain === GENERAL || domain === VECTOR);
}

/** The number of the register at a place: SP, ZERO, or as it is encoded. */
export function registerOf(operation: Operation, operands: readonly (number | bigint)[], { slot, offset }: Place, vector: boolean): number {
  if (slot === undefined) return offset === AT_SP ? SP : (offset - AT_X) / 8;
  const register = operands[operation.template.operands.indexOf(slot)] as number;
  if (vector || register !== 31) return register;
  return slot.sp ? SP : ZERO;
}

/** Byte address of a general register. */
export const atGeneral = (register: number): number => (register === SP ? AT_SP : AT_X + 8 * register);
export const atVector = (register: number): number => AT_V + 16 * register;
