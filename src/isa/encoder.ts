/** From the text of one instruction to its word: the text is matched against the syntax of the rows. */

import { expandAlias } from './aliases.ts';
import { Decoder } from './decoder.ts';
import type { Immediate } from './immediate.ts';
import type { Row } from './insn.ts';
import type { InsnTable } from './insn_table.ts';
import type { BitField } from './pattern.ts';
import { CONDITIONS, floatOfByte, type Piece, parseSyntax, type Source, type Syntax, widthLetter } from './syntax.ts';

/** The value of a symbol, or undefined. */
export type Resolve = (symbol: string) => number | undefined;

export class Encoder {
  private readonly decoder: Decoder;
  /** By what the mnemonic begins with: `saddl` also stands for `saddl2`. */
  private readonly byMnemonic = new Map<string, Row[]>();
  private readonly syntaxes = new Map<Row, Syntax>();

  constructor(table: InsnTable) {
    this.decoder = new Decoder(table);
    for (const row of table.rows) {
      const mnemonic = mnemonicOf(row.syntax);
      const list = this.byMnemonic.get(mnemonic);
      if (list) list.push(row);
      else this.byMnemonic.set(mnemonic, [row]);
    }
  }

  /** undefined: no row has this syntax, or an operand does not fit. */
  encode(text: string, address: number, resolve: Resolve): number | undefined {
    const line = expandAlias(text.trim().replace(/\s+/g, ' ').replace(/ ?, ?/g, ', '));
    const mnemonic = mnemonicOf(line);
    for (let length = mnemonic.length; length > 0; length--) {
      for (const row of this.byMnemonic.get(mnemonic.slice(0, length)) ?? []) {
        const syntax = this.syntaxOf(row);
        // Fields that the syntax does not show are zeros or, like the N of bit-field moves, ones.
        for (const hidden of [0, -1]) {
          const word = new Match(syntax, line, address, resolve, hidden).word();
          if (word !== undefined && this.decoder.decode(word)?.operation.template.row === row) return word >>> 0;
        }
      }
    }
    return undefined;
  }

  private syntaxOf(row: Row): Syntax {
    let syntax = this.syntaxes.get(row);
    if (!syntax) {
      syntax = parseSyntax(row);
      this.syntaxes.set(row, syntax);
    }
    return syntax;
  }
}

const mnemonicOf = (text: string): string => /^[a-z0-9]*/.exec(text)![0];

const CONDITION_SYNONYMS: Readonly<Record<string, string>> = { hs: 'cs', lo: 'cc' };

/** One attempt to read a line by one syntax, with backtracking over choices and optional parts. */
class Match {
  private readonly syntax: Syntax;
  private readonly line: string;
  private readonly address: number;
  private readonly resolve: Resolve;
  private readonly hidden: number;
  private readonly fields = new Map<BitField, number>();
  private readonly immediates: { readonly immediate: Immediate; readonly fields: readonly BitField[]; readonly value: bigint }[] = [];
  private readonly widths: { readonly fields: readonly BitField[]; readonly letter: string }[] = [];

  constructor(syntax: Syntax, line: string, address: number, resolve: Resolve, hidden: number) {
    this.syntax = syntax;
    this.line = line;
    this.address = address;
    this.resolve = resolve;
    this.hidden = hidden;
  }

  word(): number | undefined {
    let word: number | undefined;
    this.pieces(this.syntax.pieces, 0, 0, (at) => {
      word = at === this.line.length ? this.assemble() : undefined;
      return word !== undefined;
    });
    return word;
  }

  /** Reads pieces from `index` on at `at`; calls `then` with the place after them. True if all went well. */
  private pieces(pieces: readonly Piece[], index: number, at: number, then: (at: number) => boolean): boolean {
    const piece = pieces[index];
    if (!piece) return then(at);
    return this.piece(piece, at, (after) => this.pieces(pieces, index + 1, after, then));
  }

