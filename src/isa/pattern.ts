/** Bit patterns of instructions: parsed from the manual's notation. */

export interface BitField {
  readonly name: string;
  /** Position of the lowest bit. */
  readonly low: number;
  readonly width: number;
  /** A register field in which 31 means sp. */
  readonly sp: boolean;
  /** … and which is the base of an address, for which sp must be aligned. */
  readonly base: boolean;
}

export interface Pattern {
  readonly mask: number;
  readonly match: number;
  readonly fields: readonly BitField[];
}

const REGISTERS: ReadonlySet<string> = new Set(['rd', 'rn', 'rm', 'ra', 'rt', 'rt2', 'rs', 'vd', 'vn', 'vm', 'va', 'vt', 'vt2']);

export function parsePattern(text: string): Pattern {
  let mask = 0;
  let match = 0;
  let bit = 32;
  const fields: BitField[] = [];
  for (const token of text.trim().split(/\s+/)) {
    if (/^[01.]+$/.test(token)) {
      for (const digit of token) {
        bit -= 1;
        if (digit !== '.') mask |= 1 << bit;
        if (digit === '1') match |= 1 << bit;
      }
      continue;
    }
    const [name = '', modifier] = token.split('|');
    const [bare = '', width] = name.split(':');
    const bits = width === undefined ? (REGISTERS.has(bare) ? 5 : 1) : Number(width);
    bit -= bits;
    fields.push({ name: bare, low: bit, width: bits, sp: modifier !== undefined, base: modifier === 'base' });
  }
  if (bit !== 0) throw new Error(`pattern has ${32 - bit} bits: ${text}`);
  return { mask, match, fields };
}

export const isRegisterField = (name: string): boolean => REGISTERS.has(name);
export const extract = (word: number, field: BitField): number => (word >>> field.low) & (2 ** field.width - 1);
