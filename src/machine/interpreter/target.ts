/** Code of one form for the interpreter: operands come from the record, registers and state from memory. */

import type { OperandSlot } from '../../isa/operation.ts';
import { ACCESS_READ, ACCESS_WRITE, TRAP_FUEL } from '../../platform/cpu.ts';
import {
  AT_BOUNCE,
  AT_FUEL,
  AT_PAGE,
  AT_PAGE_RECORDS,
  AT_READ_TABLE,
  AT_TARGET,
  AT_TRAP,
  AT_TRAP_ADDRESS,
  AT_TRAP_SYNDROME,
  AT_WRITE_TABLE,
  AT_ZERO,
} from '../layout.ts';
import type { Target } from '../wasm/emit.ts';
import { FunctionBuilder, type Label } from '../wasm/function.ts';
import type { Helper } from '../wasm/helpers.ts';
import type { Node } from '../wasm/ir.ts';
import { I32, I32_LOAD, I32_LOAD16_U, I32_STORE, I64, I64_LOAD, I64_LOAD16_U, I64_LOAD32_S, I64_STORE, i32, i64 } from '../wasm/opcodes.ts';
import { BRANCH_BACKWARD, BRANCH_FAR } from './forms.ts';

/** What an out-of-line form returns instead of the next record. */
export const STOP = 0; // a trap is recorded; the pc stays on the instruction
export const JUMP = 1; // go to the address at AT_TARGET
export const STOP_AFTER = 2; // a trap is recorded; the pc goes to the next instruction

/** Functions that the code of forms calls. */
export interface Calls {
  /** (address, bytes, access) → place in RAM minus one, or 0 with a trap recorded. */
  readonly window: number;
  /** Copies the bounce buffer to where it belongs. */
  readonly commit: number;
  helper(helper: Helper): number;
}

/** Where an inline form may go. */
export interface LoopLabels {
  /** Execute the record in the local `record`. */
  readonly loop: Label;
  /** Go to the address in the local `target`. */
  readonly jump: Label;
  /** Execute the record by its out-of-line version, which knows all the rare cases. Nothing has been changed yet. */
  readonly slow: Label;
  /** The quantum is used up: stop before the record in the local `record`. */
  readonly fuel: Label;
  readonly target: number;
  readonly readTable: number;
  readonly writeTable: number;
}

/** Definitions touch at most so many bytes at once. */
const MAX_WINDOW = 64;

/** Local of the record in both kinds of functions. */
export const RECORD = 0;

export class FormTarget implements Target {
  readonly f: FunctionBuilder;
  private readonly calls: Calls;
  private readonly labels: LoopLabels | undefined;
  private readonly branch: number;
  /** Control never reaches the end of the form. */
  left = false;

  /** Without labels the form is a function of its own. */
  constructor(f: FunctionBuilder, calls: Calls, labels: LoopLabels | undefined, branch: number) {
    this.f = f;
    this.calls = calls;
    this.labels = labels;
    this.branch = branch;
  }

