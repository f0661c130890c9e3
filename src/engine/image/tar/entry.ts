/** A member of a tar archive. See tar(5), pax(1). */

export type TarType = 'file' | 'hardlink' | 'symlink' | 'chr' | 'blk' | 'dir' | 'fifo';

/** A run of stored bytes of a file; what lies between runs is a hole. */
export interface TarRun {
  readonly offset: number;
  readonly length: number;
}

export interface TarEntry {
  /** Byte string as it stands in the archive. */
  readonly name: string;
  readonly type: TarType;
  /** Permission bits, with set-id and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a regular file, holes included. */
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  /** Target of a hard or symbolic link. */
  readonly linkName: string;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** Where the stored bytes belong: null for a file without holes. */
  readonly runs: readonly TarRun[] | null;
}

export const BLOCK = 512;

export function padding(length: number): number {
  return (BLOCK - (length % BLOCK)) % BLOCK;
}
