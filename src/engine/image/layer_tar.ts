/** Layers from tar archives and back. */

import type { Layer } from '../../platform/layer.ts';
import { HolmError } from '../error.ts';
import { ByteReader, type ByteSource } from './byte_reader.ts';
import { decodeDevice, type LayerBuilder } from './layer_builder.ts';
import { OPAQUE, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from './layer_tree.ts';
import { BLOCK, padding, type TarEntry, type TarRun, type TarType } from './tar/entry.ts';
import { TarReader } from './tar/reader.ts';
import { formatMember, TAR_END } from './tar/writer.ts';

/** After the end mark there may be padding, but not without end. */
const MAX_TRAILER = 64 << 20;

/** Called for each member; what it returns is called with the member's stored bytes. */
export type MemberObserver = (entry: TarEntry) => ((bytes: Uint8Array) => void) | null;

/** Add the members of an archive to a layer; reads the source to its end. */
export async function unpackTar(source: ByteSource, builder: LayerBuilder, observe: MemberObserver = () => null): Promise<void> {
  const reader = new ByteReader(source);
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
export async function* packLayer(layer: Layer, content: ContentReader): AsyncGenerator<Uint8Array> {
  const firstNames = new Map<number, string>();
  yield* packInode(1, './');
  yield* packDirectory(1, '');
  yield TAR_END;

  async function* packDirectory(directory: number, prefix: string): AsyncGenerator<Uint8Array> {
    if (layer.xattr(directory, OPAQUE)) yield formatMember(markOf(`${prefix}.wh..wh..opq`));
    for (let position = 0; position < layer.entries(directory); position++) {
      const name = prefix + layer.entryName(directory, position);
      const ino = layer.entryInode(directory, position);
      const type = layer.mode(ino) & S_IFMT;
      if (type === S_IFDIR) {
        yield* packInode(ino, `${name}/`);
        yield* packDirectory(ino, `${name}/`);
      } else if (type === S_IFCHR && layer.rdev(ino) === 0) {
        yield formatMember(markOf(`${prefix}.wh.${name.slice(prefix.length)}`));
      } else yield* packInode(ino, name);
    }
  }

  async function* packInode(ino: number, name: string): AsyncGenerator<Uint8Array> {
    const mode = layer.mode(ino);
    let type = TYPE_OF[mode & S_IFMT];
    if (type === undefined) return; // sockets are not kept in images
    let linkName = layer.symlink(ino);
    const first = firstNames.get(ino);
    if (first !== undefined) {
      type = 'hardlink';
      linkName = first;
    } else if (type !== 'dir' && layer.nlink(ino) > 1) firstNames.set(ino, name);
    const [devMajor, devMinor] = type === 'chr' || type === 'blk' ? decodeDevice(layer.rdev(ino)) : [0, 0];
    const xattrs = new Map<string, Uint8Array>();
    if (type !== 'hardlink') for (const key of layer.xattrNames(ino)) if (key !== OPAQUE) xattrs.set(key, layer.xattr(ino, key)!);
    const extents: (TarRun & { blobOffset: number })[] = [];
    for (let i = 0; type === 'file' && i < layer.extents(ino); i++) {
      const extent = layer.extent(ino, i);
      extents.push({ offset: extent.fileOffset, length: extent.length, blobOffset: extent.blobOffset });
    }
    const size = type === 'file' ? layer.size(ino) : 0;
    const isWhole = extents.length === (size === 0 ? 0 : 1) && (extents[0]?.length ?? 0) === size;
    yield formatMember({
      name,
      type,
      mode: mode & 0o7777,
      uid: layer.uid(ino),
      gid: layer.gid(ino),
      size,
      mtimeSeconds: layer.mtimeSeconds(ino),
      mtimeNanoseconds: layer.mtimeNanoseconds(ino),
      linkName,
      devMajor,
      devMinor,
      xattrs,
      runs: isWhole ? null : extents,
    });
    let stored = 0;
    for (const { blobOffset, length } of extents) {
      stored += length;
      for (let at = 0; at < length; at += READ) yield await content(blobOffset + at, Math.min(READ, length - at));
    }
    if (stored % BLOCK !== 0) yield new Uint8Array(padding(stored));
  }
}

/** A file without content whose name is the message. */
function markOf(name: string): TarEntry {
  return {
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
}
