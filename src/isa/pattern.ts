/** Bit patterns of instructions: parsed from the manual's notation. */

export interface BitField {
  readonly name: string;
  /** Position of the lowest bit. */
  readonly low: number;
  readonly width: number;
  /** As many ones. */
  readonly ones: number;
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

const [DOT, ZERO, ONE] = [46, 48, 49];
const REGISTERS: ReadonlySet<string> = new Set(['rd', 'rn', 'rm', 'ra', 'rt', 'rt2', 'rs', 'vd', 'vn', 'vm', 'va', 'vt', 'vt2']);

export function parsePattern(text: string): Pattern {
  let mask = 0;
  let match = 0;
  let bit = 32;
  const fields: BitField[] = [];
  for (const token of text.split(' ')) {
    const first = token.charCodeAt(0);
    if (first === DOT || first === ZERO || first === ONE) {
      for (let i = 0; i < token.length; i++) {
        const digit = token.charCodeAt(i);
        bit -= 1;
        if (digit !== DOT) mask |= 1 << bit;
        if (digit === ONE) match |= 1 << bit;
      }
    } else if (token !== '') {
      const [name = '', modifier] = token.split('|');
      const [bare = '', bits] = name.split(':');
      const width = bits === undefined ? (REGISTERS.has(bare) ? 5 : 1) : Number(bits);
      bit -= width;
      fields.push({ name: bare, low: bit, width, ones: 2 ** width - 1, sp: modifier !== undefined, base: modifier === 'base' });
    }
  }
  if (bit !== 0) throw new Error(`pattern has ${32 - bit} bits: ${text}`);
  return { mask, match, fields };
}

export const isRegisterField = (name: string): boolean => REGISTERS.has(name);
export const extract = (word: number, field: BitField): number => (word >>> field.low) & field.ones;