  emit(node: Node, argument: (index: number) => void): void {
    const { f, labels } = this;
    const { body } = node;
    switch (body.kind) {
      case 'operand':
        this.operand(body.slot);
        return;
      case 'loadState':
        this.place(body.place.slot);
        f.memory(body.opcode, body.place.offset);
        return;
      case 'storeState':
        this.place(body.place.slot);
        argument(0);
        f.memory(body.opcode, body.place.offset);
        return;
      case 'window':
        this.window(body.bytes, body.access, argument);
        return;
      case 'load':
        argument(0);
        f.memory(body.opcode, body.offset + 1).raw(body.immediates);
        return;
      case 'store':
        argument(0);
        argument(1);
        f.memory(body.opcode, body.offset + 1).raw(body.immediates);
        return;
      case 'commit':
        // The fast path never uses the bounce buffer.
        if (labels) return;
        argument(0);
        f.i32Const(AT_BOUNCE - 1)
          .op(i32.eq)
          .if();
        f.call(this.calls.commit).end();
        return;
      case 'call':
        node.args.forEach((_, i) => {
          argument(i);
        });
        f.call(this.calls.helper(body.helper));
        return;
      case 'pc':
        f.i32Const(0).memory(I64_LOAD, AT_PAGE).get(RECORD).i32Const(0).memory(I32_LOAD, AT_PAGE_RECORDS);
        f.op(i32.sub).i32Const(2).op(i32.shr_u).op(i64.extend_i32_u).op(i64.add);
        return;
      case 'trapIf':
        argument(0);
        if (labels) {
          f.brIf(labels.slow);
          return;
        }
        f.if();
        f.i32Const(0);
        argument(1);
        f.memory(I64_STORE, AT_TRAP_ADDRESS);
        this.stop(body.trap, STOP);
        f.end();
        return;
      case 'trap':
        f.i32Const(0);
        argument(0);
        f.memory(I32_STORE, AT_TRAP_SYNDROME);
        this.stop(body.trap, STOP);
        this.left = true;
        return;
      case 'yield':
        this.stop(TRAP_FUEL, STOP_AFTER);
        this.left = true;
        return;
      case 'branch':
        if (node.args.length > 1) {
          argument(1);
          f.if();
          this.transfer(argument);
          f.end();
        } else {
          this.transfer(argument);
          this.left = true;
        }
        return;
      case 'jump':
        if (!labels) f.i32Const(0);
        argument(0);
        this.jump();
        this.left = true;
        return;
      default:
        throw new Error(`cannot emit ${body.kind}`);
    }
  }

  /** Goes on with the following instruction. */
  next(): void {
    const { f, labels } = this;
    if (this.left) return;
    f.get(RECORD).i32Const(16).op(i32.add);
    if (labels) f.set(RECORD).br(labels.loop);
    else f.return();
  }

  /** Restores the zero register after an operand that is both read and written. */
  clearZero(): void {
    this.f.i32Const(0).i64Const(0).memory(I64_STORE, AT_ZERO);
  }

  private operand(slot: OperandSlot): void {
    const { f } = this;
    f.get(RECORD);
    if (slot.kind === 'i64') f.memory(slot.bytes === 8 ? I64_LOAD : slot.bytes === 4 ? I64_LOAD32_S : I64_LOAD16_U, slot.offset);
    else f.memory(slot.bytes === 4 ? I32_LOAD : I32_LOAD16_U, slot.offset);
  }

  private place(slot: OperandSlot | undefined): void {
    if (slot) this.f.get(RECORD).memory(I32_LOAD16_U, slot.offset);
    else this.f.i32Const(0);
  }

  /** The trap's kind is recorded and an out-of-line form left. Inline forms do not trap. */
  private stop(trap: number, result: number): void {
    this.f.i32Const(0).i32Const(trap).memory(I32_STORE, AT_TRAP).i32Const(result).return();
  }

  /** Expects a target address on the stack (above a 0 when out of line). */
  private jump(): void {
    const { f, labels } = this;
    if (labels) f.set(labels.target).br(labels.jump);
    else f.memory(I64_STORE, AT_TARGET).i32Const(JUMP).return();
  }

  private transfer(argument: (index: number) => void): void {
    const { f, labels, branch } = this;
    if (branch === BRANCH_FAR) {
      if (!labels) f.i32Const(0);
      f.i32Const(0).memory(I64_LOAD, AT_PAGE).get(RECORD).i32Const(0).memory(I32_LOAD, AT_PAGE_RECORDS);
      f.op(i32.sub).i32Const(2).op(i32.shr_u).op(i64.extend_i32_u).op(i64.add);
      argument(0);
      f.op(i64.add);
      this.jump();
      return;
    }
    f.get(RECORD);
    argument(0);
    f.op(i32.wrap_i64).i32Const(2).op(i32.shl).op(i32.add);
    if (labels) f.set(RECORD);
    if (branch === BRANCH_BACKWARD) this.burn();
    if (labels) f.br(labels.loop);
    else f.return();
  }

