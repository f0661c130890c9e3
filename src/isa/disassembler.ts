/** From instruction words to text, as objdump -M no-aliases prints it. */

import { Decoder } from './decoder.ts';
import type { Row } from './insn.ts';
import type { InsnTable } from './insn_table.ts';
import { type BitField, extract } from './pattern.ts';
import { CONDITIONS, floatOfByte, type Piece, parseSyntax, type Source, type Syntax, widthLetter } from './syntax.ts';

export class Disassembler {
  private readonly decoder: Decoder;
  private readonly syntaxes = new Map<Row, Syntax>();

  constructor(table: InsnTable) {
    this.decoder = new Decoder(table);
  }

  /** `address` is where the instruction is, for pc-relative operands. undefined: the encoding is unallocated. */
  disassemble(word: number, address = 0): string | undefined {
    const decoded = this.decoder.decode(word);
    if (!decoded) return undefined;
    const { row } = decoded.operation.template;
    let syntax = this.syntaxes.get(row);
    if (!syntax) {
      syntax = parseSyntax(row);
      this.syntaxes.set(row, syntax);
    }
    return new Printer(word, address).print(syntax.pieces);
  }
}

class Printer {
  private readonly word: number;
  private readonly address: number;

  constructor(word: number, address: number) {
    this.word = word;
    this.address = address;
  }

  print(pieces: readonly Piece[]): string {
    return pieces.map((piece) => this.piece(piece)).join('');
  }

  private piece(piece: Piece): string {
    switch (piece.kind) {
      case 'text':
        return piece.text;
      case 'optional':
        return piece.pieces.every((inner) => this.isZero(inner)) ? '' : this.print(piece.pieces);
      case 'register':
        return this.register(piece);
      case 'list':
        return this.list(this.bits(piece.field), piece.count, this.piece(piece.arrangement));
      case 'choice':
        return piece.choices[Number(this.value(piece.source))] ?? '';
      case 'number':
        return this.number(piece.source, piece.format);
    }
  }

  private isZero(piece: Piece): boolean {
    if (piece.kind === 'choice') return this.piece(piece) === '';
    if (piece.kind === 'register') return this.piece(piece) === 'xzr';
    return piece.kind !== 'number' || Number(this.value(piece.source)) === 0;
  }

  private bits(field: BitField): number {
    return extract(this.word, field);
  }

  private value(source: Source): number | bigint {
    const raw = source.fields.map((field) => this.bits(field));
    if (source.immediate) return source.immediate.decode(...raw)!;
    return raw.reduce((sum, bits, i) => sum * 2 ** source.fields[i]!.width + bits, 0);
  }

  private register({ field, distance, width: fixed, widthFields }: Piece & { kind: 'register' }): string {
    const number = (this.bits(field) + distance) & 31;
    const width = widthFields.length > 0 ? widthLetter(widthFields, (of) => this.bits(of)) : fixed;
    if (width === 'n') return `${number}`;
    if (number === 31 && (width === 'x' || width === 'w')) {
      if (field.sp) return width === 'x' ? 'sp' : 'wsp';
      return `${width}zr`;
    }
    return `${width}${number}`;
  }

  private list(first: number, count: number, arrangement: string): string {
    const names = Array.from({ length: count }, (_, i) => `v${(first + i) & 31}.${arrangement}`);
    if (count > 2 && first + count <= 32) return `{${names[0]}-${names.at(-1)}}`;
    return `{${names.join(', ')}}`;
  }

  private number(source: Source, format: string): string {
    const value = this.value(source);
    const hex = (number: bigint): string => `0x${BigInt.asUintN(64, number).toString(16)}`;
    switch (format) {
      case '#d':
        return `#${value}`;
      case 'd':
        return `${value}`;
      case '#x':
        return `#${hex(BigInt(value))}`;
      case 'x':
        return hex(BigInt(value));
      case 'pc':
        return hex(BigInt(this.address) + BigInt(value));
      case 'page':
        return hex((BigInt(this.address) & ~4095n) + BigInt(value));
      case 'cc':
        return CONDITIONS[Number(value)]!;
      case '#f':
        return `#${exponential(floatOfByte(Number(value)))}`;
      default:
        throw new Error(`unknown format ${format}`);
    }
  }
}

/** C's %.18e. */
const exponential = (value: number): string => value.toExponential(18).replace(/e([+-])(\d)$/, 'e$10$2');
