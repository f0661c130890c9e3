/**
 * A region as a WebAssembly function. Guest registers live in locals; what is live is read at the entry and after calls, what has
 * changed is written back where the region is left.
 */

import { ADDRESS_BITS, EXHAUSTED, exhaustedBits, REASON_SHIFT, REGION_PARAMS, REGION_RESULTS, STEP } from '../interpreter/region_calls.ts';
import { look } from '../interpreter/target.ts';
import { AT_FPCR, AT_FPSR, AT_FUEL, AT_READ_TABLE, AT_WRITE_TABLE } from '../layout.ts';
import { emit, type Target } from '../wasm/emit.ts';
import { FunctionBuilder, type Label } from '../wasm/function.ts';
import { GENERAL, type Node, VECTOR } from '../wasm/ir.ts';
import { I32, I32_LOAD, I32_STORE, I64, i32, i64, UNREACHABLE } from '../wasm/opcodes.ts';
import { type CodePage, DEPTH, type RegionCalls, refuse } from './entry.ts';
import { FlagState, follows } from './flag_state.ts';
import { FloatState } from './float_state.ts';
import { analyse, type FlagUse, type Flow, type FlowBlock, flagUses, indexOfSet } from './flow.ts';
import type { Instruction, Registers } from './instruction.ts';
import { addressOf, burns, type Region } from './region.ts';
import { RegisterLocals } from './register_locals.ts';
import { Structure } from './structure.ts';

/** The low two bits of a side exit's number say why; the others are the distance of the pc from the entry's. */
const PC_MASK = -4;

class RegionEmitter implements Target {
  readonly f = new FunctionBuilder(REGION_PARAMS, REGION_RESULTS);
  private readonly region: Region;
  private readonly calls: RegionCalls;
  private readonly flow: Flow;
  private readonly registers: RegisterLocals;
  private readonly fuel = this.f.local(I32);
  private readonly tables = { readTable: this.f.local(I32), writeTable: this.f.local(I32) };
  private readonly flags: FlagState;
  private readonly floats: FloatState;
  private readonly structure: Structure;
  /** By position in `flow.exits`. */
  private exits: readonly Label[] = [];
  /** What is being emitted. */
  private block!: FlowBlock;
  private instruction!: Instruction;
  private use!: FlagUse;
  private pc = 0;
  /** What has been changed since the state was last written back. */
  private dirty: Registers = { general: 0, vector: 0 };

  constructor(region: Region, calls: RegionCalls) {
    this.region = region;
    this.calls = calls;
    this.flow = analyse(region);
    this.registers = new RegisterLocals(this.f, this.flow);
    this.flags = new FlagState(this.f, calls);
    this.floats = new FloatState(this.f, this.flow.blocks);
    this.structure = new Structure(this.f, this.flow, (block) => this.code(block));
  }

  build(pages: readonly CodePage[]): FunctionBuilder {
    const { f, flow, region } = this;
    const first = flow.blocks[0]!;
    refuse(f, region.entry, pages, this.fuel);
    f.i32Const(0).memory(I32_LOAD, AT_READ_TABLE).set(this.tables.readTable);
    f.i32Const(0).memory(I32_LOAD, AT_WRITE_TABLE).set(this.tables.writeTable);
    this.registers.enter(first);
    this.floats.read();
    const left = f.block(I32);
    this.exits = flow.exits.map(() => f.block(I32));
    this.structure.build();
    f.op(UNREACHABLE);
    // Every exit leaves a number on the stack.
    for (const dirty of flow.exits.toReversed()) {
      f.end();
      this.registers.writeBack(dirty);
      f.br(left);
    }
    this.leaveFunction();
    return f;
  }

  /** The end of all exits. */
  private leaveFunction(): void {
    const { f } = this;
    const number = f.local(I32);
    f.end().set(number);
    f.i32Const(0).get(this.fuel).memory(I32_STORE, AT_FUEL);
    f.get(number).i32Const(PC_MASK).op(i32.and).op(i64.extend_i32_s).i64Const(this.region.entry).op(i64.add);
    f.get(number).i32Const(~PC_MASK).op(i32.and).op(i64.extend_i32_u).i64Const(REASON_SHIFT).op(i64.shl).op(i64.or).return();
    f.release(number);
  }