  private piece(piece: Piece, at: number, then: (at: number) => boolean): boolean {
    switch (piece.kind) {
      case 'text':
        return this.line.startsWith(piece.text, at) && then(at + piece.text.length);
      case 'optional':
        return this.pieces(piece.pieces, 0, at, then) || this.absent(piece.pieces, 0, at, then);
      case 'register':
        return this.register(piece, at, then);
      case 'list':
        return this.list(piece, at, then);
      case 'choice':
        return piece.choices.some(
          (choice, value) => this.line.startsWith(choice, at) && this.set(piece.source, BigInt(value), () => then(at + choice.length)),
        );
      case 'number':
        return this.number(piece, at, then);
    }
  }

  /** The values that an optional part stands for when it is left out. */
  private absent(pieces: readonly Piece[], index: number, at: number, then: (at: number) => boolean): boolean {
    const piece = pieces[index];
    if (!piece) return then(at);
    const rest = (): boolean => this.absent(pieces, index + 1, at, then);
    if (piece.kind === 'number') return this.set(piece.source, 0n, rest);
    if (piece.kind === 'register') return this.assign(piece.field, 31, rest);
    if (piece.kind !== 'choice') return rest();
    return piece.choices.some((choice, value) => choice === '' && this.set(piece.source, BigInt(value), rest));
  }

  private register(piece: Piece & { kind: 'register' }, at: number, then: (at: number) => boolean): boolean {
    const { field, distance, width, widthFields } = piece;
    const [token = ''] = /^(sp|wsp|[xw]zr|[a-z]?\d+)(?![a-z0-9])/.exec(this.line.slice(at)) ?? [];
    if (token === '') return false;
    const isGeneral = widthFields.length > 0 || width === 'x' || width === 'w';
    let letter = token[0]!;
    let number: number;
    if (token === 'sp' || token === 'wsp' || token.endsWith('zr')) {
      if (token.endsWith('zr') === field.sp || !isGeneral) return false;
      letter = token === 'sp' ? 'x' : letter;
      number = 31;
    } else {
      letter = /\d/.test(letter) ? 'n' : letter;
      number = Number(token.replace(/^[a-z]/, ''));
      if (number > (isGeneral ? 30 : 31)) return false;
    }
    if (widthFields.length === 0 ? letter !== width : letter !== 'x' && letter !== 'w') return false;
    const rest = (): boolean => this.assign(field, (number - distance) & 31, () => then(at + token.length));
    const [only, another] = widthFields;
    if (!only) return rest();
    if (only.width === 1 && !another) return this.assign(only, letter === 'x' ? 1 : 0, rest);
    this.widths.push({ fields: widthFields, letter });
    if (rest()) return true;
    this.widths.pop();
    return false;
  }

