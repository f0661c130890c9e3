/** Assembler syntax of rows: the templates that insn.ts describes, parsed into pieces. */

import type { Immediate } from './immediate.ts';
import type { Row, Sibling } from './insn.ts';
import type { BitField, Pattern } from './pattern.ts';
import { isRegisterField, parsePattern } from './pattern.ts';

/** What a placeholder's value is made from: an immediate, or bit fields, the first one highest. */
export interface Source {
  readonly immediate: Immediate | undefined;
  readonly fields: readonly BitField[];
}

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** Left out when all values in it are zero or empty choices. */
  | { readonly kind: 'optional'; readonly pieces: readonly Piece[] }
  | {
      readonly kind: 'register';
      readonly field: BitField;
      /** Added to the field's value: a sibling. */
      readonly distance: number;
      readonly width: string;
      /** The fields that say the width, instead. */
      readonly widthFields: readonly BitField[];
    }
  | { readonly kind: 'list'; readonly field: BitField; readonly count: number; readonly arrangement: Piece }
  | { readonly kind: 'choice'; readonly source: Source; readonly choices: readonly string[] }
  | { readonly kind: 'number'; readonly source: Source; readonly format: string };

export interface Syntax {
  readonly pattern: Pattern;
  readonly pieces: readonly Piece[];
}

const isImmediate = (field: unknown): field is Immediate => typeof field === 'object' && field !== null && 'decode' in field;
const isSibling = (field: unknown): field is Sibling => typeof field === 'object' && field !== null && 'sibling' in field;

export function parseSyntax(row: Row): Syntax {
  const pattern = parsePattern(row.pattern);
  const bitField = (name: string): BitField => {
    const field = pattern.fields.find((candidate) => candidate.name === name);
    if (!field) throw new Error(`${row.name}: the syntax names ${name}, which the pattern does not have`);
    return field;
  };
  const sourceOf = (names: string): Source => {
    const field = row.fields[names];
    if (isImmediate(field)) return { immediate: field, fields: field.from.map(bitField) };
    return { immediate: undefined, fields: names.split('.').map(bitField) };
  };
  const placeholder = (text: string): Piece => {
    const colon = text.indexOf(':');
    const [names, format] = [text.slice(0, colon), text.slice(colon + 1)];
    const list = /^list(\d) (.*)$/.exec(format);
    if (list) {
      const arrangement: Piece = list[2]!.includes(':') ? placeholder(list[2]!) : { kind: 'text', text: list[2]! };
      return { kind: 'list', field: bitField(names), count: Number(list[1]), arrangement };
    }
    if (format.includes('|')) return { kind: 'choice', source: sourceOf(names), choices: format.split('|') };
    const field = row.fields[names];
    if (isRegisterField(names) || isSibling(field)) {
      const place = isSibling(field) ? { field: bitField(field.of), distance: field.distance } : { field: bitField(names), distance: 0 };
      const fixed = /^[xwbhsdqvn]$/.test(format);
      return { kind: 'register', ...place, width: format, widthFields: fixed ? [] : format.split('.').map(bitField) };
    }
    return { kind: 'number', source: sourceOf(names), format };
  };
  const piecesOf = (text: string): Piece[] =>
    [...text.matchAll(/<([^>]*)>|\{([^}]*)\}|[^<{]+/g)].map(([whole, optional, inner]): Piece => {
      if (optional !== undefined) return { kind: 'optional', pieces: piecesOf(optional) };
      return inner === undefined ? { kind: 'text', text: whole } : placeholder(inner);
    });
  return { pattern, pieces: piecesOf(row.syntax) };
}

export const CONDITIONS: readonly string[] = [
  'eq',
  'ne',
  'cs',
  'cc',
  'mi',
  'pl',
  'vs',
  'vc',
  'hi',
  'ls',
  'ge',
  'lt',
  'gt',
  'le',
  'al',
  'nv',
];

/** A general register's letter by the values of the fields that say its width: `sf` or the like, an extension's `option`. */
export const widthLetter = (fields: readonly BitField[], valueIn: (field: BitField) => number): 'x' | 'w' =>
  fields.every((field) => (field.width === 3 ? (valueIn(field) & 3) === 3 : valueIn(field) !== 0)) ? 'x' : 'w';

/** The value of an eight-bit floating-point immediate: (-1)^a × 1.efgh × 2^(NOT(b):c:d - 3). */
export const floatOfByte = (byte: number): number => {
  const exponent = ((byte >> 4) & 7) ^ 4;
  return (byte & 0x80 ? -1 : 1) * (1 + (byte & 15) / 16) * 2 ** (exponent - 3);
};
