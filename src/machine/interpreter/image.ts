/** What the machine makes from the instruction table, the vDSO included, and as one array of bytes for keeping. */

import type { Row } from '../../isa/insn.ts';
import type { TableIndex } from '../../isa/insn_table.ts';
import type { FormNumbers } from './forms.ts';

export interface InterpreterImage {
  /** The WebAssembly module. */
  readonly code: Uint8Array;
  readonly index: TableIndex;
  readonly numbers: FormNumbers;
}

export interface MachineImage extends InterpreterImage {
  readonly vdso: Uint8Array;
}

/** Tells instruction tables apart (FNV-1a of their patterns). */
function fingerprint(rows: readonly Row[]): number {
  let hash = 2166136261;
  for (const { pattern } of rows) for (let i = 0; i < pattern.length; i++) hash = Math.imul(hash ^ pattern.charCodeAt(i), 16777619);
  return hash;
}

/** Head: fingerprint, number of rows, of operations, of code bytes, of vDSO bytes; then masks, matches, first, numbers, code, vDSO. */
const HEAD_WORDS = 5;

export function packImage({ code, index, numbers, vdso }: MachineImage, rows: readonly Row[]): Uint8Array {
  const tables = [index.masks, index.matches, index.first, numbers];
  const bytes = new Uint8Array(4 * HEAD_WORDS + tables.reduce((sum, table) => sum + table.byteLength, 0) + code.length + vdso.length);
  bytes.set(new Uint8Array(new Int32Array([fingerprint(rows), rows.length, index.first[rows.length]!, code.length, vdso.length]).buffer));
  let at = 4 * HEAD_WORDS;
  for (const table of [...tables, code, vdso]) {
    bytes.set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength), at);
    at += table.byteLength;
  }
  return bytes;
}

/** undefined: the image was made from other rows. */
export function unpackImage(packed: Uint8Array, rows: readonly Row[]): MachineImage | undefined {
  if (packed.length < 4 * HEAD_WORDS) return undefined;
  // The tables are read as they lie, which needs alignment.
  const bytes = packed.byteOffset % 4 === 0 ? packed : packed.slice();
  const [made, count, operations, codeBytes, vdsoBytes] = new Int32Array(bytes.buffer, bytes.byteOffset, HEAD_WORDS);
  if (made !== fingerprint(rows) || count !== rows.length) return undefined;
  let at = bytes.byteOffset + 4 * HEAD_WORDS;
  const words = (length: number): Int32Array => {
    const table = new Int32Array(bytes.buffer, at, length);
    at += table.byteLength;
    return table;
  };
  const index = { masks: words(count), matches: words(count), first: words(count + 1) };
  const numbers = new Uint16Array(bytes.buffer, at, 6 * operations!);
  at += numbers.byteLength;
  const code = new Uint8Array(bytes.buffer, at, codeBytes!);
  return { code, index, numbers, vdso: new Uint8Array(bytes.buffer, at + codeBytes!, vdsoBytes!) };
}
