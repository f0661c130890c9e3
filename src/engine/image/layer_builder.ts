/** Builds a layer from archive members: paths are resolved inside the layer, whiteouts become overlayfs's. */

import type { Layer } from '../../platform/layer.ts';
import { HolmError } from '../error.ts';
import { printable } from './bytes.ts';
import { type ByteSink, ContentWriter, ExtentWriter } from './content_writer.ts';
import { findInode } from './layer_index.ts';
import {
  createNode,
  encodeTree,
  isWhiteout,
  makeOpaque,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  type TreeNode,
} from './layer_tree.ts';
import type { TarEntry, TarType } from './tar/entry.ts';

const MODE_OF: Readonly<Record<Exclude<TarType, 'hardlink'>, number>> = {
  file: S_IFREG,
  symlink: S_IFLNK,
  chr: S_IFCHR,
  blk: S_IFBLK,
  dir: S_IFDIR,
  fifo: S_IFIFO,
};

const MAX_INODES = 4_000_000;
const MAX_LINKS = 40;
const MAX_NAME = 255;
const MAX_PATH = 4096;
/** As deep as a path can be long. */
const MAX_DEPTH = MAX_PATH / 2;
const READ = 1 << 16;

const WHITEOUT = '.wh.';
const WHITEOUT_META = '.wh..wh.';
const WHITEOUT_OPAQUE = '.wh..wh..opq';

export interface LayerBuilderOptions {
  /** Members named `.wh.…` delete, as in image layers; otherwise they are ordinary files. */
  readonly whiteouts?: boolean;
  /** A directory member leaves a symlink to a directory alone, as dpkg does. */
  readonly keepDirectoryLinks?: boolean;
  /** The layers below, uppermost first: directories that the archive does not name itself take their attributes from there. */
  readonly lower?: readonly Layer[];
}

/** The stored bytes of the present member; an empty array when all are read. */
export type MemberData = (max: number) => Promise<Uint8Array>;

/** Components of a member's name: relative to the root, without `.`; a name that climbs out is refused. */
export function pathComponents(name: string): string[] {
  if (name.length > MAX_PATH) throw new HolmError('EARCHIVE', `archive holds a name of ${name.length} bytes`);
  const components: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (components.pop() === undefined) throw new HolmError('EARCHIVE', `archive holds a name that leads out of it: ${printable(name)}`);
    } else if (part.length > MAX_NAME || part.includes('\0')) {
      throw new HolmError('EARCHIVE', `archive holds a bad name: ${printable(name).slice(0, 300)}`);
    } else components.push(part);
  }
  return components;
}

export class LayerBuilder {
  readonly root: TreeNode = createNode(S_IFDIR | 0o755);
  private readonly content: ContentWriter;
  private readonly options: LayerBuilderOptions;
  private inodes = 1;

  constructor(sink: ByteSink, options: LayerBuilderOptions = {}) {
    this.content = new ContentWriter(sink);
    this.options = options;
    this.imply(this.root, []);
  }

  /** Bytes of content written so far. */
  get contentLength(): number {
    return this.content.length;
  }

  async add(entry: TarEntry, data: MemberData): Promise<void> {
    const path = pathComponents(entry.name);
    const name = path.at(-1);
    if (name === undefined) {
      if (entry.type === 'dir') this.describe(this.root, entry);
      return;
    }
    const directory = this.directory(path.slice(0, -1));
    if (this.options.whiteouts && name.startsWith(WHITEOUT)) this.whiteout(directory, name);
    else if (entry.type === 'hardlink') this.hardlink(directory, name, entry);
    else if (entry.type === 'dir') this.addDirectory(directory, path, entry);
    else {
      const node = this.create(MODE_OF[entry.type]);
      this.describe(node, entry);
      if (entry.type === 'file') await this.store(node, entry, data);
      directory.entries!.set(name, node);
    }
  }

