/**
 * A folder of the host that containers may see. All calls are synchronous and answer a negative errno of Linux when they
 * fail. A path is the list of its names below the folder, byte strings without slashes and dots; symbolic links in it are
 * never followed, so that nothing outside the folder can be reached, whatever changes meanwhile.
 */

/** A point in time. */
export interface HostTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** As struct stat. */
export interface HostAttributes {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly blocks: number;
  readonly atime: HostTime;
  readonly mtime: HostTime;
  readonly ctime: HostTime;
}

export interface HostEntry {
  readonly name: string;
  readonly ino: number;
  /** File type and permission bits. */
  readonly mode: number;
}

export type HostPath = readonly string[];

export interface HostFolder {
  /** Attributes of the file itself, be it a symbolic link. */
  stat(path: HostPath): HostAttributes | number;
  /** Names in a directory, without the dots. */
  list(path: HostPath): readonly HostEntry[] | number;
  readlink(path: HostPath): string | number;

  /** A handle on a regular file, for reading and perhaps writing. It outlives the name. */
  open(path: HostPath, writable: boolean): number;
  close(handle: number): void;
  attributes(handle: number): HostAttributes | number;
  /** Bytes moved; fewer than asked for only at the end of the file. */
  read(handle: number, offset: number, target: Uint8Array): number;
  write(handle: number, offset: number, source: Uint8Array): number;
  truncate(handle: number, size: number): number;
  sync(handle: number, dataOnly: boolean): number;

  /** Make a regular file, which must not exist. */
  create(path: HostPath, mode: number): number;
  mkdir(path: HostPath, mode: number): number;
  symlink(path: HostPath, target: string): number;
  link(from: HostPath, to: HostPath): number;
  unlink(path: HostPath): number;
  rmdir(path: HostPath): number;
  rename(from: HostPath, to: HostPath): number;
  chmod(path: HostPath, mode: number): number;
  utimes(path: HostPath, atime: HostTime, mtime: HostTime): number;
}
