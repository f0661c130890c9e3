/** The operations of a table: its rows expanded over their variants, numbered, with the layout of their operands. */

import type { Immediate } from './immediate.ts';
import type { Row, Sibling } from './insn.ts';
import { type BitField, isRegisterField, type Pattern, parsePattern } from './pattern.ts';

/** Where a decoded instruction keeps one operand: byte offset and size within a 16-byte record whose first two bytes are the operation. */
export interface OperandSlot {
  readonly name: string;
  readonly kind: 'reg' | 'vreg' | 'i32' | 'i64';
  readonly offset: number;
  readonly bytes: 2 | 4 | 8;
  /** Number 31 is sp. */
  readonly sp: boolean;
  /** The base of an address (its pattern says `|base`). */
  readonly base: boolean;
  readonly immediate: Immediate | undefined;
  readonly sibling: Sibling | undefined;
  /** The bit fields its value comes from. */
  readonly sources: readonly BitField[];
}

/** A row with its pattern parsed, its operands laid out and its variants expanded. */
export interface Template {
  readonly row: Row;
  readonly pattern: Pattern;
  readonly variantNames: readonly string[];
  readonly variantFields: readonly BitField[];
  readonly operands: readonly OperandSlot[];
  /** Its operations, in order; their indices follow one another. */
  readonly operations: readonly Operation[];
  /** The same by the combination of variant values (`variantKey`). */
  readonly byKey: ReadonlyMap<number, Operation>;
}

/** A row with all its variants fixed. */
export interface Operation {
  /** Index in the table. */
  readonly index: number;
  readonly template: Template;
  readonly variants: Readonly<Record<string, number>>;
}

const isVariant = (field: unknown): field is readonly number[] => Array.isArray(field);
const isSibling = (field: object): field is Sibling => 'sibling' in field;

/** Mixes variant values (each below 256) into one number. */
export const variantKey = (names: readonly string[], values: Readonly<Record<string, number>>): number => {
  let key = 0;
  for (const name of names) key = key * 256 + values[name]!;
  return key;
};

function layOut(row: Row, pattern: Pattern): OperandSlot[] {
  // Large operands from the end, small ones from the start.
  let end = 16;
  let start = 2;
  const slots: OperandSlot[] = [];
  const fieldOf = (name: string): BitField => pattern.fields.find((field) => field.name === name)!;
  const place = (
    name: string,
    kind: OperandSlot['kind'],
    bytes: 2 | 4 | 8,
    sources: readonly BitField[],
    details: { sp: boolean; base: boolean; immediate?: Immediate; sibling?: Sibling },
  ): void => {
    if (bytes === 2) start += 2;
    else end = (end - bytes) & -bytes;
    const { sp, base, immediate, sibling } = details;
    slots.push({ name, kind, offset: bytes === 2 ? start - 2 : end, bytes, sp, base, immediate, sibling, sources });
  };
  for (const field of pattern.fields) {
    if (!isRegisterField(field.name) || isVariant(row.fields[field.name])) continue;
    place(field.name, field.name.startsWith('v') ? 'vreg' : 'reg', 2, [field], field);
  }
  for (const name in row.fields) {
    const field = row.fields[name]!;
    if (isVariant(field)) continue;
    if (isSibling(field)) place(name, field.sibling, 2, [fieldOf(field.of)], { sp: false, base: false, sibling: field });
    else place(name, field.type, field.bytes, field.from.map(fieldOf), { sp: false, base: false, immediate: field });
  }
  if (start > end) throw new Error(`${row.name}: operands do not fit into a record`);
  return slots;
}

/** Parses a row; its operations are numbered from `first`. */
export function makeTemplate(row: Row, first: number): Template {
  const pattern = parsePattern(row.pattern);
  const variantNames = Object.keys(row.fields).filter((name) => isVariant(row.fields[name]));
  const variantFields = variantNames.map((name) => pattern.fields.find((field) => field.name === name)!);
  const operations: Operation[] = [];
  const byKey = new Map<number, Operation>();
  const template: Template = { row, pattern, variantNames, variantFields, operands: layOut(row, pattern), operations, byKey };
  const raw: Record<string, number> = {};
  for (const field of pattern.fields) raw[field.name] = 0;
  const visit = (depth: number): void => {
    const name = variantNames[depth];
    if (name !== undefined) {
      for (const value of row.fields[name] as readonly number[]) {
        raw[name] = value;
        visit(depth + 1);
      }
      return;
    }
    if (!row.where(raw)) return;
    const variants: Record<string, number> = {};
    for (const variant of variantNames) variants[variant] = raw[variant]!;
    const operation: Operation = { index: first + operations.length, template, variants };
    operations.push(operation);
    byKey.set(variantKey(variantNames, raw), operation);
  };
  visit(0);
  return template;
}
