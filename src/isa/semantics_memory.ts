/** Memory as instruction definitions see it. */

import type { Values } from './values.ts';

/**
 * A definition opens one window over all the bytes that it touches, before it writes any register, and then accesses them by
 * offset: so a fault leaves nothing half done. The top byte of addresses is ignored (TBI). Offsets are plain numbers.
 */
export interface MemorySemantics<T extends Values> {
  /** A base register; when it is sp, sp must be 16-byte aligned. */
  base(register: T['reg']): T['i64'];
  /** Raises an alignment fault unless `address` is a multiple of `bytes` (exclusives, acquire and release, LSE). */
  requireAlignment(address: T['i64'], bytes: number): void;
  /** `bytes` is at most 64. */
  readable(address: T['i64'], bytes: number): T['window'];
  /** Its stores need not become visible before `commit`. */
  writable(address: T['i64'], bytes: number): T['window'];
  /** Readable and writable. */
  updatable(address: T['i64'], bytes: number): T['window'];
  /** Ends a writable or updatable window; follows the last store and comes before any register is written. */
  commit(window: T['window']): void;

  load8_u(window: T['window'], offset: number): T['i32'];
  load16_u(window: T['window'], offset: number): T['i32'];
  load32(window: T['window'], offset: number): T['i32'];
  load64(window: T['window'], offset: number): T['i64'];
  load128(window: T['window'], offset: number): T['v128'];
  store8(window: T['window'], offset: number, value: T['i32']): void;
  store16(window: T['window'], offset: number, value: T['i32']): void;
  store32(window: T['window'], offset: number, value: T['i32']): void;
  store64(window: T['window'], offset: number, value: T['i64']): void;
  store128(window: T['window'], offset: number, value: T['v128']): void;

  /** The exclusive monitor remembers an address, a size and the value that was loaded (`high` only counts for 16 bytes). */
  setExclusive(address: T['i64'], bytes: number, low: T['i64'], high: T['i64']): void;
  /** 1 when the monitor holds this address and size and memory still has the remembered value, given here. */
  holdsExclusive(address: T['i64'], bytes: number, low: T['i64'], high: T['i64']): T['i32'];
  clearExclusive(): void;
}