  /** One unit of fuel. Who executes a branch out of line sees for himself whether there was any. */
  private burn(): void {
    const { f, labels } = this;
    const rest = f.local(I32);
    f.i32Const(0).i32Const(0).memory(I32_LOAD, AT_FUEL).i32Const(1).op(i32.sub).tee(rest).memory(I32_STORE, AT_FUEL);
    if (labels) f.get(rest).i32Const(0).op(i32.lt_s).brIf(labels.fuel);
    f.release(rest);
  }

  /** Leaves the place in RAM, minus one, of checked bytes. */
  private window(bytes: number, access: number, argument: (index: number) => void): void {
    const { f, labels } = this;
    if (labels) {
      const address = f.local(I64);
      argument(0);
      f.set(address);
      look(f, address, bytes, access, () => f.brIf(labels.slow), labels);
      f.release(address);
      return;
    }
    const place = f.local(I32);
    argument(0);
    f.i32Const(bytes).i32Const(access).call(this.calls.window).tee(place).op(i32.eqz).if();
    f.i32Const(STOP).return().end().get(place);
    f.release(place);
  }
}

/**
 * Looks an address up in the tables and leaves the place in RAM, minus one; `miss` goes elsewhere if the condition on the stack holds:
 * what needs more thought. A table entry is
 * the frame's address minus the page's minus one, so the low twelve bits of a valid one are ones, and one comparison finds both
 * invalid entries and accesses that cross the page.
 */
export function look(
  f: FunctionBuilder,
  address: number,
  bytes: number,
  access: number,
  miss: () => void,
  tables?: Pick<LoopLabels, 'readTable' | 'writeTable'>,
): void {
  const low = f.local(I32);
  const entry = f.local(I32);
  f.get(address).i64Const(0xffffffff).op(i64.gt_u);
  miss();
  f.get(address).op(i32.wrap_i64).set(low);
  for (const wanted of [ACCESS_READ, ACCESS_WRITE]) {
    if (!(access & wanted)) continue;
    // V8 makes one instruction of the shift to the left and the sum, but not if the other shift is of 32 bits, too.
    f.get(address).i64Const(12).op(i64.shr_u).op(i32.wrap_i64).i32Const(2).op(i32.shl);
    if (tables) f.get(wanted === ACCESS_READ ? tables.readTable : tables.writeTable);
    else f.i32Const(0).memory(I32_LOAD, wanted === ACCESS_READ ? AT_READ_TABLE : AT_WRITE_TABLE);
    f.op(i32.add).memory(I32_LOAD, 0).tee(entry);
    if (bytes === 1) f.op(i32.eqz);
    else
      f.get(low)
        .i32Const(-1)
        .op(i32.xor)
        .op(i32.and)
        .i32Const(4095)
        .op(i32.and)
        .i32Const(bytes - 1)
        .op(i32.lt_u);
    miss();
  }
  f.get(low).get(entry).op(i32.add);
  f.release(low);
  f.release(entry);
}

/** (address, bytes, access) → place in RAM minus one, or 0 with a trap recorded: what out-of-line forms call. */
export function windowFunction(translate: number): FunctionBuilder {
  const f = new FunctionBuilder([I64, I32, I32], [I32]);
  const [address, bytes, access] = [0, 1, 2];
  const miss = f.block();
  // The largest size stands for all of them: what it sends the long way unnecessarily is rare.
  for (const wanted of [ACCESS_READ, ACCESS_WRITE, ACCESS_READ | ACCESS_WRITE]) {
    f.get(access).i32Const(wanted).op(i32.eq).if();
    look(f, address, MAX_WINDOW, wanted, () => f.brIf(miss));
    f.return().end();
  }
  f.end();
  f.get(address).op(i32.wrap_i64).get(address).i64Const(32).op(i64.shr_u).op(i32.wrap_i64).get(bytes).get(access).call(translate);
  return f;
}
