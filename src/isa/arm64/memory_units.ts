/** Accesses of 1, 2, 4 or 8 bytes as zero-extended 64-bit values, for instructions that come in all sizes. */

import type { Semantics } from '../semantics.ts';
import type { Values } from '../values.ts';

export function loadUnit<T extends Values>(s: Semantics<T>, at: T['window'], size: number, offset = 0): T['i64'] {
  if (size === 3) return s.load64(at, offset);
  return s.extend_u(size === 0 ? s.load8_u(at, offset) : size === 1 ? s.load16_u(at, offset) : s.load32(at, offset));
}

export function storeUnit<T extends Values>(s: Semantics<T>, at: T['window'], size: number, value: T['i64'], offset = 0): void {
  if (size === 0) s.store8(at, offset, s.wrap(value));
  else if (size === 1) s.store16(at, offset, s.wrap(value));
  else if (size === 2) s.store32(at, offset, s.wrap(value));
  else s.store64(at, offset, value);
}

/** The low bytes of a register as such a value. */
export function unit<T extends Values>(s: Semantics<T>, value: T['i64'], size: number): T['i64'] {
  return size === 3 ? value : s.i64.and(value, s.i64.const((1n << BigInt(8 << size)) - 1n));
}

/** Register width of an access of this size. */
export const widthOf = (size: number): 'w' | 'x' => (size === 3 ? 'x' : 'w');
/** Mnemonic suffix. */
export const suffixOf = (size: number): string => ['b', 'h', '', ''][size]!;
export const sizeBits = (size: number): string => `${size >> 1}${size & 1}`;
