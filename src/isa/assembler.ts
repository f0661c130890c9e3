/** A small assembler in two passes: labels, data directives and the instructions of a table, enough for the vDSO and for tests. */

import { Encoder, evaluate } from './encoder.ts';
import type { InsnTable } from './insn_table.ts';

export interface Assembly {
  readonly bytes: Uint8Array;
  readonly symbols: ReadonlyMap<string, number>;
}

interface Line {
  readonly number: number;
  readonly text: string;
  readonly address: number;
  readonly size: number;
}

const DATA: Readonly<Record<string, number>> = { '.byte': 1, '.hword': 2, '.short': 2, '.word': 4, '.quad': 8 };
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' };

export class Assembler {
  private readonly encoder: Encoder;

  constructor(table: InsnTable) {
    this.encoder = new Encoder(table);
  }

  /**
   * `origin` is the address of the first byte; `predefined` symbols may be used and not be defined again. Comments begin with //.
   * Throws an Error that names the line of the first mistake.
   */
  assemble(source: string, origin = 0, predefined: Readonly<Record<string, number>> = {}): Assembly {
    const symbols = new Map(Object.entries(predefined));
    const lines = this.layOut(source, origin, symbols);
    const end = lines.at(-1);
    const bytes = new Uint8Array(end ? end.address + end.size - origin : 0);
    for (const line of lines) bytes.set(this.encodeLine(line, symbols), line.address - origin);
    return { bytes, symbols };
  }

  /** The first pass: addresses, sizes, labels. */
  private layOut(source: string, origin: number, symbols: Map<string, number>): Line[] {
    const lines: Line[] = [];
    let address = origin;
    source.split('\n').forEach((raw, index) => {
      const number = index + 1;
      let text = raw.replace(/\/\/.*$/, '').trim();
      for (let label = /^([A-Za-z_.$][\w.$]*):\s*/.exec(text); label; label = /^([A-Za-z_.$][\w.$]*):\s*/.exec(text)) {
        if (symbols.has(label[1]!)) throw new Error(`line ${number}: ${label[1]} is defined twice`);
        symbols.set(label[1]!, address);
        text = text.slice(label[0].length);
      }
      if (text === '') return;
      const equ = /^\.equ\s+([\w.$]+)\s*,\s*(.*)$/.exec(text);
      if (equ) {
        symbols.set(equ[1]!, Number(this.value(equ[2]!, symbols, address, number)));
        return;
      }
      const size = this.sizeOf(text, address, symbols, number);
      lines.push({ number, text, address, size });
      address += size;
    });
    return lines;
  }

  private sizeOf(text: string, address: number, symbols: ReadonlyMap<string, number>, number: number): number {
    if (!text.startsWith('.')) return 4;
    const [directive = '', rest = ''] = split(text);
    const unit = DATA[directive];
    if (unit !== undefined) return unit * rest.split(',').length;
    switch (directive) {
      case '.ascii':
        return stringBytes(rest, number).length;
      case '.asciz':
        return stringBytes(rest, number).length + 1;
      case '.align':
        return -address & (2 ** Number(this.value(rest, symbols, address, number)) - 1);
      case '.zero':
        return Number(this.value(rest, symbols, address, number));
      default:
        throw new Error(`line ${number}: unknown directive ${directive}`);
    }
  }

  private encodeLine({ number, text, address, size }: Line, symbols: ReadonlyMap<string, number>): Uint8Array {
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    if (!text.startsWith('.')) {
      const word = this.encoder.encode(text, address, (symbol) => symbols.get(symbol));
      if (word === undefined) throw new Error(`line ${number}: cannot assemble: ${text}`);
      view.setUint32(0, word, true);
      return bytes;
    }
    const [directive = '', rest = ''] = split(text);
    const unit = DATA[directive];
    if (unit !== undefined) {
      rest.split(',').forEach((item, i) => {
        const value = BigInt.asUintN(64, this.value(item, symbols, address, number));
        for (let byte = 0; byte < unit; byte++) bytes[i * unit + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
      });
    } else if (directive.startsWith('.asc')) bytes.set(stringBytes(rest, number));
    return bytes;
  }

  private value(text: string, symbols: ReadonlyMap<string, number>, address: number, number: number): bigint {
    const value = evaluate(text.trim(), (symbol) => symbols.get(symbol), address);
    if (value === undefined) throw new Error(`line ${number}: no value: ${text}`);
    return value;
  }
}

const split = (text: string): string[] => /^(\S+)\s*(.*)$/.exec(text)!.slice(1);

function stringBytes(text: string, number: number): Uint8Array {
  const quoted = /^"(.*)"$/.exec(text);
  if (!quoted) throw new Error(`line ${number}: a quoted string is missing`);
  const plain = quoted[1]!.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}
