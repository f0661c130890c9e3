/** A layer under construction: inodes as objects, written down as an index when it is complete. */

import { fromByteString } from './bytes.ts';
import { createIndex, type Rows } from './layer_index.ts';

export const S_IFMT = 0o170000;
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFDIR = 0o040000;
export const S_IFBLK = 0o060000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;

export const OPAQUE = 'trusted.overlay.opaque';

export interface TreeNode {
  mode: number;
  uid: number;
  gid: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  size: number;
  rdev: number;
  symlink: string;
  xattrs: ReadonlyMap<string, Uint8Array>;
  /** Of directories. */
  entries: Map<string, TreeNode> | null;
  /** Triples of file offset, blob offset and length. */
  extents: readonly number[];
}

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

export function createNode(mode: number): TreeNode {
  return {
    mode,
    uid: 0,
    gid: 0,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0,
    size: 0,
    rdev: 0,
    symlink: '',
    xattrs: NO_XATTRS,
    entries: (mode & S_IFMT) === S_IFDIR ? new Map() : null,
    extents: [],
  };
}

export function isWhiteout(node: TreeNode): boolean {
  return (node.mode & S_IFMT) === S_IFCHR && node.rdev === 0;
}

export function makeOpaque(directory: TreeNode): void {
  directory.xattrs = new Map(directory.xattrs).set(OPAQUE, Uint8Array.of(0x79));
}

interface Numbered {
  readonly node: TreeNode;
  readonly parent: number;
  nlink: number;
  /** Names in the order of their bytes. */
  readonly names: readonly string[];
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Inodes in the order of a walk through the tree; the root is number 1. */
function number(root: TreeNode): { list: Numbered[]; numbers: Map<TreeNode, number> } {
  const list: Numbered[] = [{ node: root, parent: 1, nlink: 2, names: sortedNames(root) }];
  const numbers = new Map<TreeNode, number>([[root, 1]]);
  for (let i = 0; i < list.length; i++) {
    const directory = list[i]!;
    for (const name of directory.names) {
      const node = directory.node.entries!.get(name)!;
      const known = numbers.get(node);
      if (known !== undefined) {
        list[known - 1]!.nlink++;
        continue;
      }
      if (node.entries) directory.nlink++;
      numbers.set(node, list.push({ node, parent: i + 1, nlink: node.entries ? 2 : 1, names: sortedNames(node) }));
    }
  }
  return { list, numbers };
}

function sortedNames(node: TreeNode): readonly string[] {
  return node.entries ? [...node.entries.keys()].sort(byBytes) : [];
}

function count(list: readonly Numbered[]): { rows: Rows; bytes: number } {
  const rows: Rows = { inodes: list.length, entries: 0, extents: 0, xattrs: 0 };
  let bytes = 0;
  for (const { node, names } of list) {
    rows.entries += names.length;
    rows.extents += node.extents.length / 3;
    rows.xattrs += node.xattrs.size;
    bytes += node.symlink.length;
    for (const name of names) bytes += name.length;
    for (const [name, value] of node.xattrs) bytes += name.length + value.length;
  }
  return { rows, bytes };
}

/** The index of the tree as bytes. */
export function encodeTree(root: TreeNode): Uint8Array {
  const { list, numbers } = number(root);
  const { rows, bytes } = count(list);
  const { data, columns, names } = createIndex(rows, bytes);
  let entry = 0;
  let extent = 0;
  let xattr = 0;
  let used = 0;
  const put = (part: Uint8Array): number => {
    names.set(part, used);
    used += part.length;
    return used - part.length;
  };
  for (let i = 0; i < list.length; i++) {
    const { node, parent, nlink, names: sorted } = list[i]!;
    const ino = i + 1;
    columns.mode[ino] = node.mode;
    columns.uid[ino] = node.uid;
    columns.gid[ino] = node.gid;
    columns.nlink[ino] = nlink;
    columns.rdev[ino] = node.rdev;
    columns.size[ino] = node.entries ? 0 : node.size;
    columns.mtimeSeconds[ino] = node.mtimeSeconds;
    columns.mtimeNanoseconds[ino] = node.mtimeNanoseconds;
    columns.parent[ino] = parent;
    columns.symlinkStart[ino] = put(fromByteString(node.symlink));
    columns.symlinkLength[ino] = node.symlink.length;
    columns.firstEntry[ino] = entry;
    for (const name of sorted) {
      columns.entryStart[entry] = put(fromByteString(name));
      columns.entryLength[entry] = name.length;
      columns.entryInode[entry++] = numbers.get(node.entries!.get(name)!)!;
    }
    columns.firstExtent[ino] = extent;
    for (let at = 0; at < node.extents.length; at += 3) {
      columns.extentFile[extent] = node.extents[at]!;
      columns.extentBlob[extent] = node.extents[at + 1]!;
      columns.extentLength[extent++] = node.extents[at + 2]!;
    }
    columns.firstXattr[ino] = xattr;
    for (const [name, value] of node.xattrs) {
      columns.xattrStart[xattr] = put(fromByteString(name));
      put(value);
      columns.xattrNameLength[xattr] = name.length;
      columns.xattrValueLength[xattr++] = value.length;
    }
  }
  const last = list.length + 1;
  columns.firstEntry[last] = entry;
  columns.firstExtent[last] = extent;
  columns.firstXattr[last] = xattr;
  return data;
}