  /** The instructions of a block and what comes after it. */
  private code(block: FlowBlock): void {
    const { block: before, instruction, pc } = this;
    this.block = block;
    this.flags.begin(this.flow.reducible ? block : undefined);
    const uses = flagUses(block);
    this.pc = block.pc;
    let { general, vector } = block.dirtyIn;
    this.registers.begin(block);
    block.instructions.forEach((instruction, i) => {
      this.instruction = instruction;
      this.use = uses[i]!;
      this.flags.use = this.use;
      this.dirty = { general, vector };
      this.registers.prepare(instruction);
      emit(instruction.schedule, this);
      general |= instruction.writes.general;
      vector |= instruction.writes.vector;
      this.pc += 4;
    });
    const last = block.instructions.at(-1);
    this.pc -= 4;
    if (block.stops) this.leave(this.pc + 4, STEP, block.dirty, true);
    else if (last === undefined || last.ending === 'next') this.transfer(block, 0);
    Object.assign(this, { block: before, instruction, pc });
  }

  emit(node: Node, argument: (index: number) => void): void {
    const { f, instruction, calls } = this;
    const { body } = node;
    switch (body.kind) {
      case 'operand': {
        const value = instruction.operands[instruction.operation.template.operands.indexOf(body.slot)]!;
        if (body.slot.kind === 'i64') f.i64Const(value);
        else f.i32Const(Number(value));
        return;
      }
      case 'loadState':
        if (node.reads === VECTOR) this.registers.loadVector(instruction, body.place, body.opcode);
        else if (node.reads === GENERAL) this.registers.loadGeneral(instruction, body.place, body.opcode);
        else if (this.flags.isNzcv(body.place)) this.flags.load();
        else f.i32Const(0).memory(body.opcode, body.place.offset);
        return;
      case 'storeState':
        if (node.writes === VECTOR) this.registers.storeVector(instruction, body.place, body.opcode, () => argument(0));
        else if (node.writes === GENERAL) this.registers.storeGeneral(instruction, body.place, () => argument(0));
        else if (this.flags.isNzcv(body.place)) this.flags.store(() => argument(0));
        else {
          f.i32Const(0);
          argument(0);
          f.memory(body.opcode, body.place.offset);
          if (body.place.offset === AT_FPCR || body.place.offset === AT_FPSR) this.floats.read();
        }
        return;
      case 'flags':
        argument(0);
        return;
      case 'setFlags':
        this.flags.set(body.rule, argument);
        return;
      case 'setFlagsIf':
        this.flags.setIf(body.rule, Number(instruction.operands[this.slotOf(node.args[1]!)]!), argument);
        return;
      case 'setFlagsBy':
        this.floats.compare(body.helper, calls.helper(body.helper), argument, this.flags.compared());
        return;
      case 'condition':
        this.flags.condition(Number(instruction.operands[this.slotOf(node.args[0]!)]!));
        return;
      case 'carry':
        this.flags.carry();
        return;
      case 'window': {
        const address = f.local(I64);
        argument(0);
        f.set(address);
        look(f, address, body.bytes, body.access, () => this.stopIf(), this.tables);
        f.release(address);
        return;
      }
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
        return;
      case 'call':
        this.floats.call(body.helper, calls.helper(body.helper), argument);
        return;
      case 'pc':
        f.i64Const(this.pc);
        return;
      case 'trapIf':
        argument(0);
        this.stopIf();
        return;
      case 'branch':
        if (node.args.length > 1) {
          argument(1);
          const { state } = this.flags;
          f.if();
          this.transfer(this.block, 0);
          f.else();
          this.flags.state = state;
          this.transfer(this.block, 1);
          f.end();
        } else if (this.block.calls) this.callDirectly(this.pc + instruction.offset);
        else this.transfer(this.block, 0);
        return;
      case 'jump':
        this.jump(() => argument(0));
        return;
      default:
        throw new Error(`cannot emit ${body.kind}`);
    }
  }

  private slotOf(node: Node): number {
    const { body } = node;
    if (body.kind !== 'operand') throw new Error('not an operand');
    return this.instruction.operation.template.operands.indexOf(body.slot);
  }

  private writeBack(registers: Registers): void {
    this.registers.writeBack(registers);
    this.f.i32Const(0).get(this.fuel).memory(I32_STORE, AT_FUEL);
  }

  // Control.

  /** Leaves the region at the instruction if the condition on the stack holds: it is one for the interpreter. */
  private stopIf(): void {
    this.f.if();
    this.leave(this.pc, STEP, this.dirty, this.use.before);
    this.f.end();
  }

  private leave(pc: number, reason: number, { general, vector }: Registers, flags: boolean): void {
    const { f } = this;
    const { state } = this.flags;
    if (flags) this.flags.materialise();
    this.flags.state = state;
    f.i32Const(pc - this.region.entry + reason).br(this.exits[indexOfSet(this.flow.exits, general, vector)]!);
  }

  private burn(): void {
    this.f.get(this.fuel).i32Const(1).op(i32.sub).set(this.fuel);
  }

