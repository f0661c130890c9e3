/** `#!` scripts. See execve(2), Interpreter scripts; Linux: fs/binfmt_script.c. */

import { ENOEXEC } from '../../abi/errno.ts';

/** What the first line of a script asks for, as byte strings. */
export interface ScriptLine {
  readonly interpreter: string;
  /** Everything after the interpreter, one argument; null if there is nothing. */
  readonly argument: string | null;
}

const NUL = 0;
const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;

const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;
const isTerminator = (byte: number | undefined): boolean => isBlank(byte) || byte === NUL;

/** The first position in [from, to) for which `test` holds, or -1. */
function first(buffer: Uint8Array, from: number, to: number, test: (byte: number | undefined) => boolean): number {
  for (let i = from; i < to; i++) if (test(buffer[i])) return i;
  return -1;
}

/** Parse `buffer`, the first BINPRM_BUF_SIZE bytes of a file padded with zeros: -ENOEXEC if it is no script. */
export function parseScript(buffer: Uint8Array): ScriptLine | number {
  if (buffer[0] !== 0x23 || buffer[1] !== 0x21) return -ENOEXEC;
  const last = buffer.length - 1;
  let end = first(buffer, 0, buffer.length, (byte) => byte === NEWLINE);
  if (end < 0) {
    const start = first(buffer, 2, last, (byte) => !isBlank(byte));
    // Without a blank or NUL after it the interpreter's name may have been cut off.
    if (start < 0 || first(buffer, start, last, isTerminator) < 0) return -ENOEXEC;
    end = last;
  }
  while (isBlank(buffer[end - 1])) end--;
  const name = first(buffer, 2, end, (byte) => !isBlank(byte));
  if (name < 0) return -ENOEXEC;
  const separator = first(buffer, name, end, isTerminator);
  const interpreter = text(buffer, name, separator < 0 ? end : separator);
  if (separator < 0 || buffer[separator] === NUL) return { interpreter, argument: null };
  const argument = first(buffer, separator, end, (byte) => !isBlank(byte));
  return { interpreter, argument: argument < 0 ? null : text(buffer, argument, end) };
}

/** A C string: it ends at a NUL, or at `end`. */
function text(buffer: Uint8Array, from: number, end: number): string {
  let result = '';
  for (let i = from; i < end && buffer[i] !== NUL; i++) result += String.fromCharCode(buffer[i]!);
  return result;
}
