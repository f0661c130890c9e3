/** Writes tar archives: ustar headers, with pax headers for what does not fit them. The bytes depend on the members alone. */

import { byteString, concat, fromByteString } from '../bytes.ts';
import { BLOCK, padding, type TarEntry, type TarType } from './entry.ts';
import { FIELDS, fitsOctal, formatHeader } from './header.ts';
import { formatPax } from './pax.ts';

const TYPEFLAGS: Readonly<Record<TarType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  chr: '3',
  blk: '4',
  dir: '5',
  fifo: '6',
};

/** The two zero blocks that end an archive. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

/** The map that comes first in the data of a sparse file, format 1.0. */
function inlineMap(entry: TarEntry): Uint8Array {
  const last = entry.runs!.at(-1);
  const reachesEnd = last !== undefined && last.offset + last.length === entry.size;
  const runs = reachesEnd ? entry.runs! : [...entry.runs!, { offset: entry.size, length: 0 }]; // GNU tar sizes the file by its last run
  const lines = [runs.length, ...runs.flatMap((run) => [run.offset, run.length])];
  const text = fromByteString(`${lines.join('\n')}\n`);
  return concat([text, new Uint8Array(padding(text.length))]);
}

export interface TarMember {
  readonly entry: TarEntry;
  /** The stored bytes: of a file with holes those of its runs. Null when there are none. */
  readonly data: AsyncIterable<Uint8Array> | null;
}

/** A whole archive. */
export async function* writeTar(members: AsyncIterable<TarMember>): AsyncGenerator<Uint8Array> {
  for await (const { entry, data } of members) {
    yield formatMember(entry);
    let stored = 0;
    for await (const part of data ?? []) {
      stored += part.length;
      yield part;
    }
    if (padding(stored) > 0) yield new Uint8Array(padding(stored));
  }
  yield TAR_END;
}

/** Everything of a member that precedes its stored bytes. Those follow, padded to whole blocks (`padding`). */
export function formatMember(entry: TarEntry): Uint8Array {
  const pax: [string, string][] = [];
  const map = entry.type === 'file' && entry.runs ? inlineMap(entry) : null;
  let stored = entry.type === 'file' ? entry.size : 0;
  if (map) {
    stored = map.length;
    for (const run of entry.runs!) stored += run.length;
    pax.push(
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.name', entry.name],
      ['GNU.sparse.realsize', String(entry.size)],
    );
  } else if (entry.name.length > FIELDS.name[1]) pax.push(['path', entry.name]);
  if (entry.linkName.length > FIELDS.linkName[1]) pax.push(['linkpath', entry.linkName]);
  if (!fitsOctal(stored, FIELDS.size)) pax.push(['size', String(stored)]);
  if (!fitsOctal(entry.uid, FIELDS.uid)) pax.push(['uid', String(entry.uid)]);
  if (!fitsOctal(entry.gid, FIELDS.gid)) pax.push(['gid', String(entry.gid)]);
  if (entry.mtimeNanoseconds !== 0 || !fitsOctal(entry.mtimeSeconds, FIELDS.mtime)) pax.push(['mtime', formatTime(entry)]);
  for (const [name, value] of entry.xattrs) pax.push([`SCHILY.xattr.${name}`, byteString(value)]);
  const parts: Uint8Array[] = [];
  if (pax.length > 0) {
    const data = formatPax(pax);
    parts.push(
      block(
        { ...entry, name: '././@PaxHeader', linkName: '', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, devMajor: 0, devMinor: 0 },
        'x',
        data.length,
      ),
    );
    parts.push(data, new Uint8Array(padding(data.length)));
  }
  parts.push(block(entry, TYPEFLAGS[entry.type], stored));
  if (map) parts.push(map);
  return concat(parts);
}

function block(entry: TarEntry, typeflag: string, size: number): Uint8Array {
  return formatHeader({
    name: entry.name,
    typeflag,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size,
    mtime: entry.mtimeSeconds,
    linkName: entry.linkName,
    devMajor: entry.devMajor,
    devMinor: entry.devMinor,
  });
}

function formatTime(entry: TarEntry): string {
  const { mtimeSeconds: seconds, mtimeNanoseconds: nanoseconds } = entry;
  if (nanoseconds === 0) return String(seconds);
  if (seconds >= 0) return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
  return `-${-seconds - 1}.${String(1e9 - nanoseconds).padStart(9, '0')}`;
}
