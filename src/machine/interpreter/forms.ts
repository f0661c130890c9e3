/**
 * The interpreter's operation numbers. An operation of the table has several *forms*, told apart when an instruction is decoded:
 * the base register is sp or another one, a branch stays in its page or leaves it. Frequent forms come first: they are inline in
 * the main loop. Out of line, one function serves all bases.
 */

import type { Operation } from '../../isa/operation.ts';
import type { Base } from '../wasm/trace.ts';
import { isFrequent } from './frequent.ts';

/** Numbers below FIRST_FORM are the interpreter's own. */
export const UNDECODED = 0; // a record that was never executed: all zero
export const PAGE_END = 1;
export const ENTER = 2; // go to the pc of the register block
export const UNDEFINED = 3; // an unallocated encoding
export const REGION = 4; // translated code begins here; the record's own number is kept elsewhere
export const FIRST_FORM = 5;

export const BRANCH_NONE = 0;
export const BRANCH_FAR = 0;
export const BRANCH_FORWARD = 1;
export const BRANCH_BACKWARD = 2;

export interface Form {
  readonly operation: Operation;
  readonly base: Base;
  /** Where a direct branch goes. */
  readonly branch: number;
}

/** The operand that is a pc-relative branch offset. */
export const isBranchOffset = (slot: { readonly immediate: { readonly name: string } | undefined }): boolean =>
  slot.immediate?.name === 'branch';

/** Numbers of forms: six places for each operation, by branch form, plus three when the base is sp. */
export type FormNumbers = Uint16Array;

export const formNumber = (numbers: FormNumbers, operation: Operation, spBase: boolean, branch: number): number =>
  numbers[6 * operation.index + 3 * Number(spBase) + branch]!;

export interface Forms {
  /** In the main loop, by number - FIRST_FORM. */
  readonly inline: readonly Form[];
  /** Out of line: the forms of all operations, whatever the base. */
  readonly functions: readonly Form[];
  /** By number - FIRST_FORM: index in `functions`. */
  readonly functionOf: readonly number[];
  readonly numbers: FormNumbers;
}

export function numberForms(operations: readonly Operation[]): Forms {
  const inline: Form[] = [];
  const functions: Form[] = [];
  for (const operation of operations) {
    const { operands } = operation.template;
    const branches = operands.some(isBranchOffset) ? [BRANCH_FAR, BRANCH_FORWARD, BRANCH_BACKWARD] : [BRANCH_NONE];
    const bases: Base[] = operands.some((slot) => slot.base) ? ['other', 'sp'] : ['other'];
    for (const branch of branches) {
      functions.push({ operation, base: 'any', branch });
      for (const base of bases) if (isFrequent(operation, base)) inline.push({ operation, base, branch });
    }
  }
  const numbers = new Uint16Array(6 * operations.length);
  const place = ({ operation, base, branch }: Form): number => 6 * operation.index + (base === 'sp' ? 3 : 0) + branch;
  const functionOf: number[] = new Array(inline.length);
  inline.forEach((form, i) => {
    numbers[place(form)] = FIRST_FORM + i;
  });
  functions.forEach((form, i) => {
    for (const base of ['other', 'sp'] as const) {
      const at = place({ ...form, base });
      if (numbers[at] === 0) {
        numbers[at] = FIRST_FORM + functionOf.length;
        functionOf.push(i);
      } else functionOf[numbers[at]! - FIRST_FORM] = i;
    }
  });
  return { inline, functions, functionOf, numbers };
}
