/** A table of instructions. Its rows are parsed when they are needed, if an index that was made earlier tells the rest. */

import type { Row } from './insn.ts';
import { makeTemplate, type Operation, type Template } from './operation.ts';

/** What the decoder must know of every row before it looks at any. */
export interface TableIndex {
  readonly masks: Int32Array;
  readonly matches: Int32Array;
  /** By row: the index of its first operation; one more at the end. */
  readonly first: Int32Array;
}

export class InsnTable {
  readonly rows: readonly Row[];
  readonly index: TableIndex;
  private readonly parsed: (Template | undefined)[];

  constructor(rows: readonly Row[], index?: TableIndex) {
    this.rows = rows;
    this.parsed = new Array(rows.length);
    this.index = index ?? this.makeIndex();
  }

  template(row: number): Template {
    let template = this.parsed[row];
    if (!template) {
      template = makeTemplate(this.rows[row]!, this.index.first[row]!);
      this.parsed[row] = template;
    }
    return template;
  }

  get operationCount(): number {
    return this.index.first[this.rows.length]!;
  }

  /** All of them; parses every row. */
  operations(): Operation[] {
    return this.rows.flatMap((_, row) => this.template(row).operations);
  }

  private makeIndex(): TableIndex {
    const count = this.rows.length;
    const index = { masks: new Int32Array(count), matches: new Int32Array(count), first: new Int32Array(count + 1) };
    this.rows.forEach((row, i) => {
      const template = makeTemplate(row, index.first[i]!);
      this.parsed[i] = template;
      index.masks[i] = template.pattern.mask;
      index.matches[i] = template.pattern.match;
      index.first[i + 1] = index.first[i]! + template.operations.length;
    });
    return index;
  }
}
