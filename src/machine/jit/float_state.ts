/** Floating-point operations of a region: written out as far as FPCR and FPSR allow it, which a local says, called elsewhere. */

import { AT_FPCR, AT_FPSR } from '../layout.ts';
import { IXC } from '../softfloat/format.ts';
import { EXACT, type InlineFloat, number } from '../wasm/float_inline_parts.ts';
import type { FunctionBuilder } from '../wasm/function.ts';
import type { Helper } from '../wasm/helpers.ts';
import { F64, f64, I32, I32_LOAD, I64, i32, i64, SELECT } from '../wasm/opcodes.ts';
import type { FlowBlock } from './flow.ts';

/** NZCV of a comparison; that of equal numbers is 6. */
const [GREATER, UNORDERED, LESS] = [2, 3, 8];

export class FloatState {
  private readonly f: FunctionBuilder;
  /** See wasm/float_inline_parts.ts; undefined: the region has none that could be written out. */
  private readonly slow: number | undefined;

  constructor(f: FunctionBuilder, blocks: readonly FlowBlock[]) {
    this.f = f;
    const used = blocks.some(({ instructions }) => instructions.some(({ helpers }) => helpers.some(({ inline }) => inline !== undefined)));
    this.slow = used ? f.local(I32) : undefined;
  }

  /** FPCR and FPSR may have changed. */
  read(): void {
    const { f, slow } = this;
    if (slow === undefined) return;
    f.i32Const(0).i32Const(0).memory(I32_LOAD, AT_FPCR);
    f.i32Const(0).op(i32.ne).op(i32.sub);
    f.i32Const(0)
      .memory(I32_LOAD, AT_FPSR)
      .i32Const(-1)
      .op(i32.xor)
      .i32Const(IXC)
      .op(i32.and)
      .i32Const(EXACT / IXC)
      .op(i32.mul)
      .op(i32.or)
      .set(slow);
  }

  /** Leaves the result of a helper's function, which has `index`, or of the code that does the same. */
  call({ params, inline }: Helper, index: number, argument: (index: number) => void): void {
    const { f, slow } = this;
    if (inline === undefined || slow === undefined) {
      for (let i = 0; i < params.length; i++) argument(i);
      f.call(index);
      return;
    }
    const operands = this.operands(inline, argument);
    const otherwise = (): void => {
      this.push(inline, operands);
      f.call(index);
      if (inline.result === F64) f.patternToDouble();
      this.read();
    };
    inline.write(f, operands, slow, otherwise);
    if (inline.result === F64) f.doubleToPattern();
    for (const local of operands) f.release(local);
  }

  /** Compares numbers: x and y become doubles that compare like them. Only x may be a NaN. */
  compare({ inline }: Helper, index: number, argument: (index: number) => void, [x, y]: readonly [number, number]): void {
    const { f, slow } = this;
    const { compares: format } = inline!;
    const operands = this.operands(inline!, argument);
    const done = f.block();
    const left = f.block();
    f.get(slow!).i32Const(0).op(i32.lt_s).brIf(left);
    for (const operand of operands) {
      number(f, format!, operand);
      number(f, format!, operand).op(format!.op.ne).brIf(left);
    }
    operands.forEach((operand, i) => {
      number(f, format!, operand);
      if (format!.bits === 32) f.op(f64.promote_f32);
      f.set(i === 0 ? x : y);
    });
    f.br(done).end();
    const nzcv = f.local(I64);
    this.push(inline!, operands);
    f.call(index).set(nzcv);
    this.read();
    const is = (flags: number): FunctionBuilder =>
      f
        .get(nzcv)
        .i64Const(flags * 2 ** 28)
        .op(i64.eq);
    f.f64Const(Number.NaN);
    is(GREATER).op(f64.convert_i32_u);
    is(UNORDERED).u8(SELECT).set(x);
    is(LESS).op(f64.convert_i32_u).set(y);
    f.end();
    for (const local of [nzcv, ...operands]) f.release(local);
  }

  private operands({ params }: InlineFloat, argument: (index: number) => void): number[] {
    const { f } = this;
    return params.map((type, i) => {
      const local = f.local(type);
      argument(i);
      if (type === F64) f.patternToDouble();
      f.set(local);
      return local;
    });
  }

  /** The operands for the helper's function. */
  private push({ params }: InlineFloat, operands: readonly number[]): void {
    const { f } = this;
    operands.forEach((local, i) => {
      f.get(local);
      if (params[i] === F64) f.doubleToPattern();
    });
  }
}
