/** A stored layer made of a list of files, for tests. Contents are bytes that follow from the layer's name and the offset. */

import type { Layer, LayerExtent } from '../../src/platform/layer.ts';

export interface FakeFile {
  /** Parents come first. */
  readonly path: string;
  readonly mode: number;
  readonly size?: number;
  readonly target?: string;
  readonly uid?: number;
  readonly opaque?: boolean;
}

interface Node {
  readonly file: FakeFile;
  readonly parent: number;
  readonly names: [string, number][];
}

const DIRECTORY = 0o40000;
const OPAQUE = 'trusted.overlay.opaque';

export function fakeLayer(id: string, files: readonly FakeFile[]): Layer {
  const nodes: Node[] = [];
  const byPath = new Map<string, number>();
  const add = (file: FakeFile, path: string, parent: number): void => {
    nodes.push({ file, parent, names: [] });
    byPath.set(path, nodes.length);
  };
  add({ path: '', mode: 0o40755 }, '', 1);
  for (const file of files) {
    const slash = file.path.lastIndexOf('/');
    const parent = byPath.get(slash < 0 ? '' : file.path.slice(0, slash))!;
    add(file, file.path, parent);
    nodes[parent - 1]!.names.push([file.path.slice(slash + 1), nodes.length]);
  }
  for (const node of nodes) node.names.sort(([a], [b]) => (a < b ? -1 : 1));
  const node = (ino: number): Node => nodes[ino - 1]!;
  const isDirectory = (ino: number): boolean => (node(ino).file.mode & 0o170000) === DIRECTORY;
  const blobOffset = (ino: number): number =>
    nodes.slice(0, ino - 1).reduce((sum, n) => sum + Math.ceil((n.file.size ?? 0) / 4096) * 4096, 0);
  return {
    id,
    blob: id,
    inodes: nodes.length,
    mode: (ino) => node(ino).file.mode,
    uid: (ino) => node(ino).file.uid ?? 0,
    gid: () => 0,
    nlink: (ino) => (isDirectory(ino) ? 2 + node(ino).names.filter(([, child]) => isDirectory(child)).length : 1),
    size: (ino) => node(ino).file.size ?? node(ino).file.target?.length ?? 0,
    rdev: () => 0,
    mtimeSeconds: () => 1000,
    mtimeNanoseconds: () => 0,
    symlink: (ino) => node(ino).file.target ?? '',
    lookup: (directory, name) => node(directory).names.find(([n]) => n === name)?.[1] ?? 0,
    parent: (ino) => node(ino).parent,
    entries: (ino) => node(ino).names.length,
    entryName: (ino, position) => node(ino).names[position]![0],
    entryInode: (ino, position) => node(ino).names[position]![1],
    extents: (ino) => ((node(ino).file.size ?? 0) > 0 ? 1 : 0),
    extent: (ino): LayerExtent => ({ fileOffset: 0, blobOffset: blobOffset(ino), length: node(ino).file.size! }),
    xattrNames: (ino) => (node(ino).file.opaque ? [OPAQUE] : []),
    xattr: (ino, name) => (node(ino).file.opaque && name === OPAQUE ? new Uint8Array([0x79]) : null),
  };
}
