/**
 * The index of a stored layer as bytes: a header and columns of numbers, read in place, so that loading it costs nothing
 * however many inodes it has. Little-endian, like every host that JavaScript engines run on.
 */

import type { Layer, LayerExtent } from '../../platform/layer.ts';
import { HolmError } from '../error.ts';
import { byteString } from './bytes.ts';

const MAGIC = 0x6d6c6f68; // "holm"
const VERSION = 1;
const HEADER_WORDS = 16;

/** Columns of 64-bit floats, then of 32-bit words, each with the table whose rows it has. */
const FLOAT_COLUMNS = [
  ['size', 'inodes'],
  ['mtimeSeconds', 'inodes'],
  ['extentFile', 'extents'],
  ['extentBlob', 'extents'],
  ['extentLength', 'extents'],
] as const;

const WORD_COLUMNS = [
  ['mode', 'inodes'],
  ['uid', 'inodes'],
  ['gid', 'inodes'],
  ['nlink', 'inodes'],
  ['rdev', 'inodes'],
  ['mtimeNanoseconds', 'inodes'],
  ['parent', 'inodes'],
  /** Of a directory: its first row in the entries; of others the same as the next inode's. Likewise extents and xattrs. */
  ['firstEntry', 'inodes'],
  ['firstExtent', 'inodes'],
  ['firstXattr', 'inodes'],
  ['symlinkStart', 'inodes'],
  ['symlinkLength', 'inodes'],
  ['entryStart', 'entries'],
  ['entryLength', 'entries'],
  ['entryInode', 'entries'],
  ['xattrStart', 'xattrs'],
  ['xattrNameLength', 'xattrs'],
  ['xattrValueLength', 'xattrs'],
] as const;

type Table = 'inodes' | 'entries' | 'extents' | 'xattrs';
export type Rows = Record<Table, number>;
type Columns = { [K in (typeof FLOAT_COLUMNS)[number][0]]: Float64Array } & { [K in (typeof WORD_COLUMNS)[number][0]]: Uint32Array };

/** Inode rows are indexed by inode number; row 0 is unused and one more row closes the ranges of the last inode. */
function columnLength(table: Table, rows: Rows): number {
  return table === 'inodes' ? rows.inodes + 2 : rows[table];
}

function layout(buffer: ArrayBuffer, start: number, rows: Rows): { columns: Columns; end: number } {
  const columns: Record<string, Float64Array | Uint32Array> = {};
  let at = start + HEADER_WORDS * 4;
  for (const [name, table] of FLOAT_COLUMNS) {
    const length = columnLength(table, rows);
    columns[name] = new Float64Array(buffer, at, length);
    at += length * 8;
  }
  for (const [name, table] of WORD_COLUMNS) {
    const length = columnLength(table, rows);
    columns[name] = new Uint32Array(buffer, at, length);
    at += length * 4;
  }
  return { columns: columns as Columns, end: at };
}

function tableBytes(rows: Rows): number {
  let bytes = HEADER_WORDS * 4;
  for (const [, table] of FLOAT_COLUMNS) bytes += columnLength(table, rows) * 8;
  for (const [, table] of WORD_COLUMNS) bytes += columnLength(table, rows) * 4;
  return bytes;
}

/** Empty columns of an index with `bytes` bytes of names and values, to be filled in. */
export function createIndex(rows: Rows, bytes: number): { data: Uint8Array; columns: Columns; names: Uint8Array } {
  const length = tableBytes(rows) + bytes;
  const data = new Uint8Array(length);
  new Uint32Array(data.buffer, 0, HEADER_WORDS).set([MAGIC, VERSION, rows.inodes, rows.entries, rows.extents, rows.xattrs, bytes]);
  const { columns, end } = layout(data.buffer, 0, rows);
  return { data, columns, names: data.subarray(end) };
}

export class LayerIndex implements Layer {
  readonly id: string;
  readonly blob: string;
  readonly inodes: number;
  private readonly columns: Columns;
  private readonly bytes: Uint8Array;

