/** From instruction words to operations: a table on the top eleven bits, then the few candidates that share them. */

import type { Immediate } from './immediate.ts';
import { always } from './insn.ts';
import type { InsnTable } from './insn_table.ts';
import type { Operation, Template } from './operation.ts';
import { type BitField, extract } from './pattern.ts';

/** An instruction: an operation with the values of its operands, in the order of `template.operands`; registers by number. */
export interface Decoded {
  readonly operation: Operation;
  readonly operands: readonly (number | bigint)[];
}

const TOP_SHIFT = 21;

export class Decoder {
  private readonly table: InsnTable;
  /** Rows that may match, by the top bits. */
  private readonly buckets: (readonly number[] | undefined)[] = new Array(1 << (32 - TOP_SHIFT));

  constructor(table: InsnTable) {
    this.table = table;
  }

  /** undefined: the encoding is unallocated, or reserved. Earlier rows win. */
  decode(word: number): Decoded | undefined {
    const { masks, matches } = this.table.index;
    for (const row of this.bucket(word >>> TOP_SHIFT)) {
      if ((word & masks[row]!) !== matches[row]) continue;
      const decoded = decodeAs(this.table.template(row), word);
      if (decoded) return decoded;
    }
    return undefined;
  }

  private bucket(top: number): readonly number[] {
    const known = this.buckets[top];
    if (known) return known;
    const { masks, matches } = this.table.index;
    const bits = top << TOP_SHIFT;
    const bucket: number[] = [];
    for (let row = 0; row < masks.length; row++) if (((bits ^ matches[row]!) & masks[row]!) >>> TOP_SHIFT === 0) bucket.push(row);
    this.buckets[top] = bucket;
    return bucket;
  }
}

function decodeAs(template: Template, word: number): Decoded | undefined {
  let key = 0;
  for (const field of template.variantFields) key = key * 256 + extract(word, field);
  const operation = template.byKey.get(key);
  if (!operation || !isAllocated(template, word)) return undefined;
  const slots = template.operands;
  const operands = new Array<number | bigint>(slots.length);
  for (let i = 0; i < slots.length; i++) {
    const { immediate, sibling, sources } = slots[i]!;
    if (immediate) {
      const value = decodeImmediate(immediate, sources, word);
      if (value === undefined) return undefined;
      operands[i] = value;
    } else {
      const register = extract(word, sources[0]!);
      operands[i] = sibling ? (register + sibling.distance) & 31 : register;
    }
  }
  return { operation, operands };
}

/** Spelled out by the number of fields: this runs for every instruction of a program that starts. */
function decodeImmediate(immediate: Immediate, [a, b, c, d]: readonly BitField[], word: number): number | bigint | undefined {
  if (!b) return immediate.decode(extract(word, a!));
  if (!c) return immediate.decode(extract(word, a!), extract(word, b));
  if (!d) return immediate.decode(extract(word, a!), extract(word, b), extract(word, c));
  return immediate.decode(extract(word, a!), extract(word, b), extract(word, c), extract(word, d));
}

function isAllocated({ row, pattern }: Template, word: number): boolean {
  if (row.where === always) return true;
  const raw: Record<string, number> = {};
  for (const field of pattern.fields) raw[field.name] = extract(word, field);
  return row.where(raw);
}
