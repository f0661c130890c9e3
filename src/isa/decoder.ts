/** From instruction words to operations: a table on the top eleven bits, then the few candidates that share them. */

import { type Operation, type Template, variantKey } from './operation.ts';
import { extract } from './pattern.ts';

/** An instruction: an operation with the values of its operands, in the order of `template.operands`; registers by number. */
export interface Decoded {
  readonly operation: Operation;
  readonly operands: readonly (number | bigint)[];
}

const TOP_SHIFT = 21;

export class Decoder {
  private readonly buckets: (readonly Template[] | undefined)[] = new Array(2048);
  private readonly templates: readonly Template[];

  constructor(templates: readonly Template[]) {
    this.templates = templates;
  }

  /** undefined: the encoding is unallocated, or reserved. Earlier rows win. */
  decode(word: number): Decoded | undefined {
    for (const template of this.bucket(word >>> TOP_SHIFT)) {
      if ((word & template.pattern.mask) !== template.pattern.match) continue;
      const decoded = decodeAs(template, word);
      if (decoded) return decoded;
    }
    return undefined;
  }

  private bucket(top: number): readonly Template[] {
    let bucket = this.buckets[top];
    if (!bucket) {
      const bits = top << TOP_SHIFT;
      bucket = this.templates.filter(({ pattern }) => ((bits ^ pattern.match) & pattern.mask) >>> TOP_SHIFT === 0);
      this.buckets[top] = bucket;
    }
    return bucket;
  }
}

function decodeAs(template: Template, word: number): Decoded | undefined {
  const raw: Record<string, number> = {};
  for (const field of template.pattern.fields) raw[field.name] = extract(word, field);
  const operation = template.operations.get(variantKey(template.variantNames, (name) => raw[name]!));
  if (!operation || !template.row.where(raw)) return undefined;
  const operands: (number | bigint)[] = [];
  for (const slot of template.operands) {
    let value: number | bigint | undefined;
    if (slot.immediate) {
      value = slot.immediate.decode(...slot.immediate.from.map((name) => raw[name]!));
      if (value === undefined) return undefined;
    } else if (slot.sibling) value = (raw[slot.sibling.of]! + slot.sibling.distance) & 31;
    else value = raw[slot.name]!;
    operands.push(value);
  }
  return { operation, operands };
}