  /** `data` is kept. */
  constructor(id: string, data: Uint8Array) {
    const aligned = data.byteOffset % 8 === 0 ? data : data.slice();
    const damaged = new HolmError('ESTORE', `layer ${id} has a damaged index`);
    if (aligned.length < HEADER_WORDS * 4) throw damaged;
    const [magic, version, inodes, entries, extents, xattrs, bytes] = new Uint32Array(
      aligned.buffer as ArrayBuffer,
      aligned.byteOffset,
      HEADER_WORDS,
    );
    if (magic !== MAGIC || version !== VERSION) throw damaged;
    const rows: Rows = { inodes: inodes!, entries: entries!, extents: extents!, xattrs: xattrs! };
    if (tableBytes(rows) + bytes! !== aligned.length) throw damaged;
    const { columns, end } = layout(aligned.buffer as ArrayBuffer, aligned.byteOffset, rows);
    this.id = id;
    this.blob = id;
    this.inodes = rows.inodes;
    this.columns = columns;
    this.bytes = new Uint8Array(aligned.buffer, end, bytes);
  }

  mode(ino: number): number {
    return this.columns.mode[ino]!;
  }
  uid(ino: number): number {
    return this.columns.uid[ino]!;
  }
  gid(ino: number): number {
    return this.columns.gid[ino]!;
  }
  nlink(ino: number): number {
    return this.columns.nlink[ino]!;
  }
  size(ino: number): number {
    return this.columns.size[ino]!;
  }
  rdev(ino: number): number {
    return this.columns.rdev[ino]!;
  }
  mtimeSeconds(ino: number): number {
    return this.columns.mtimeSeconds[ino]!;
  }
  mtimeNanoseconds(ino: number): number {
    return this.columns.mtimeNanoseconds[ino]!;
  }
  parent(directory: number): number {
    return this.columns.parent[directory]!;
  }

  symlink(ino: number): string {
    return this.text(this.columns.symlinkStart[ino]!, this.columns.symlinkLength[ino]!);
  }

  lookup(directory: number, name: string): number {
    const { firstEntry, entryInode } = this.columns;
    let low = firstEntry[directory]!;
    let high = firstEntry[directory + 1]! - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = this.compare(middle, name);
      if (order === 0) return entryInode[middle]!;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return 0;
  }

  entries(directory: number): number {
    return this.columns.firstEntry[directory + 1]! - this.columns.firstEntry[directory]!;
  }
  entryName(directory: number, position: number): string {
    const row = this.columns.firstEntry[directory]! + position;
    return this.text(this.columns.entryStart[row]!, this.columns.entryLength[row]!);
  }
  entryInode(directory: number, position: number): number {
    return this.columns.entryInode[this.columns.firstEntry[directory]! + position]!;
  }

  extents(ino: number): number {
    return this.columns.firstExtent[ino + 1]! - this.columns.firstExtent[ino]!;
  }
  extent(ino: number, position: number): LayerExtent {
    const { firstExtent, extentFile, extentBlob, extentLength } = this.columns;
    const row = firstExtent[ino]! + position;
    return { fileOffset: extentFile[row]!, blobOffset: extentBlob[row]!, length: extentLength[row]! };
  }

  xattrNames(ino: number): readonly string[] {
    const { firstXattr, xattrStart, xattrNameLength } = this.columns;
    const names: string[] = [];
    for (let row = firstXattr[ino]!; row < firstXattr[ino + 1]!; row++) names.push(this.text(xattrStart[row]!, xattrNameLength[row]!));
    return names;
  }
  xattr(ino: number, name: string): Uint8Array | null {
    const { firstXattr, xattrStart, xattrNameLength, xattrValueLength } = this.columns;
    const row = firstXattr[ino]! + this.xattrNames(ino).indexOf(name);
    if (row < firstXattr[ino]!) return null;
    const start = xattrStart[row]! + xattrNameLength[row]!;
    return this.bytes.slice(start, start + xattrValueLength[row]!);
  }

  private text(start: number, length: number): string {
    return byteString(this.bytes.subarray(start, start + length));
  }

  /** The order of an entry's name and `name`, as strcmp(3) has it. */
  private compare(row: number, name: string): number {
    const start = this.columns.entryStart[row]!;
    const length = this.columns.entryLength[row]!;
    const common = Math.min(length, name.length);
    for (let i = 0; i < common; i++) {
      const difference = this.bytes[start + i]! - name.charCodeAt(i);
      if (difference !== 0) return difference;
    }
    return length - name.length;
  }
}

/** The inode at a path (relative to the root, links not followed); 0 when there is none. */
export function findInode(layer: Layer, path: string): number {
  let ino = 1;
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    ino = layer.lookup(ino, name);
    if (ino === 0) return 0;
  }
  return ino;
}