  /** To a direct successor of the block. */
  private transfer(block: FlowBlock, which: number): void {
    const pc = addressOf(block.successors[which]!);
    const next = block.inside[which];
    const flags = next === undefined || next.flagsLiveIn;
    if (burns(this.pc, pc)) {
      this.burn();
      this.f.get(this.fuel).i32Const(0).op(i32.lt_s).if();
      this.leave(pc, EXHAUSTED, block.dirty, flags);
      this.f.end();
    }
    if (next !== undefined) this.enter(block, next);
    else {
      if (flags) this.flags.materialise();
      this.writeBack(block.dirty);
      this.goOn(pc);
    }
  }

  /** From a block to another one of the region. */
  private enter(block: FlowBlock, next: FlowBlock): void {
    if (next.flagsLiveIn && !(this.flow.reducible && follows(next))) this.flags.materialise();
    this.registers.enter(next, block.heldOut);
    this.structure.goto(next);
  }

  /** Ends the function by another one, everything being written back. */
  private goOn(pc: number): void {
    const { f, calls } = this;
    calls.call(f.i64Const(pc).get(DEPTH), pc, true);
  }

  /** Goes to the address that `push` leaves on the stack. */
  private jump(push: () => void): void {
    const { f, instruction, block } = this;
    const target = f.local(I64);
    push();
    f.set(target);
    this.burn();
    this.jumpInside(target);
    this.flags.materialise();
    // The top byte of a target is ignored.
    const sign = (): FunctionBuilder => f.get(target).i64Const(8).op(i64.shl).i64Const(8).op(i64.shr_s);
    if (block.calls) {
      this.call(() => {
        const [guess] = block.callees;
        if (guess === undefined) {
          sign();
          this.deeper(undefined);
        } else {
          f.get(target).i64Const(guess).op(i64.eq).if(I64);
          f.i64Const(guess);
          this.deeper(guess);
          f.else();
          sign();
          this.deeper(undefined);
          f.end();
        }
      });
    } else {
      this.writeBack(block.dirty);
      this.jumpToGuesses(target);
      if (instruction.returns) {
        f.get(target).i64Const(ADDRESS_BITS).op(i64.and);
        exhaustedBits(f.get(this.fuel)).op(i64.or).return();
      } else this.calls.call(sign().get(DEPTH), undefined, true);
    }
    f.release(target);
  }

  /** Goes on in the region if the address in a local is one of those that are guessed. */
  private jumpInside(target: number): void {
    const { f, block, flags } = this;
    if (!block.jumps || block.inside.every((next) => next === undefined)) return;
    const { state } = flags;
    f.get(this.fuel).i32Const(0).op(i32.ge_s).if();
    for (const next of block.inside) {
      if (next === undefined) continue;
      f.get(target).i64Const(next.pc).op(i64.eq).if();
      this.enter(block, next);
      flags.state = state;
      f.end();
    }
    f.end();
  }

  /** Ends the function by another one's if the address in a local is one of those that are guessed; everything is written back. */
  private jumpToGuesses(target: number): void {
    const { f, block, calls, instruction } = this;
    block.inside.forEach((next, i) => {
      const pc = addressOf(block.successors[i]!);
      if (next !== undefined || (i > 0 && !calls.has(pc) && !instruction.returns)) return;
      f.get(target).i64Const(pc).op(i64.eq).if();
      this.goOn(pc);
      f.end();
    });
  }

  private callDirectly(target: number): void {
    const { f } = this;
    if (burns(this.pc, target)) this.burn();
    this.flags.materialise();
    this.call(() => {
      f.i64Const(target);
      this.deeper(target);
    });
  }

  /** Calls a function for the guest's call of the address on the stack, which is `pc`, if it is known. */
  private deeper(pc: number | undefined): void {
    this.calls.call(this.f.get(DEPTH).i32Const(1).op(i32.add), pc, false);
  }

  /** `callee` leaves what comes back from the guest's call. Whatever it is but the return address is passed on. */
  private call(callee: () => void): void {
    const { f } = this;
    const result = f.local(I64);
    this.writeBack(this.block.dirty);
    callee();
    f.tee(result).i64Const(this.block.returnsTo!).op(i64.ne).if();
    f.get(result).return().end();
    f.release(result);
    f.i32Const(0).memory(I32_LOAD, AT_FUEL).set(this.fuel);
    this.comeBack();
  }

  /** The guest has returned from a call: everything is read again. */
  private comeBack(): void {
    const next = this.block.inside[0];
    if (next === undefined) {
      this.goOn(this.block.returnsTo!);
      return;
    }
    this.registers.enter(next);
    this.floats.read();
    this.structure.goto(next);
  }
}

export const emitRegion = (region: Region, pages: readonly CodePage[], calls: RegionCalls): FunctionBuilder =>
  new RegionEmitter(region, calls).build(pages);
