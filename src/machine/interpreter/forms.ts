/**
 * The interpreter's operation numbers. An operation of the table has several *forms*, told apart when an instruction is decoded:
 * the base register is sp or another one, a branch stays in its page or leaves it. Frequent forms come first: they are inline in
 * the main loop, all others are functions of their own.
 */

import type { Operation } from '../../isa/operation.ts';
import { isFrequent } from './frequent.ts';

/** Numbers below FIRST_FORM are the interpreter's own. */
export const UNDECODED = 0; // a record that was never executed: all zero
export const PAGE_END = 1;
export const ENTER = 2; // go to the pc of the register block
export const UNDEFINED = 3; // an unallocated encoding
export const FIRST_FORM = 4;

export const BRANCH_NONE = 0;
export const BRANCH_FAR = 0;
export const BRANCH_FORWARD = 1;
export const BRANCH_BACKWARD = 2;

export interface Form {
  readonly operation: Operation;
  /** The base register is sp. */
  readonly spBase: boolean;
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
  /** By number - FIRST_FORM. */
  readonly list: readonly Form[];
  /** So many of them, from the first, are in the main loop. */
  readonly inline: number;
  readonly numbers: FormNumbers;
}

export function numberForms(operations: readonly Operation[]): Forms {
  const frequent: Form[] = [];
  const rare: Form[] = [];
  for (const operation of operations) {
    const { operands } = operation.template;
    const branches = operands.some(isBranchOffset) ? [BRANCH_FAR, BRANCH_FORWARD, BRANCH_BACKWARD] : [BRANCH_NONE];
    const bases = operands.some((slot) => slot.base) ? [false, true] : [false];
    for (const spBase of bases) {
      for (const branch of branches) {
        const form = { operation, spBase, branch };
        (isFrequent(form) ? frequent : rare).push(form);
      }
    }
  }
  const list = [...frequent, ...rare];
  const numbers = new Uint16Array(6 * operations.length);
  list.forEach((form, i) => {
    numbers[6 * form.operation.index + 3 * Number(form.spBase) + form.branch] = FIRST_FORM + i;
  });
  return { list, inline: frequent.length, numbers };
}
