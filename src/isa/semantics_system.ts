/** Control flow, exceptions and system registers as instruction definitions see them. */

import type { Values } from './values.ts';

export interface SystemSemantics<T extends Values> {
  /** The address of this instruction. */
  pc(): T['i64'];
  /** Go to pc + offset; nothing may follow in the definition. */
  branch(offset: T['i64']): void;
  /** Go to pc + offset if `condition` is not 0. */
  branchIf(condition: T['i32'], offset: T['i64']): void;
  /** Go to an address, whose top byte is ignored. */
  jump(target: T['i64']): void;
  /** x30 := pc + 4. */
  link(): void;

  /** The exceptions leave the pc on the instruction. */
  svc(immediate: T['i32']): void;
  brk(immediate: T['i32']): void;
  undefined(): void;
  /** YIELD, WFE and WFI end the quantum, with the pc after the instruction. */
  yield(): void;

  tpidr(): T['i64'];
  setTpidr(value: T['i64']): void;
  fpcr(): T['i32'];
  setFpcr(value: T['i32']): void;
  fpsr(): T['i32'];
  setFpsr(value: T['i32']): void;
  /** CNTVCT_EL0. */
  counter(): T['i64'];
  /** Forget the instructions decoded from the cache line at `address` (IC IVAU); it must be readable. */
  invalidateCode(address: T['i64']): void;
}
