/** The 512-byte header block: ustar and GNU. See tar(5). */

import { HolmError } from '../../error.ts';
import { byteString } from '../bytes.ts';
import { BLOCK } from './entry.ts';

/** [offset, length] of each field. */
export const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeflag: [156, 1],
  linkName: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  userName: [265, 32],
  groupName: [297, 32],
  devMajor: [329, 8],
  devMinor: [337, 8],
  prefix: [345, 155],
} as const;

type Field = readonly [offset: number, length: number];

export interface TarHeader {
  readonly block: Uint8Array;
  readonly name: string;
  readonly typeflag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly linkName: string;
  readonly devMajor: number;
  readonly devMinor: number;
}

/** A NUL-terminated string field. */
export function textField(block: Uint8Array, [offset, length]: Field): string {
  const end = block.indexOf(0, offset);
  return byteString(block.subarray(offset, end < 0 || end > offset + length ? offset + length : end));
}

/** A number in octal digits, or in base 256 when the first bit is set. */
export function numberField(block: Uint8Array, [offset, length]: Field): number {
  const first = block[offset]!;
  if (first & 0x80) {
    let value = first & 0x40 ? -1 : first & 0x3f;
    for (let i = 1; i < length; i++) value = value * 256 + block[offset + i]!;
    if (!Number.isSafeInteger(value)) throw new HolmError('EARCHIVE', 'tar header holds a number that is out of range');
    return value;
  }
  const text = textField(block, [offset, length]).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw new HolmError('EARCHIVE', 'tar header holds a number that is not octal');
  return Number.parseInt(text, 8);
}

/** Sums over the block with the checksum field taken as blanks; some old writers added signed chars. */
function checksums(block: Uint8Array): readonly [unsigned: number, signed: number] {
  let unsigned = 0;
  let negative = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 32 : block[i]!;
    unsigned += byte;
    if (byte > 127) negative += 256;
  }
  return [unsigned, unsigned - negative];
}

export function isZeroBlock(block: Uint8Array): boolean {
  for (let i = 0; i < BLOCK; i++) if (block[i] !== 0) return false;
  return true;
}

/** True when the block's checksum fits: how an archive is recognised. */
export function isHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK || isZeroBlock(block)) return false;
  const text = textField(block, FIELDS.checksum).trim();
  if (!/^[0-7]+$/.test(text)) return false;
  const [unsigned, signed] = checksums(block);
  const wanted = Number.parseInt(text, 8);
  return wanted === unsigned || wanted === signed;
}

export function parseHeader(block: Uint8Array): TarHeader {
  if (!isHeader(block)) throw new HolmError('EARCHIVE', 'tar header has a wrong checksum');
  const magic = textField(block, FIELDS.magic);
  const isUstar = magic === 'ustar'; // GNU's magic is "ustar  " and uses the prefix's bytes otherwise
  const prefix = isUstar ? textField(block, FIELDS.prefix) : '';
  const name = textField(block, FIELDS.name);
  return {
    block,
    name: prefix ? `${prefix}/${name}` : name,
    typeflag: String.fromCharCode(block[FIELDS.typeflag[0]]!),
    mode: numberField(block, FIELDS.mode),
    uid: numberField(block, FIELDS.uid),
    gid: numberField(block, FIELDS.gid),
    size: numberField(block, FIELDS.size),
    mtime: numberField(block, FIELDS.mtime),
    linkName: textField(block, FIELDS.linkName),
    devMajor: magic.startsWith('ustar') ? numberField(block, FIELDS.devMajor) : 0,
    devMinor: magic.startsWith('ustar') ? numberField(block, FIELDS.devMinor) : 0,
  };
}

function setText(block: Uint8Array, [offset, length]: Field, text: string): void {
  for (let i = 0; i < Math.min(length, text.length); i++) block[offset + i] = text.charCodeAt(i);
}

/** True when `value` fits a field in octal digits with a terminating NUL. */
export function fitsOctal(value: number, field: Field): boolean {
  return Number.isInteger(value) && value >= 0 && value < 8 ** (field[1] - 1);
}

function setOctal(block: Uint8Array, field: Field, value: number): void {
  setText(block, field, (fitsOctal(value, field) ? value : 0).toString(8).padStart(field[1] - 1, '0'));
}

/** A ustar header block; strings are cut and numbers that do not fit become 0: the caller says them again in a pax header. */
export function formatHeader(header: Omit<TarHeader, 'block'>): Uint8Array {
  const block = new Uint8Array(BLOCK);
  setText(block, FIELDS.name, header.name);
  setOctal(block, FIELDS.mode, header.mode);
  setOctal(block, FIELDS.uid, header.uid);
  setOctal(block, FIELDS.gid, header.gid);
  setOctal(block, FIELDS.size, header.size);
  setOctal(block, FIELDS.mtime, header.mtime);
  setText(block, FIELDS.typeflag, header.typeflag);
  setText(block, FIELDS.linkName, header.linkName);
  setText(block, FIELDS.magic, 'ustar');
  setText(block, FIELDS.version, '00');
  setOctal(block, FIELDS.devMajor, header.devMajor);
  setOctal(block, FIELDS.devMinor, header.devMinor);
  setText(block, FIELDS.checksum, `${checksums(block)[0].toString(8).padStart(6, '0')}\0 `);
  return block;
}