  private list(piece: Piece & { kind: 'list' }, at: number, then: (at: number) => boolean): boolean {
    const [whole, inner] = /^\{([^}]*)\}/.exec(this.line.slice(at)) ?? [];
    if (whole === undefined || inner === undefined) return false;
    const names = inner.split(/, |-/).map((name) => /^v(\d+)\.(\w+)$/.exec(name));
    const [first, last] = [names[0], names.at(-1)];
    if (!first || !last) return false;
    const number = Number(first[1]);
    const count = inner.includes('-') ? ((Number(last[1]) - number) & 31) + 1 : names.length;
    const regular = names.every(
      (name, i) => name !== null && name[2] === first[2] && (inner.includes('-') || Number(name[1]) === ((number + i) & 31)),
    );
    if (!regular || count !== piece.count || number > 31) return false;
    const arrangement = piece.arrangement;
    const after = (): boolean => this.assign(piece.field, number, () => then(at + whole.length));
    if (arrangement.kind === 'text') return arrangement.text === first[2] && after();
    return arrangement.kind === 'choice' && this.set(arrangement.source, BigInt(arrangement.choices.indexOf(first[2]!)), after);
  }

  private number(piece: Piece & { kind: 'number' }, at: number, then: (at: number) => boolean): boolean {
    const { source, format } = piece;
    const [token = ''] = /^#?[^\s,\]}!]+/.exec(this.line.slice(at)) ?? [];
    const text = token.replace(/^#/, '');
    const done = (value: bigint): boolean => this.set(source, value, () => then(at + token.length));
    if (format === 'cc') {
      const [letters = ''] = /^[a-z]+/.exec(token) ?? [];
      const condition = CONDITIONS.indexOf(CONDITION_SYNONYMS[letters] ?? letters);
      return condition >= 0 && this.set(source, BigInt(condition), () => then(at + letters.length));
    }
    if (format === '#f') {
      for (let byte = 0; byte < 256; byte++) if (floatOfByte(byte) === Number(text)) return done(BigInt(byte));
      return false;
    }
    const value = evaluate(text, this.resolve, this.address);
    if (value === undefined) return false;
    if (format === 'pc') return done(BigInt.asIntN(64, value - BigInt(this.address)));
    if (format === 'page') return done(BigInt.asIntN(64, (value & ~4095n) - (BigInt(this.address) & ~4095n)));
    return done(value);
  }

  /** Gives a source its value for as long as `then` succeeds. */
  private set(source: Source, value: bigint, then: () => boolean): boolean {
    const { immediate, fields } = source;
    if (immediate) {
      this.immediates.push({ immediate, fields, value });
      if (then()) return true;
      this.immediates.pop();
      return false;
    }
    let rest = value;
    const parts = fields.toReversed().map((field) => {
      const part = Number(rest & ((1n << BigInt(field.width)) - 1n));
      rest >>= BigInt(field.width);
      return { field, part };
    });
    if (rest !== 0n) return false;
    const assignAll = (index: number): boolean => {
      const next = parts[index];
      return next ? this.assign(next.field, next.part, () => assignAll(index + 1)) : then();
    };
    return assignAll(0);
  }

  private assign(field: BitField, value: number, then: () => boolean): boolean {
    const known = this.fields.get(field);
    if (known !== undefined) return known === value && then();
    if (value < 0 || value >= 2 ** field.width) return false;
    this.fields.set(field, value);
    if (then()) return true;
    this.fields.delete(field);
    return false;
  }

  private assemble(): number | undefined {
    const fields = new Map(this.fields);
    for (const { immediate, fields: from, value } of this.immediates) {
      const encoded = immediate.encode(
        value,
        from.map((field) => fields.get(field)),
      );
      if (!encoded) return undefined;
      for (const [i, field] of from.entries()) {
        const known = fields.get(field);
        if (known !== undefined && known !== encoded[i]) return undefined;
        fields.set(field, encoded[i]!);
      }
    }
    const valueIn = (field: BitField): number => fields.get(field) ?? 0;
    if (this.widths.some((width) => widthLetter(width.fields, valueIn) !== width.letter)) return undefined;
    const { pattern } = this.syntax;
    // Bits that are ignored should be one.
    let word = pattern.match | ~pattern.mask;
    for (const field of pattern.fields) {
      const mask = 2 ** field.width - 1;
      word &= ~(mask << field.low);
      word |= (fields.get(field) ?? this.hidden & mask) << field.low;
    }
    return word;
  }
}

/** Sums and differences of numbers, symbols, and `.`, the present address. */
export function evaluate(text: string, resolve: Resolve, address: number): bigint | undefined {
  let sum = 0n;
  const terms = text.replace(/\s/g, '').match(/[+-]?[^+-]+/g);
  if (!terms) return undefined;
  for (const term of terms) {
    const bare = term.replace(/^[+-]/, '');
    const symbol = bare === '.' ? address : resolve(bare);
    if (symbol === undefined && !/^(0x[0-9a-f]+|\d+)$/i.test(bare)) return undefined;
    const value = BigInt(symbol ?? bare);
    sum += term.startsWith('-') ? -value : value;
  }
  return sum;
}