  /** A regular file made here. */
  async addFile(path: string, content: Uint8Array, mode = 0o644, mtimeSeconds = 0): Promise<void> {
    const entry = memberOf(path, 'file', mode, mtimeSeconds, content.length);
    let rest = content;
    await this.add(entry, async (max) => {
      const part = rest.subarray(0, max);
      rest = rest.subarray(max);
      return part;
    });
  }

  async addDirectoryAt(path: string, mode = 0o755, mtimeSeconds = 0): Promise<void> {
    await this.add(memberOf(path, 'dir', mode, mtimeSeconds, 0), async () => new Uint8Array(0));
  }

  async addSymlink(path: string, target: string, mtimeSeconds = 0): Promise<void> {
    await this.add({ ...memberOf(path, 'symlink', 0o777, mtimeSeconds, 0), linkName: target }, async () => new Uint8Array(0));
  }

  /** The node at a path, links in the directories on the way followed; null when there is none. */
  find(path: string): TreeNode | null {
    const components = pathComponents(path);
    const name = components.pop();
    if (name === undefined) return this.root;
    const directory = this.walk(components, false);
    return directory?.entries?.get(name) ?? null;
  }

  /** Hand all content written so far to the sink. */
  async flush(): Promise<void> {
    await this.content.flush();
  }

  /** Everything is added: write the rest of the content and return the index. */
  async finish(): Promise<Uint8Array> {
    await this.content.flush();
    return encodeTree(this.root);
  }

  private create(mode: number): TreeNode {
    if (++this.inodes > MAX_INODES) throw new HolmError('EARCHIVE', `archive holds more than ${MAX_INODES} files`);
    return createNode(mode);
  }

  private describe(node: TreeNode, entry: TarEntry): void {
    node.mode = (node.mode & S_IFMT) | (entry.type === 'symlink' ? 0o777 : entry.mode);
    node.uid = entry.uid;
    node.gid = entry.gid;
    node.mtimeSeconds = entry.mtimeSeconds;
    node.mtimeNanoseconds = entry.mtimeNanoseconds;
    if (entry.type === 'symlink') {
      node.symlink = entry.linkName;
      node.size = entry.linkName.length;
    }
    if (entry.type === 'chr' || entry.type === 'blk') node.rdev = encodeDevice(entry.devMajor, entry.devMinor);
    const opaque = node.xattrs;
    node.xattrs = new Map([...opaque, ...[...entry.xattrs].filter(([key]) => !key.startsWith('trusted.overlay.'))]);
  }

  private async store(node: TreeNode, entry: TarEntry, data: MemberData): Promise<void> {
    node.size = entry.size;
    const writer = new ExtentWriter(this.content);
    const runs = entry.runs ?? (entry.size > 0 ? [{ offset: 0, length: entry.size }] : []);
    for (const run of runs) {
      await writer.seek(run.offset);
      for (let left = run.length; left > 0; ) {
        const part = await data(Math.min(left, READ));
        await writer.write(part);
        left -= part.length;
      }
    }
    await writer.close();
    node.extents = writer.extents;
  }

  private addDirectory(parent: TreeNode, path: readonly string[], entry: TarEntry): void {
    const name = path.at(-1)!;
    const old = parent.entries!.get(name);
    if (old?.entries) {
      this.describe(old, entry);
      return;
    }
    if (old && this.options.keepDirectoryLinks && (old.mode & S_IFMT) === S_IFLNK && this.walk(path, false)?.entries) return;
    const node = this.create(S_IFDIR);
    this.describe(node, entry);
    if (old && isWhiteout(old)) makeOpaque(node);
    parent.entries!.set(name, node);
  }

  private hardlink(directory: TreeNode, name: string, entry: TarEntry): void {
    const target = this.find(entry.linkName);
    if (!target || isWhiteout(target)) {
      throw new HolmError(
        'EARCHIVE',
        `archive holds a hard link to a file that it does not hold: ${printable(entry.name)} -> ${printable(entry.linkName)}`,
      );
    }
    if (target.entries) throw new HolmError('EARCHIVE', `archive holds a hard link to a directory: ${printable(entry.name)}`);
    directory.entries!.set(name, target);
  }

