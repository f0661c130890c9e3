/** Floating-point operations of a region: written out as far as FPCR and FPSR allow it, which a local says, called elsewhere. */

import { AT_FPCR, AT_FPSR } from '../layout.ts';
import { IXC } from '../softfloat/format.ts';
import { EXACT } from '../wasm/float_inline_parts.ts';
import type { FunctionBuilder } from '../wasm/function.ts';
import type { Helper } from '../wasm/helpers.ts';
import { F64, I32, I32_LOAD, i32 } from '../wasm/opcodes.ts';
import type { FlowBlock } from './flow.ts';

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
    const operands = inline.params.map((type, i) => {
      const local = f.local(type);
      argument(i);
      if (type === F64) f.patternToDouble();
      f.set(local);
      return local;
    });
    inline.write(f, operands, slow, () => {
      operands.forEach((local, i) => {
        f.get(local);
        if (inline.params[i] === F64) f.doubleToPattern();
      });
      f.call(index);
      if (inline.result === F64) f.patternToDouble();
      this.read();
    });
    if (inline.result === F64) f.doubleToPattern();
    for (const local of operands) f.release(local);
  }
}
