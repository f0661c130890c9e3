/** What a container changed in its root file system, as a layer archive. */

import type { Change } from '../kernel/api/index.ts';
import type { TarEntry, TarType } from './image/tar/entry.ts';
import { type TarMember, writeTar } from './image/tar/writer.ts';

const S_IFMT = 0o170000;
const TYPES: Readonly<Record<number, TarType>> = {
  [0o100000]: 'file',
  [0o040000]: 'dir',
  [0o120000]: 'symlink',
  [0o020000]: 'chr',
  [0o060000]: 'blk',
  [0o010000]: 'fifo',
};

const CHUNK = 1 << 20;
const OPAQUE = 'trusted.overlay.opaque';

/** As OCI layers have them: whiteouts are files called `.wh.<name>`, opaque directories hold `.wh..wh..opq`. */
export function changesArchive(changes: Iterable<Change>): AsyncIterable<Uint8Array> {
  return writeTar(members(changes));
}

async function* members(changes: Iterable<Change>): AsyncGenerator<TarMember> {
  const linked = new Map<number, string>();
  for (const change of changes) {
    const type = TYPES[change.mode & S_IFMT];
    if (type === undefined) continue; // sockets have no place in an archive
    if (type === 'chr' && change.rdev === 0) {
      yield { entry: empty(change, beside(change.path, `.wh.${nameOf(change.path)}`)), data: null };
      continue;
    }
    const known = type !== 'dir' && change.links > 1 ? linked.get(change.ino) : undefined;
    if (known !== undefined) {
      yield { entry: { ...describe(change, 'hardlink'), linkName: known, size: 0 }, data: null };
      continue;
    }
    if (change.links > 1) linked.set(change.ino, change.path);
    yield { entry: describe(change, type), data: type === 'file' && change.size > 0 ? content(change) : null };
    if (type === 'dir' && change.xattrs.has(OPAQUE)) yield { entry: empty(change, `${change.path}/.wh..wh..opq`), data: null };
  }
}

async function* content(change: Change): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < change.size; at += CHUNK) yield change.read(at, Math.min(CHUNK, change.size - at));
}

function describe(change: Change, type: TarType): TarEntry {
  return {
    name: type === 'dir' ? `${change.path}/` : change.path,
    type,
    mode: change.mode & 0o7777,
    uid: change.uid,
    gid: change.gid,
    size: type === 'file' ? change.size : 0,
    mtimeSeconds: change.mtime.seconds,
    mtimeNanoseconds: change.mtime.nanoseconds,
    linkName: type === 'symlink' ? change.target : '',
    devMajor: (change.rdev >>> 8) & 0xfff,
    devMinor: (change.rdev & 0xff) | ((change.rdev >>> 12) & 0xfff00),
    xattrs: new Map([...change.xattrs].filter(([name]) => !name.startsWith('trusted.overlay.'))),
    runs: null,
  };
}

const empty = (change: Change, name: string): TarEntry => ({
  ...describe(change, 'file'),
  name,
  mode: 0o644,
  size: 0,
  devMajor: 0,
  devMinor: 0,
  xattrs: new Map(),
});
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const beside = (path: string, name: string): string => path.slice(0, path.lastIndexOf('/') + 1) + name;
