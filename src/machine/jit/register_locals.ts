/**
 * Guest registers in locals of a region's function. A SIMD and floating-point register of which the region uses the low half only is
 * an i64, or an f64 if that is what it is mostly used as; what its upper half becomes (zeros) is stored at once.
 */

import type { FunctionBuilder } from '../wasm/function.ts';
import type { Place } from '../wasm/ir.ts';
import { F64, F64_LOAD, F64_STORE, I64, I64_LOAD, I64_STORE, i32, V128, V128_LOAD, V128_STORE } from '../wasm/opcodes.ts';
import { f64x2, lanes } from '../wasm/simd_opcodes.ts';
import { doublesOf } from './doubles.ts';
import { follows } from './flag_state.ts';
import type { Flow, FlowBlock } from './flow.ts';
import { atGeneral, atVector, type Instruction, type Registers, registerOf, ZERO } from './instruction.ts';
import { bitsOf } from './register_set.ts';

const NONE: Registers = { general: 0, vector: 0 };

export class RegisterLocals {
  private readonly f: FunctionBuilder;
  /** Vector registers that need all of their bits. */
  private readonly wide: number;
  /** Others that are doubles. */
  private readonly doubles: number;
  /** Those in locals at this point of the block. */
  private held: Registers = NONE;
  /** Vector registers whose upper half has become zero in this block, or in one that only it comes after. */
  private cleared = 0;
  private block!: FlowBlock;
  private readonly clearedAtEnd = new Map<FlowBlock, number>();
  private readonly general = new Map<number, number>();
  private readonly vector = new Map<number, number>();

  constructor(f: FunctionBuilder, { blocks, wide }: Pick<Flow, 'blocks' | 'wide'>) {
    this.f = f;
    this.wide = wide;
    this.doubles = doublesOf(blocks) & ~wide;
  }

  /** A block begins. */
  begin(block: FlowBlock): void {
    const { heldIn, predecessors } = block;
    this.held = { general: heldIn.general, vector: heldIn.vector };
    this.block = block;
    this.cleared = follows(block) ? (this.clearedAtEnd.get(predecessors[0]!) ?? 0) : 0;
    this.clearedAtEnd.set(block, this.cleared);
  }

  /** An instruction begins, and gets what it reads. */
  prepare({ reads, writes }: Instruction): void {
    const { general, vector } = this.held;
    this.get({ general: reads.general & ~general, vector: reads.vector & ~vector });
    this.held = { general: general | reads.general | writes.general, vector: vector | reads.vector | writes.vector };
  }

  /** Gets what a block wants in locals and what is not there at the end of another one. */
  enter({ heldIn }: FlowBlock, { general, vector }: Registers = NONE): void {
    this.get({ general: heldIn.general & ~general, vector: heldIn.vector & ~vector });
  }

  private generalLocal(register: number): number {
    return localOf(this.general, register, () => this.f.local(I64));
  }

  private vectorLocal(register: number): number {
    return localOf(this.vector, register, () => this.f.local(this.choose(register, V128, F64, I64)));
  }

  private isWide(register: number): boolean {
    return (this.wide & (1 << register)) !== 0;
  }

  private isDouble(register: number): boolean {
    return (this.doubles & (1 << register)) !== 0;
  }

  /** By what the register is a local of. */
  private choose(register: number, wide: number, double: number, pattern: number): number {
    if (this.isWide(register)) return wide;
    return this.isDouble(register) ? double : pattern;
  }

  loadGeneral({ operation, operands }: Instruction, place: Place, opcode: number): void {
    const { f } = this;
    const register = registerOf(operation, operands, place, false);
    if (register === ZERO) {
      if (opcode === I64_LOAD) f.i64Const(0);
      else f.i32Const(0);
      return;
    }
    f.get(this.generalLocal(register));
    if (opcode !== I64_LOAD) f.op(i32.wrap_i64);
  }

  storeGeneral({ operation, operands }: Instruction, place: Place, push: () => void): void {
    const { f } = this;
    const register = registerOf(operation, operands, place, false);
    push();
    if (register === ZERO) f.drop();
    else f.set(this.generalLocal(register));
  }

  loadVector({ operation, operands }: Instruction, place: Place, opcode: number): void {
    const { f } = this;
    const register = registerOf(operation, operands, place, true);
    f.get(this.vectorLocal(register));
    if (opcode === V128_LOAD) return;
    const wide = this.isWide(register);
    if (wide && opcode !== I64_LOAD) {
      f.op(lanes[32].extract_u).u8(0);
      return;
    }
    if (wide) f.op(f64x2.extract).u8(0);
    if (wide || this.isDouble(register)) f.doubleToPattern();
    if (opcode !== I64_LOAD) f.op(i32.wrap_i64);
  }

  /** A value of 64 bits comes with zeros above, which are a store of their own. */
  storeVector({ operation, operands }: Instruction, place: Place, opcode: number, push: () => void): void {
    const { f } = this;
    const register = registerOf(operation, operands, place, true);
    const wide = this.isWide(register);
    if (place.offset === 8) {
      if (!wide && !(this.cleared & (1 << register))) this.clearUpper(register);
      return;
    }
    if (wide && opcode === I64_STORE) {
      f.v128Const(0n);
      push();
      f.patternToDouble().op(f64x2.replace).u8(0);
    } else push();
    if (this.isDouble(register)) f.patternToDouble();
    f.set(this.vectorLocal(register));
  }

  private clearUpper(register: number): void {
    this.f
      .i32Const(0)
      .i64Const(0)
      .memory(I64_STORE, atVector(register) + 8);
    this.cleared |= 1 << register;
    this.clearedAtEnd.set(this.block, this.cleared);
  }

  /** From the register block. */
  private get({ general, vector }: Registers): void {
    const { f } = this;
    for (const register of bitsOf(general)) f.i32Const(0).memory(I64_LOAD, atGeneral(register)).set(this.generalLocal(register));
    for (const register of bitsOf(vector)) {
      f.i32Const(0)
        .memory(this.choose(register, V128_LOAD, F64_LOAD, I64_LOAD), atVector(register))
        .set(this.vectorLocal(register));
    }
  }

  writeBack({ general, vector }: Registers): void {
    const { f } = this;
    for (const register of bitsOf(general)) f.i32Const(0).get(this.generalLocal(register)).memory(I64_STORE, atGeneral(register));
    for (const register of bitsOf(vector)) {
      f.i32Const(0)
        .get(this.vectorLocal(register))
        .memory(this.choose(register, V128_STORE, F64_STORE, I64_STORE), atVector(register));
    }
  }
}

function localOf(locals: Map<number, number>, register: number, make: () => number): number {
  let local = locals.get(register);
  if (local === undefined) {
    local = make();
    locals.set(register, local);
  }
  return local;
}
