/** A stored image layer as a read-only file system, shared by all who use it. See platform/layer.ts. */

import { EINVAL, EIO, ENODATA, ENODEV, ENOENT, EROFS } from '../../../abi/errno.ts';
import { MS_RDONLY } from '../../../abi/mount.ts';
import { DT_SHIFT, EROFS_SUPER_MAGIC_V1, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../../abi/stat.ts';
import type { Layer } from '../../../platform/layer.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { Kernel } from '../../kernel.ts';
import { PageMapping } from '../../mm/page_mapping.ts';
import { Panic } from '../../panic.ts';
import type { Task } from '../../task/task.ts';
import { DirectoryFile } from '../../vfs/directory_file.ts';
import type { DirEmit, File } from '../../vfs/file.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import { Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { RegularFile } from '../../vfs/regular_file.ts';
import { type StatFs, SuperBlock } from '../../vfs/super_block.ts';

/** Pages read from the store at once. */
const READ_AHEAD = 16;

export class LayerSuperBlock extends SuperBlock {
  readonly id: string;
  /** Inodes in use, and those whose pages are worth keeping. */
  private readonly inodes: Map<number, LayerInode> = new Map();

  constructor(kernel: Kernel, type: FileSystemType, id: string) {
    super(kernel, type, EROFS_SUPER_MAGIC_V1, MS_RDONLY);
    this.id = id;
    this.setRoot(this.inode(1));
  }

  /** The layer's description, found again by its name after a restore. */
  get layer(): Layer {
    const layer = this.kernel.platform.layers.layer(this.id);
    if (layer === null) throw new Panic(`layer ${this.id} has gone`);
    return layer;
  }

  inode(ino: number): LayerInode {
    let inode = this.inodes.get(ino);
    if (inode === undefined) {
      inode = new LayerInode(this, ino);
      this.inodes.set(ino, inode);
    }
    return inode;
  }

  override inodeUnused(inode: Inode): void {
    if (inode.mapping === null || inode.mapping.residentPages === 0) this.inodes.delete(inode.ino);
  }

  override statfs(): StatFs {
    return { blocks: 0, blocksFree: 0, files: this.layer.inodes, filesFree: 0 };
  }
}

export class LayerInode extends Inode {
  declare readonly sb: LayerSuperBlock;

  constructor(sb: LayerSuperBlock, ino: number) {
    const { layer } = sb;
    super(sb, ino, layer.mode(ino));
    this.uid = layer.uid(ino);
    this.gid = layer.gid(ino);
    this.nlink = layer.nlink(ino);
    this.size = layer.size(ino);
    this.rdev = layer.rdev(ino);
    this.atime = this.mtime = this.ctime = { seconds: layer.mtimeSeconds(ino), nanoseconds: layer.mtimeNanoseconds(ino) };
    if ((this.mode & S_IFMT) === S_IFREG) this.mapping = new LayerMapping(sb.kernel, this);
  }

  override accessed(): void {}

  /** Layers have no flags. */
  override get fileFlags(): number | null {
    const type = this.mode & S_IFMT;
    return type === S_IFREG || type === S_IFDIR ? 0 : null;
  }

  override lookup(_task: Task, name: string): Inode | number {
    const ino = this.sb.layer.lookup(this.ino, name);
    return ino === 0 ? -ENOENT : this.sb.inode(ino);
  }

  override iterate(_task: Task, pos: number, emit: DirEmit): number {
    const { layer } = this.sb;
    const count = layer.entries(this.ino);
    for (let position = pos - 2; position < count; position++) {
      const ino = layer.entryInode(this.ino, position);
      if (!emit(layer.entryName(this.ino, position), ino, layer.mode(ino) >>> DT_SHIFT, position + 3)) break;
    }
    return 0;
  }

  override readlink(_task: Task): string | number {
    return (this.mode & S_IFMT) === S_IFLNK ? this.sb.layer.symlink(this.ino) : -EINVAL;
  }

  override open(_task: Task, _path: Path, flags: number): File | number {
    return (this.mode & S_IFMT) === S_IFREG ? new RegularFile(this, flags) : new DirectoryFile(this, flags);
  }

  override setattr(): number {
    return -EROFS;
  }

  override seekData(pos: number, hole: boolean): number {
    const { layer } = this.sb;
    const count = layer.extents(this.ino);
    let at = pos;
    for (let i = 0; i < count; i++) {
      const { fileOffset, length } = layer.extent(this.ino, i);
      if (at < fileOffset) return hole ? at : fileOffset;
      if (at < fileOffset + length) {
        if (!hole) return at;
        at = fileOffset + length;
      }
    }
    return hole ? at : this.size;
  }

  override getxattr(_task: Task, name: string): Uint8Array | number {
    return this.sb.layer.xattr(this.ino, name) ?? -ENODATA;
  }

  override listxattr(): readonly string[] {
    return this.sb.layer.xattrNames(this.ino);
  }
}

/** Pages read from the blob by extent. */
class LayerMapping extends PageMapping {
  override get constant(): boolean {
    return true;
  }

  declare readonly host: LayerInode;

  protected override get readAhead(): number {
    return READ_AHEAD;
  }

  protected override isHole(index: number): boolean {
    const { sb, ino } = this.host;
    return findExtent(sb.layer, ino, index * FRAME_SIZE) < 0;
  }

  protected override fill(offset: number, target: Uint8Array): number {
    const { sb, ino } = this.host;
    const { layer } = sb;
    for (let done = 0; done < target.length; ) {
      const found = findExtent(layer, ino, offset + done);
      if (found < 0) {
        target.fill(0, done, done + FRAME_SIZE);
        done += FRAME_SIZE;
        continue;
      }
      const { fileOffset, blobOffset, length } = layer.extent(ino, found);
      const within = offset + done - fileOffset;
      const part = Math.min(target.length - done, Math.ceil(length / FRAME_SIZE) * FRAME_SIZE - within);
      const count = this.kernel.platform.blocks.read(layer.blob, blobOffset + within, target.subarray(done, done + part));
      if (count < 0) return count;
      if (count < Math.min(part, length - within)) return -EIO;
      target.fill(0, done + count, done + part);
      done += part;
    }
    return 0;
  }
}

/** The extent that covers file offset `at`, or -1. */
function findExtent(layer: Layer, ino: number, at: number): number {
  let low = 0;
  let high = layer.extents(ino) - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const { fileOffset, length } = layer.extent(ino, middle);
    if (at < fileOffset) high = middle - 1;
    else if (at >= fileOffset + length) low = middle + 1;
    else return middle;
  }
  return -1;
}

/** Layers are mounted by the kernel itself, as the lower directories of a container's root. */
export class LayerfsType extends FileSystemType {
  readonly name: string = 'layerfs';

  mount(kernel: Kernel, _task: Task, source: string): SuperBlock | number {
    return layerSuperBlock(kernel, source);
  }
}

/** The one superblock of layer `id`: -ENODEV if the store has no such layer. */
export function layerSuperBlock(kernel: Kernel, id: string): LayerSuperBlock | number {
  const known = kernel.vfs.layers.get(id);
  if (known !== undefined) return known;
  if (kernel.platform.layers.layer(id) === null) return -ENODEV;
  const sb = new LayerSuperBlock(kernel, kernel.vfs.fileSystems.get('layerfs') ?? new LayerfsType(), id);
  kernel.vfs.layers.set(id, sb);
  return sb;
}
