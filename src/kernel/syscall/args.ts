/** How syscall arguments are read from the registers and how a trace prints them. */

import type { Task } from '../task/task.ts';

/** One argument. Decoding never faults or allocates. `words` is the register block, `register` 0 to 5. */
export interface ArgType<T> {
  readonly name: string;
  decode(words: Int32Array, register: number): T;
  format(value: T, task: Task): string;
}

const TWO_32 = 4294967296;
const hex = (value: number): string => (value === 0 ? 'NULL' : `0x${value.toString(16)}`);

/** A C int: the low half of the register, signed. */
export const int = (name: string): ArgType<number> => ({ name, decode: (x, r) => x[2 * r]!, format: String });

/** A C unsigned int. */
export const uint = (name: string): ArgType<number> => ({ name, decode: (x, r) => x[2 * r]! >>> 0, format: String });

/** Flags in an unsigned int, printed in hexadecimal. */
export const flags = (name: string): ArgType<number> => ({ name, decode: (x, r) => x[2 * r]! >>> 0, format: (v) => `0x${v.toString(16)}` });

/** A mode_t, printed in octal. */
export const mode = (name: string): ArgType<number> => ({ name, decode: (x, r) => x[2 * r]! & 0xffff, format: (v) => `0${v.toString(8)}` });

/** A file descriptor. */
export const fd = (name: string): ArgType<number> => int(name);

/** A signed 64-bit value (off_t, long); beyond 2^53 the nearest double, which every range check refuses alike. */
export const long = (name: string): ArgType<number> => ({
  name,
  decode: (x, r) => x[2 * r + 1]! * TWO_32 + (x[2 * r]! >>> 0),
  format: String,
});

/** An unsigned 64-bit value (size_t, unsigned long). */
export const size = (name: string): ArgType<number> => ({
  name,
  decode: (x, r) => (x[2 * r + 1]! >>> 0) * TWO_32 + (x[2 * r]! >>> 0),
  format: String,
});

/** A user address; one outside the address space faults on use, not on decoding. */
export const ptr = (name: string): ArgType<number> => ({ ...size(name), format: hex });

/** The address of a NUL-terminated string, printed as text when it can be read. */
export const str = (name: string): ArgType<number> => ({
  ...size(name),
  format: (v, task) => {
    if (v === 0 || task.mm === null) return hex(v);
    const text = task.mm.peekString(v, 80);
    return text === null ? hex(v) : JSON.stringify(text);
  },
});
