/** Reads tar archives as a stream: ustar, GNU and pax, long names, holes, extended attributes. */

import { HolmError } from '../../error.ts';
import type { ByteReader } from '../byte_reader.ts';
import { byteString, fromByteString, printable } from '../bytes.ts';
import { BLOCK, padding, type TarEntry, type TarType } from './entry.ts';
import { isZeroBlock, parseHeader, type TarHeader } from './header.ts';
import { type PaxRecords, parsePax, paxInteger, paxTime } from './pax.ts';
import { readOldSparse, readPaxSparse, type SparseMap } from './sparse.ts';

/** Long names and extended headers are kept in memory: more than this is an attack. */
const MAX_EXTENSION = 1 << 20;

const TYPES: Readonly<Record<string, TarType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'chr',
  '4': 'blk',
  '5': 'dir',
  '6': 'fifo',
  '7': 'file',
  D: 'dir',
  S: 'file',
};

export class TarReader {
  private readonly reader: ByteReader;
  private globals: PaxRecords = [];
  /** Bytes of the present member that were not read, and the padding after them. */
  private left = 0;
  private pad = 0;
  private count = 0;

  constructor(reader: ByteReader) {
    this.reader = reader;
  }

  /** The next member; null at the end of the archive. Unread data of the one before is skipped. */
  async next(): Promise<TarEntry | null> {
    await this.reader.skip(this.left + this.pad, 'tar archive');
    this.left = this.pad = 0;
    let longName: string | null = null;
    let longLink: string | null = null;
    let records: PaxRecords = [];
    for (;;) {
      const header = await this.header();
      if (header === null) return null;
      switch (header.typeflag) {
        case 'L':
          longName = nulTerminated(await this.extension(header));
          break;
        case 'K':
          longLink = nulTerminated(await this.extension(header));
          break;
        case 'x':
        case 'X':
          records = parsePax(await this.extension(header));
          break;
        case 'g':
          this.globals = [...this.globals, ...parsePax(await this.extension(header))];
          if (this.globals.length > 10_000) throw new HolmError('EARCHIVE', 'tar archive holds too many global headers');
          break;
        case 'V':
          await this.reader.skip(header.size + padding(header.size), 'tar archive');
          break;
        default:
          this.count++;
          return this.member(header, [...this.globals, ...records], longName, longLink);
      }
    }
  }

  /** The next stored bytes of the present member, at most `max`; an empty array when all are read. */
  async data(max: number): Promise<Uint8Array> {
    if (this.left === 0) return new Uint8Array(0);
    const part = await this.reader.some(Math.min(max, this.left));
    if (part.length === 0) throw new HolmError('EARCHIVE', 'tar archive is truncated');
    this.left -= part.length;
    return part;
  }

  private async header(): Promise<TarHeader | null> {
    if (!(await this.reader.ensure(BLOCK))) {
      if (this.reader.buffered > 0) throw new HolmError('EARCHIVE', 'tar archive is truncated');
      if (this.count === 0) throw new HolmError('EARCHIVE', 'tar archive is empty');
      return null; // some writers leave the two zero blocks out
    }
    const block = this.reader.take(BLOCK);
    return isZeroBlock(block) ? null : parseHeader(block);
  }

  private async extension(header: TarHeader): Promise<Uint8Array> {
    if (header.size < 0 || header.size > MAX_EXTENSION)
      throw new HolmError('EARCHIVE', 'tar archive holds a name or header of more than 1 MiB');
    const data = (await this.reader.read(header.size, 'tar archive')).slice();
    await this.reader.skip(padding(header.size), 'tar archive');
    return data;
  }

  private async member(header: TarHeader, records: PaxRecords, longName: string | null, longLink: string | null): Promise<TarEntry> {
    const pax = new Map(records);
    let name = pax.get('path') ?? longName ?? header.name;
    let type = TYPES[header.typeflag];
    if (type === undefined) {
      throw new HolmError('EARCHIVE', `tar archive holds a member of unknown type ${JSON.stringify(header.typeflag)}: ${printable(name)}`);
    }
    if (type === 'file' && name.endsWith('/') && header.typeflag !== 'S') type = 'dir';
    const stored = type === 'file' || header.typeflag === 'D' ? paxInteger(pax.get('size') ?? String(header.size)) : 0;
    if (stored < 0) throw new HolmError('EARCHIVE', `tar archive holds a member of negative size: ${printable(name)}`);
    this.pad = padding(stored);
    let sparse: SparseMap | null = null;
    if (header.typeflag === 'S') sparse = await readOldSparse(header.block, stored, this.reader);
    else if (type === 'file' && records.length > 0) sparse = await readPaxSparse(records, stored, this.reader);
    if (sparse?.name) name = sparse.name;
    this.left = stored - (sparse?.consumed ?? 0);
    const [mtimeSeconds, mtimeNanoseconds] = pax.has('mtime') ? paxTime(pax.get('mtime')!) : [header.mtime, 0];
    return {
      name,
      type,
      mode: header.mode & 0o7777,
      uid: paxInteger(pax.get('uid') ?? String(header.uid)) >>> 0,
      gid: paxInteger(pax.get('gid') ?? String(header.gid)) >>> 0,
      size: type === 'file' ? (sparse?.size ?? stored) : 0,
      mtimeSeconds,
      mtimeNanoseconds,
      linkName: pax.get('linkpath') ?? longLink ?? header.linkName,
      devMajor: header.devMajor,
      devMinor: header.devMinor,
      xattrs: xattrsOf(pax),
      runs: sparse?.runs ?? null,
    };
  }
}

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

function xattrsOf(pax: ReadonlyMap<string, string>): ReadonlyMap<string, Uint8Array> {
  if (pax.size === 0) return NO_XATTRS;
  const xattrs = new Map<string, Uint8Array>();
  for (const [key, value] of pax) {
    if (key.startsWith('SCHILY.xattr.')) xattrs.set(key.slice('SCHILY.xattr.'.length), fromByteString(value));
  }
  return xattrs;
}

function nulTerminated(data: Uint8Array): string {
  const end = data.indexOf(0);
  return byteString(end < 0 ? data : data.subarray(0, end));
}
