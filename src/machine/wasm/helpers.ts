/**
 * Functions that traces call: what is too long to be written out in every place. A helper is either a function of the module,
 * built on first use, or a function that JavaScript provides (for rare and slow cases).
 */

import type { InlineFloat } from './float_inline_parts.ts';
import type { FunctionBuilder } from './function.ts';
import type { ValueType } from './opcodes.ts';

export interface Helper {
  readonly name: string;
  readonly params: readonly ValueType[];
  /** VOID when it returns nothing. */
  readonly result: ValueType;
  /** Parts of the state (ir.ts) that it reads and writes, besides its arguments. */
  readonly reads: number;
  readonly writes: number;
  /** Helpers that its code calls. */
  readonly uses?: readonly Helper[];
  /** What translated code may write out instead of a call. */
  readonly inline?: InlineFloat | undefined;
  /** Writes the function's code; undefined: JavaScript provides it under this name (i64 arguments are BigInts there). */
  readonly build: ((f: FunctionBuilder, indexOf: (helper: Helper) => number) => void) | undefined;
}
