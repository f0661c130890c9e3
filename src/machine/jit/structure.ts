/**
 * The control flow inside of a region: structured along the dominator tree (Norman Ramsey, "Beyond Relooper", 2022); one that is not
 * reducible becomes a loop around a br_table.
 */

import type { FunctionBuilder, Label } from '../wasm/function.ts';
import { BR_TABLE, I32 } from '../wasm/opcodes.ts';
import type { Flow, FlowBlock } from './flow.ts';

export class Structure {
  private readonly f: FunctionBuilder;
  private readonly flow: Flow;
  /** Emits the instructions of a block and what comes after it. */
  private readonly code: (block: FlowBlock) => void;
  private readonly labels = new Map<FlowBlock, Label>();
  /** Of a region that is not reducible: the loop, and the local with the number of the block to go to. */
  private dispatch: { readonly loop: Label; readonly number: number } | undefined;

  constructor(f: FunctionBuilder, flow: Flow, code: (block: FlowBlock) => void) {
    this.f = f;
    this.flow = flow;
    this.code = code;
  }

  /** Emits all blocks. */
  build(): void {
    const { blocks, reducible } = this.flow;
    if (reducible) this.tree(blocks[0]!);
    else this.dispatcher(blocks);
  }

  /** From the end of a block to another one, which is emitted there if it is entered from nowhere else. */
  goto(next: FlowBlock): void {
    const { f, dispatch } = this;
    if (dispatch) {
      f.i32Const(next.index).set(dispatch.number).br(dispatch.loop);
      return;
    }
    const label = this.labels.get(next);
    if (label !== undefined) f.br(label);
    else this.tree(next);
  }

  private tree(block: FlowBlock): void {
    const { f, labels } = this;
    if (block.isLoop) labels.set(block, f.loop());
    // The block that comes last is the outermost label.
    const merges = block.merges.toSorted((a, b) => b.index - a.index);
    for (const merge of merges) labels.set(merge, f.block());
    this.code(block);
    for (const merge of merges.reverse()) {
      f.end();
      this.tree(merge);
    }
    if (block.isLoop) f.end();
  }

  private dispatcher(blocks: readonly FlowBlock[]): void {
    const { f } = this;
    const number = f.local(I32);
    f.i32Const(0).set(number);
    const loop = f.loop();
    this.dispatch = { loop, number };
    const starts = blocks.map(() => f.block()).reverse();
    f.get(number)
      .op(BR_TABLE)
      .u32(blocks.length - 1);
    for (const start of starts) f.u32(f.distance(start));
    for (const block of blocks) {
      f.end();
      this.code(block);
    }
    f.end();
  }
}