  private whiteout(directory: TreeNode, name: string): void {
    if (name === WHITEOUT_OPAQUE) {
      makeOpaque(directory);
      return;
    }
    if (name.startsWith(WHITEOUT_META)) return; // bookkeeping of aufs
    const victim = name.slice(WHITEOUT.length);
    if (victim === '' || victim === '.' || victim === '..')
      throw new HolmError('EARCHIVE', `archive holds a bad whiteout: ${printable(name)}`);
    const old = directory.entries!.get(victim);
    if (old?.entries) makeOpaque(old);
    else if (!old) directory.entries!.set(victim, this.create(S_IFCHR));
  }

  private directory(components: readonly string[]): TreeNode {
    const node = this.walk(components, true);
    if (!node?.entries)
      throw new HolmError('EARCHIVE', `archive holds a file below something that is no directory: ${printable(components.join('/'))}`);
    return node;
  }

  /** Walk through directories and symlinks, which stay inside the root; missing directories are made when `make` is set. */
  private walk(components: readonly string[], make: boolean): TreeNode | null {
    const todo = [...components].reverse();
    const path: TreeNode[] = [this.root];
    const names: string[] = [];
    let links = 0;
    while (todo.length > 0) {
      const name = todo.pop()!;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (path.length > 1) path.pop();
        names.pop();
        continue;
      }
      const here = path.at(-1)!;
      if (!here.entries) return null;
      let next = here.entries.get(name);
      if (next && (next.mode & S_IFMT) === S_IFLNK) {
        if (++links > MAX_LINKS)
          throw new HolmError('EARCHIVE', `archive holds a loop of symbolic links: ${printable(components.join('/'))}`);
        if (next.symlink.startsWith('/')) {
          path.length = 1;
          names.length = 0;
        }
        todo.push(...next.symlink.split('/').reverse());
        continue;
      }
      if (!next || isWhiteout(next)) {
        if (!make) return null;
        const hidden = next !== undefined;
        next = this.create(S_IFDIR | 0o755);
        this.imply(next, [...names, name]);
        if (hidden) makeOpaque(next);
        here.entries.set(name, next);
      }
      if (path.push(next) > MAX_DEPTH)
        throw new HolmError('EARCHIVE', `archive holds directories that are nested more than ${MAX_DEPTH} deep`);
      names.push(name);
    }
    return path.at(-1)!;
  }

  /** The attributes of a directory that the archive may never name. */
  private imply(node: TreeNode, path: readonly string[]): void {
    for (const layer of this.options.lower ?? []) {
      const ino = findInode(layer, path.join('/'));
      if (ino === 0) continue;
      if ((layer.mode(ino) & S_IFMT) !== S_IFDIR) return;
      node.mode = layer.mode(ino);
      node.uid = layer.uid(ino);
      node.gid = layer.gid(ino);
      node.mtimeSeconds = layer.mtimeSeconds(ino);
      node.mtimeNanoseconds = layer.mtimeNanoseconds(ino);
      return;
    }
  }
}

/** The 32-bit encoding of st_rdev. Linux: include/linux/kdev_t.h, new_encode_dev(). */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}

export function decodeDevice(rdev: number): readonly [major: number, minor: number] {
  return [(rdev >>> 8) & 0xfff, (rdev & 0xff) | ((rdev >>> 12) & 0xfff00)];
}

function memberOf(name: string, type: TarType, mode: number, mtimeSeconds: number, size: number): TarEntry {
  return {
    name,
    type,
    mode,
    uid: 0,
    gid: 0,
    size,
    mtimeSeconds,
    mtimeNanoseconds: 0,
    linkName: '',
    devMajor: 0,
    devMinor: 0,
    xattrs: new Map(),
    runs: null,
  };
}
