/** One overlay: read-only lower directory trees and a writable upper one, seen as a whole. Linux: fs/overlayfs/super.c. */

import { MS_RDONLY } from '../../../abi/mount.ts';
import { OVERLAYFS_SUPER_MAGIC } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import type { FileSystemType } from '../../vfs/file_system_type.ts';
import type { Inode } from '../../vfs/inode.ts';
import { type StatFs, SuperBlock } from '../../vfs/super_block.ts';
import { OverlayInode } from './overlay_inode.ts';

/** Inode numbers of different file systems are told apart above the bits that each uses. Linux: xino. */
const INODE_SPACE: number = 2 ** 32;

export class OverlaySuperBlock extends SuperBlock {
  /** The roots: of the upper tree (null when read-only) and of the lower ones, topmost first. */
  readonly upper: Inode | null;
  readonly lowers: readonly Inode[];
  /** The overlay's inodes for those of the upper tree that may have several names. */
  readonly byUpper: Map<Inode, OverlayInode> = new Map();
  /** How many overlays lie on each other. Linux: s_stack_depth. */
  readonly depth: number;
  private readonly options: string;
  /** Its own extended attributes in the real trees, which it hides: trusted.overlay., or user.overlay. where the mounter may not use those. */
  readonly privateXattr: string;
  /** The file systems involved; an inode's number is offset by the position of its own. */
  private readonly spaces: SuperBlock[] = [];

  constructor(
    kernel: Kernel,
    type: FileSystemType,
    upper: Inode | null,
    lowers: readonly Inode[],
    flags: number,
    options: string,
    userXattr: boolean,
  ) {
    super(kernel, type, OVERLAYFS_SUPER_MAGIC, upper === null ? flags | MS_RDONLY : flags);
    this.upper = upper;
    this.lowers = lowers;
    this.depth = 1 + Math.max(...lowers.map(({ sb }) => (sb instanceof OverlaySuperBlock ? sb.depth : 0)));
    this.options = options;
    this.privateXattr = userXattr ? 'user.overlay.' : 'trusted.overlay.';
    for (const root of [...lowers, ...(upper === null ? [] : [upper])]) {
      root.refs++;
      if (!this.spaces.includes(root.sb)) {
        this.spaces.push(root.sb.get());
      }
    }
    this.setRoot(new OverlayInode(this, null, '', upper, lowers));
  }

  /** The real name of an extended attribute of a file: names that are taken are moved aside. Linux: ovl_xattr_escape_name. */
  realXattr(name: string): string {
    const { privateXattr } = this;
    return name.startsWith(privateXattr) ? `${privateXattr}overlay.${name.slice(privateXattr.length)}` : name;
  }

  /** How a real extended attribute is called; null if it is not shown. */
  shownXattr(name: string): string | null {
    const { privateXattr } = this;
    if (!name.startsWith(privateXattr)) return name;
    const escaped = `${privateXattr}overlay.`;
    return name.startsWith(escaped) ? privateXattr + name.slice(escaped.length) : null;
  }

  /** On a directory: it hides the ones below. */
  get xattrOpaque(): string {
    return `${this.privateXattr}opaque`;
  }

  /** The attribute of a file that chattr(1) has protected. */
  get protection(): string {
    return `${this.privateXattr}protattr`;
  }

  /** On a copy: from which lower inode it was made. */
  get xattrOrigin(): string {
    return `${this.privateXattr}origin`;
  }

  /** The number under which the overlay shows a real inode. */
  inodeNumber(real: Inode): number {
    return real.ino + this.spaces.indexOf(real.sb) * INODE_SPACE;
  }

  /** The extended attribute that records from which lower inode an upper one was copied. */
  encodeOrigin(lower: Inode): Uint8Array {
    const bytes = new Uint8Array(8);
    const data = new DataView(bytes.buffer);
    data.setUint32(0, this.spaces.indexOf(lower.sb), true);
    data.setUint32(4, lower.ino, true);
    return bytes;
  }

  decodeOrigin(bytes: Uint8Array): number {
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return bytes.length < 8 ? 0 : data.getUint32(0, true) * INODE_SPACE + data.getUint32(4, true);
  }

  override inodeUnused(inode: Inode): void {
    (inode as OverlayInode).forget();
  }

  override statfs(task: Task): StatFs | number {
    return (this.upper ?? this.lowers[0]!).sb.statfs(task);
  }

  override showOptions(): string {
    return this.options;
  }

  override sync(): number {
    return this.upper?.sb.sync() ?? 0;
  }

  protected override kill(): void {
    this.root.put();
    this.root.forgetInode();
    for (const root of [...this.lowers, ...(this.upper === null ? [] : [this.upper])]) root.put();
    for (const sb of this.spaces) sb.put();
  }
}
