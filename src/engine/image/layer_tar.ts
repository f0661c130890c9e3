/** Layers from tar archives and back. */

import type { Layer, LayerExtent } from '../../platform/layer.ts';
import { HolmError } from '../error.ts';
import { ByteReader, type ByteSource } from './byte_reader.ts';
import { decodeDevice, type LayerBuilder } from './layer_builder.ts';
import { OPAQUE, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from './layer_tree.ts';
import type { TarEntry, TarType } from './tar/entry.ts';
import { TarReader } from './tar/reader.ts';
import { type TarMember, writeTar } from './tar/writer.ts';

/** After the end mark there may be padding, but not without end. */
const MAX_TRAILER = 64 << 20;

/** Called for each member; what it returns is called with the member's stored bytes. */
export type MemberObserver = (entry: TarEntry) => ((bytes: Uint8Array) => void) | null;

/** Add the members of an archive to a layer; reads the source to its end. */
export async function unpackTar(source: ByteSource, builder: LayerBuilder, observe: MemberObserver = () => null): Promise<void> {
  const reader = new ByteReader(source);
  try {
    await unpackMembers(reader, builder, observe);
  } catch (error) {
    reader.cancel().catch(() => undefined);
    throw error;
  }
}

async function unpackMembers(reader: ByteReader, builder: LayerBuilder, observe: MemberObserver): Promise<void> {
  const tar = new TarReader(reader);
  let tell: ((bytes: Uint8Array) => void) | null = null;
  const data = async (max: number): Promise<Uint8Array> => {
    const part = await tar.data(max);
    tell?.(part);
    return part;
  };
  for (let entry = await tar.next(); entry; entry = await tar.next()) {
    tell = observe(entry);
    await builder.add(entry, data);
  }
  let trailer = 0;
  for await (const part of reader.rest()) {
    trailer += part.length;
    if (trailer > MAX_TRAILER) throw new HolmError('EARCHIVE', 'tar archive goes on after its end');
  }
}

/** Read a layer's content at an offset: exactly `length` bytes. */
export type ContentReader = (offset: number, length: number) => Promise<Uint8Array>;

const TYPE_OF: Readonly<Record<number, TarType>> = {
  [S_IFREG]: 'file',
  [S_IFLNK]: 'symlink',
  [S_IFCHR]: 'chr',
  [S_IFBLK]: 'blk',
  [S_IFDIR]: 'dir',
  [S_IFIFO]: 'fifo',
};

const READ = 1 << 20;

/** The layer as a tar archive in the image format, the same bytes for the same layer. */
export function packLayer(layer: Layer, content: ContentReader): AsyncGenerator<Uint8Array> {
  return writeTar(membersOf(layer, content));
}

async function* membersOf(layer: Layer, content: ContentReader): AsyncGenerator<TarMember> {
  /** Of files with several names. */
  const firstNames = new Map<number, string>();
  yield memberOf(1, './');
  yield* below(1, '');

  function* below(directory: number, prefix: string): Generator<TarMember> {
    if (layer.xattr(directory, OPAQUE)) yield markOf(`${prefix}.wh..wh..opq`);
    for (let position = 0; position < layer.entries(directory); position++) {
      const name = layer.entryName(directory, position);
      const ino = layer.entryInode(directory, position);
      const type = layer.mode(ino) & S_IFMT;
      if (type === S_IFDIR) {
        yield memberOf(ino, `${prefix}${name}/`);
        yield* below(ino, `${prefix}${name}/`);
      } else if (type === S_IFCHR && layer.rdev(ino) === 0) yield markOf(`${prefix}.wh.${name}`);
      else if (type in TYPE_OF) yield memberOf(ino, prefix + name); // sockets are not kept in images
    }
  }

  function memberOf(ino: number, name: string): TarMember {
    const mode = layer.mode(ino);
    const first = firstNames.get(ino);
    const type = first === undefined ? TYPE_OF[mode & S_IFMT]! : 'hardlink';
    if (type !== 'dir' && first === undefined && layer.nlink(ino) > 1) firstNames.set(ino, name);
    const [devMajor, devMinor] = type === 'chr' || type === 'blk' ? decodeDevice(layer.rdev(ino)) : [0, 0];
    const xattrs = new Map<string, Uint8Array>();
    if (type !== 'hardlink') for (const key of layer.xattrNames(ino)) if (key !== OPAQUE) xattrs.set(key, layer.xattr(ino, key)!);
    const extents = type === 'file' ? Array.from({ length: layer.extents(ino) }, (_, i) => layer.extent(ino, i)) : [];
    const size = type === 'file' ? layer.size(ino) : 0;
    const hasHoles = extents.length !== (size === 0 ? 0 : 1) || (extents[0]?.length ?? 0) !== size;
    const entry: TarEntry = {
      name,
      type,
      mode: mode & 0o7777,
      uid: layer.uid(ino),
      gid: layer.gid(ino),
      size,
      mtimeSeconds: layer.mtimeSeconds(ino),
      mtimeNanoseconds: layer.mtimeNanoseconds(ino),
      linkName: first ?? layer.symlink(ino),
      devMajor,
      devMinor,
      xattrs,
      runs: hasHoles ? extents.map(({ fileOffset, length }) => ({ offset: fileOffset, length })) : null,
    };
    return { entry, data: extents.length > 0 ? readExtents(extents, content) : null };
  }
}

async function* readExtents(extents: readonly LayerExtent[], content: ContentReader): AsyncGenerator<Uint8Array> {
  for (const { blobOffset, length } of extents) {
    for (let at = 0; at < length; at += READ) yield await content(blobOffset + at, Math.min(READ, length - at));
  }
}

/** A file without content whose name is the message. */
function markOf(name: string): TarMember {
  const entry: TarEntry = {
    name,
    type: 'file',
    mode: 0o600,
    uid: 0,
    gid: 0,
    size: 0,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0,
    linkName: '',
    devMajor: 0,
    devMinor: 0,
    xattrs: new Map(),
    runs: null,
  };
  return { entry, data: null };
}
