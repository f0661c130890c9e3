/**
 * One row of an instruction table: name, bit pattern, assembler syntax, fields and meaning.
 *
 * The **pattern** is the manual's, most significant bit first, separated by spaces: runs of `0` and `1`; `.` for a bit that is
 * ignored; register fields (five bits each): `rd rn rm ra rt rt2 rs` and `vd vn vm va vt vt2`, with `|sp` where number 31 is sp
 * rather than the zero register, `|base` where moreover the definition reads it with `s.base`; other fields as `name:width`
 * (width 1 may be left out; a register field may have a width of its own).
 *
 * **Fields** says what the definition sees besides registers:
 * - a list of numbers: a *variant*. The row is expanded into one operation per combination and the definition gets a plain number;
 * - an `Immediate`: a run-time value derived from the bits when the instruction is decoded, opaque to the definition;
 * - a `Sibling`: the register numbered one (or more) after another one, modulo 32.
 * Other bit fields are only read by immediates, by `where` and by the syntax.
 *
 * The **syntax** is what objdump -M no-aliases prints, with placeholders. They name fields of the row or bit fields of the pattern;
 * several bit fields, joined by dots, are one number whose highest bits come first:
 * - `{rd:x}`, `{rd:w}`: a general register of that width, sp instead of xzr where the pattern says so; `{rd:sf}`: x if the field `sf`
 *   is one; `{rm:option}`: x if the low two bits of `option` are ones; `{rm:option.sf}`: x if both say so;
 * - `{vd:b}` … `{vd:q}`: a scalar SIMD register; `{vd:v}`: v0 and so on, arrangement suffixes follow as choices: `{vd:v}.{q:8b|16b}`;
 *   `{vd:n}`: its number alone, after a letter that is a choice;
 * - `{vt:list3 q:8b|16b}`, `{vt:list3 b}`: a list of registers with consecutive numbers and their arrangement;
 * - `{field:a|b|c}`: a choice by the value; a choice that is not there is empty;
 * - `{imm:#d}`, `{imm:#x}`: a number in decimal or hexadecimal with its `#`; `{imm:d}`, `{imm:x}` without; `{imm:pc}`: a pc-relative label;
 *   `{imm:page}`: one relative to the page of the pc; `{imm:#f}`: an eight-bit floating-point number; `{cond:cc}`: a condition's name;
 * - `<…>`: left out when all numbers in it are 0, all choices empty and all registers xzr.
 */

import type { Immediate, ImmediateType } from './immediate.ts';
import type { Semantics } from './semantics.ts';
import type { Values } from './values.ts';

/** A register operand whose number follows another one's. */
export interface Sibling<K extends 'reg' | 'vreg' = 'reg' | 'vreg'> {
  readonly sibling: K;
  readonly of: string;
  readonly distance: number;
}

export type Field = readonly number[] | Immediate | Sibling;
export type Fields = Readonly<Record<string, Field>>;

/** Raw values of the bit fields of one instruction word. */
export type RawFields = Readonly<Record<string, number>>;

export interface RegisterOperands<T extends Values> {
  readonly rd: T['reg'];
  readonly rn: T['reg'];
  readonly rm: T['reg'];
  readonly ra: T['reg'];
  readonly rt: T['reg'];
  readonly rt2: T['reg'];
  readonly rs: T['reg'];
  readonly vd: T['vreg'];
  readonly vn: T['vreg'];
  readonly vm: T['vreg'];
  readonly va: T['vreg'];
  readonly vt: T['vreg'];
  readonly vt2: T['vreg'];
}

type OperandOf<T extends Values, F> = F extends readonly number[]
  ? number
  : F extends { readonly type: infer Y extends ImmediateType }
    ? T[Y]
    : F extends { readonly sibling: infer K extends 'reg' | 'vreg' }
      ? T[K]
      : never;

/** What the definition of a row with fields F sees of the instruction. */
export type Operands<T extends Values, F extends Fields> = Omit<RegisterOperands<T>, keyof F> & {
  readonly [K in keyof F]: OperandOf<T, F[K]>;
};

export interface Row {
  readonly name: string;
  readonly pattern: string;
  readonly syntax: string;
  readonly fields: Fields;
  /** False: the encoding is reserved. Also asked for each combination of variants with all other fields 0, which must not matter. */
  readonly where: (fields: RawFields) => boolean;
  // The operands' type depends on the row; the table forgets it.
  execute(s: Semantics<Values>, o: never): void;
}

/** `where` of rows without reserved encodings. */
export const always = (): boolean => true;

export function insn<const F extends Fields>(
  name: string,
  pattern: string,
  syntax: string,
  fields: F,
  execute: <T extends Values>(s: Semantics<T>, o: Operands<T, F>) => void,
  where: (fields: RawFields) => boolean = always,
): Row {
  return { name, pattern, syntax, fields, where, execute };
}

export const next = (of: string, distance = 1): Sibling<'reg'> => ({ sibling: 'reg', of, distance });
export const nextV = (of: string, distance = 1): Sibling<'vreg'> => ({ sibling: 'vreg', of, distance });
