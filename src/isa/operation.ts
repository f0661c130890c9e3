/** The operations of a table: its rows expanded over their variants, numbered, with the layout of their operands. */

import type { Immediate } from './immediate.ts';
import type { Row, Sibling } from './insn.ts';
import { isRegisterField, type Pattern, parsePattern } from './pattern.ts';

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
}

/** A row with its pattern parsed and its operands laid out. */
export interface Template {
  readonly row: Row;
  readonly pattern: Pattern;
  readonly variantNames: readonly string[];
  readonly operands: readonly OperandSlot[];
  /** Its operations, by the combination of variant values (`variantKey`). */
  readonly operations: ReadonlyMap<number, Operation>;
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
export const variantKey = (names: readonly string[], value: (name: string) => number): number => {
  let key = 0;
  for (const name of names) key = key * 256 + value(name);
  return key;
};

function layOut(row: Row, pattern: Pattern): OperandSlot[] {
  const slots: Omit<OperandSlot, 'offset'>[] = [];
  const plain = { immediate: undefined, sibling: undefined, sp: false, base: false };
  for (const field of pattern.fields) {
    if (!isRegisterField(field.name) || isVariant(row.fields[field.name])) continue;
    slots.push({ ...plain, name: field.name, kind: field.name.startsWith('v') ? 'vreg' : 'reg', bytes: 2, sp: field.sp, base: field.base });
  }
  for (const [name, field] of Object.entries(row.fields)) {
    if (isVariant(field)) continue;
    if (isSibling(field)) slots.push({ ...plain, name, kind: field.sibling, bytes: 2, sibling: field });
    else slots.push({ ...plain, name, kind: field.type, bytes: field.bytes, immediate: field });
  }
  // Large operands from the end, small ones from the start.
  let end = 16;
  let start = 2;
  const placed = slots.map((slot) => {
    if (slot.bytes === 2) {
      start += 2;
      return { ...slot, offset: start - 2 };
    }
    end = (end - slot.bytes) & -slot.bytes;
    return { ...slot, offset: end };
  });
  if (start > end) throw new Error(`${row.name}: operands do not fit into a record`);
  return placed;
}

/** Expands rows, in order. Operation numbers depend on the table alone. */
export function expand(rows: readonly Row[]): { templates: readonly Template[]; operations: readonly Operation[] } {
  const operations: Operation[] = [];
  const templates = rows.map((row) => {
    const pattern = parsePattern(row.pattern);
    const variantNames = Object.keys(row.fields).filter((name) => isVariant(row.fields[name]));
    const own = new Map<number, Operation>();
    const template: Template = { row, pattern, variantNames, operands: layOut(row, pattern), operations: own };
    const zero = Object.fromEntries(pattern.fields.map((field) => [field.name, 0]));
    const visit = (depth: number, variants: Record<string, number>): void => {
      const name = variantNames[depth];
      if (name !== undefined) {
        for (const value of row.fields[name] as readonly number[]) visit(depth + 1, { ...variants, [name]: value });
        return;
      }
      if (!row.where({ ...zero, ...variants })) return;
      const operation: Operation = { index: operations.length, template, variants };
      operations.push(operation);
      own.set(
        variantKey(variantNames, (key) => variants[key]!),
        operation,
      );
    };
    visit(0, {});
    return template;
  });
  return { templates, operations };
}
