/**
 * A stored image layer: a tree of inodes that never changes, with the content of its regular files in one blob of the
 * BlockStore. Names and symlink targets are byte strings (one char per byte).
 *
 * Inode numbers are 1 … `inodes`; 1 is the root directory. Deletions are recorded as overlayfs does it: a character
 * device with rdev 0 hides the name in the layers below, a directory with the xattr `trusted.overlay.opaque` = "y" hides
 * all names below it. See the kernel's Documentation/filesystems/overlayfs.rst.
 */

/** A run of file content. Both offsets are multiples of 4096; what no extent covers is a hole and reads as zeros. */
export interface LayerExtent {
  readonly fileOffset: number;
  readonly blobOffset: number;
  /** Bytes; after the last one the blob holds zeros up to the next multiple of 4096, so that whole pages can be read. */
  readonly length: number;
}

export interface Layer {
  /** The layer's name, by which it is found again after a restore: `sha256:` and 64 hexadecimal digits. */
  readonly id: string;
  /** The content's name in the BlockStore. */
  readonly blob: string;
  readonly inodes: number;

  /** File type and permission bits, as st_mode. */
  mode(ino: number): number;
  uid(ino: number): number;
  gid(ino: number): number;
  /** As st_nlink: names of a file; subdirectories + 2 of a directory. */
  nlink(ino: number): number;
  /** Bytes of a regular file or a symlink's target; 0 for the others. */
  size(ino: number): number;
  /** As st_rdev, in the 32-bit encoding (major << 8 with the minor's upper bits from bit 20). */
  rdev(ino: number): number;
  /** Seconds since the epoch; may be negative. */
  mtimeSeconds(ino: number): number;
  mtimeNanoseconds(ino: number): number;
  /** The target of a symlink; the empty string for the others. */
  symlink(ino: number): string;

  /** The inode called `name` in a directory; 0 when there is none. */
  lookup(directory: number, name: string): number;
  /** The directory that holds `directory`; 1 for the root. */
  parent(directory: number): number;
  /** Number of names in a directory, without `.` and `..`. They are numbered from 0 in the order of their bytes, for good. */
  entries(directory: number): number;
  entryName(directory: number, position: number): string;
  entryInode(directory: number, position: number): number;

  /** Number of extents of a regular file, in the order of their file offset. */
  extents(ino: number): number;
  extent(ino: number, position: number): LayerExtent;

  xattrNames(ino: number): readonly string[];
  xattr(ino: number, name: string): Uint8Array | null;
}

/** Layers by id. */
export interface LayerStore {
  /** Null when the store has no such layer. */
  layer(id: string): Layer | null;
}
