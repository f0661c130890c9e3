/** The tracing back end: runs a definition once and writes down what it does as a linear program. */

import type { OperandSlot, Operation } from '../../isa/operation.ts';
import type { Semantics } from '../../isa/semantics.ts';
import type { Values } from '../../isa/values.ts';
import { Ir, type Node, type Trace } from './ir.ts';
import { traceFloat } from './trace_float.ts';
import { traceInteger } from './trace_integer.ts';
import { traceMemory } from './trace_memory.ts';
import { traceSystem } from './trace_system.ts';
import { traceVector } from './trace_vector.ts';

/** What is known of a base register: it is sp, it is not, or neither. */
export type Base = 'sp' | 'other' | 'any';

export interface RegisterOperand {
  readonly slot: OperandSlot;
  /** Only of base registers. */
  readonly base: Base;
}

export interface TraceValues extends Values {
  i32: Node;
  i64: Node;
  f32: Node;
  f64: Node;
  v128: Node;
  word: Node;
  reg: RegisterOperand;
  vreg: RegisterOperand;
  window: Node;
}

/** Runs definitions; `symbolic` says that flags are written down as rules (see ir.ts) and not as what computes them. */
function tracer(symbolic: boolean): (operation: Operation, base: Base) => Trace {
  const ir = new Ir();
  const semantics: Semantics<TraceValues> = {
    ...traceInteger(ir, symbolic),
    ...traceMemory(ir),
    ...traceSystem(ir),
    ...traceFloat(ir),
    ...traceVector(ir),
  };
  return (operation, base) => {
    const { row, operands } = operation.template;
    const o: Record<string, unknown> = { ...operation.variants };
    for (const slot of operands) {
      if (slot.kind === 'i32' || slot.kind === 'i64') o[slot.name] = ir.operand(slot);
      else o[slot.name] = { slot, base: slot.base ? base : 'other' } satisfies RegisterOperand;
    }
    row.execute(semantics as unknown as Semantics<Values>, o as never);
    return ir.take();
  };
}

export const trace: (operation: Operation, base: Base) => Trace = tracer(false);
export const symbolicTrace: (operation: Operation, base: Base) => Trace = tracer(true);
