/**
 * Folders of Node's host, for containers to see. On Linux every name is opened relative to the directory before it, by way
 * of /proc/self/fd and without following links, because Node has no openat(2). Elsewhere each directory on the way is
 * checked for being no link before it is used.
 */

import * as fs from 'node:fs';
import { errnoNames } from '../../abi/errno.ts';
import type { HostAttributes, HostEntry, HostFolder, HostPath, HostTime } from '../../platform/host_folder.ts';

const EIO = 5;
const ELOOP = 40;
const ENOTDIR = 20;
const LINUX: boolean = process.platform === 'linux';
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_WRONLY } = fs.constants;
/** Node does not know O_PATH. */
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

/** errno numbers of Linux by name: other hosts number them differently. */
const numbers = new Map<string, number>();
errnoNames.forEach((name, number) => {
  if (name !== undefined) numbers.set(name, number);
});

/** What `action` yields, or the negative errno that it throws. */
function attempt<T>(action: () => T): T | number {
  try {
    return action();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return -(numbers.get(code) ?? EIO);
  }
}

/** As attempt, for actions that yield nothing: 0. */
function effect(action: () => void): number {
  return attempt(() => {
    action();
    return 0;
  }) as number;
}

const time = (nanoseconds: bigint): HostTime => {
  const seconds = nanoseconds >= 0n ? nanoseconds / 1_000_000_000n : (nanoseconds - 999_999_999n) / 1_000_000_000n;
  return { seconds: Number(seconds), nanoseconds: Number(nanoseconds - seconds * 1_000_000_000n) };
};

const attributesOf = (stat: fs.BigIntStats): HostAttributes => ({
  dev: Number(stat.dev),
  ino: Number(stat.ino),
  mode: Number(stat.mode),
  nlink: Number(stat.nlink),
  uid: Number(stat.uid),
  gid: Number(stat.gid),
  size: Number(stat.size),
  blocks: Number(stat.blocks),
  atime: time(stat.atimeNs),
  mtime: time(stat.mtimeNs),
  ctime: time(stat.ctimeNs),
});

const seconds = ({ seconds: whole, nanoseconds }: HostTime): number => whole + nanoseconds / 1e9;

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

class NodeHostFolder implements HostFolder {
  private readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  stat(path: HostPath): HostAttributes | number {
    return this.at(path, (name) => attributesOf(fs.lstatSync(name, { bigint: true })));
  }

  list(path: HostPath): readonly HostEntry[] | number {
    return this.inside(path, (directory, join) => {
      const entries: HostEntry[] = [];
      for (const name of fs.readdirSync(directory, { encoding: 'buffer' })) {
        const stat = attempt(() => fs.lstatSync(join(name), { bigint: true }));
        if (typeof stat !== 'number') entries.push({ name: name.toString('latin1'), ino: Number(stat.ino), mode: Number(stat.mode) });
      }
      return entries;
    });
  }

  readlink(path: HostPath): string | number {
    return this.at(path, (name) => fs.readlinkSync(name, { encoding: 'buffer' }).toString('latin1'));
  }

  open(path: HostPath, writable: boolean): number {
    return this.at(path, (name) => fs.openSync(name, (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK)) as number;
  }

  close(handle: number): void {
    effect(() => fs.closeSync(handle));
  }

  attributes(handle: number): HostAttributes | number {
    return attempt(() => attributesOf(fs.fstatSync(handle, { bigint: true })));
  }

  read(handle: number, offset: number, target: Uint8Array): number {
    return attempt(() => {
      let done = 0;
      while (done < target.length) {
        const count = fs.readSync(handle, target, done, target.length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    }) as number;
  }

  write(handle: number, offset: number, source: Uint8Array): number {
    return attempt(() => {
      let done = 0;
      while (done < source.length) done += fs.writeSync(handle, source, done, source.length - done, offset + done);
      return done;
    }) as number;
  }

  truncate(handle: number, size: number): number {
    return effect(() => fs.ftruncateSync(handle, size));
  }

  sync(handle: number, dataOnly: boolean): number {
    return effect(() => (dataOnly ? fs.fdatasyncSync(handle) : fs.fsyncSync(handle)));
  }

  create(path: HostPath, mode: number): number {
    return this.at(path, (name) => {
      const handle = fs.openSync(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
      // The guest's umask has been applied; the host's must not be.
      fs.fchmodSync(handle, mode);
      fs.closeSync(handle);
      return 0;
    }) as number;
  }

  mkdir(path: HostPath, mode: number): number {
    const made = this.at(path, (name) => {
      fs.mkdirSync(name, mode);
      return 0;
    }) as number;
    return made < 0 ? made : this.chmod(path, mode);
  }

  symlink(path: HostPath, target: string): number {
    return this.act(path, (name) => fs.symlinkSync(latin1(target), name));
  }

  link(from: HostPath, to: HostPath): number {
    return this.at(from, (old) => this.act(to, (name) => fs.linkSync(old, name))) as number;
  }

  unlink(path: HostPath): number {
    return this.act(path, (name) => fs.unlinkSync(name));
  }

  rmdir(path: HostPath): number {
    return this.act(path, (name) => fs.rmdirSync(name));
  }

  rename(from: HostPath, to: HostPath): number {
    return this.at(from, (old) => this.act(to, (name) => fs.renameSync(old, name))) as number;
  }

  chmod(path: HostPath, mode: number): number {
    return this.opened(
      path,
      (handle) => fs.fchmodSync(handle, mode),
      (name) => fs.chmodSync(name, mode),
    );
  }

  utimes(path: HostPath, atime: HostTime, mtime: HostTime): number {
    return this.act(path, (name) => fs.lutimesSync(name, seconds(atime), seconds(mtime)));
  }

  /** Change a file by its handle where it can be opened, so that its name cannot become a link meanwhile; else by way of /proc. */
  private opened(path: HostPath, byHandle: (handle: number) => void, byName: (name: Buffer) => void): number {
    return this.at(path, (name) => {
      const handle = attempt(() => fs.openSync(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
      if (typeof handle === 'number' && handle >= 0) {
        try {
          byHandle(handle);
        } finally {
          fs.closeSync(handle);
        }
        return 0;
      }
      if (!LINUX || handle === -ELOOP) return handle;
      const place = fs.openSync(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      try {
        byName(latin1(`/proc/self/fd/${place}`));
      } finally {
        fs.closeSync(place);
      }
      return 0;
    }) as number;
  }

  /** `action` on the name of the file at `path`, in a directory that is held open. */
  private at<T>(path: HostPath, action: (name: Buffer) => T): T | number {
    if (path.length === 0) return attempt(() => action(latin1(`${this.root}/.`)));
    return this.inside(path.slice(0, -1), (_directory, join) => action(join(latin1(path[path.length - 1]!))));
  }

  /** As `at`, for actions that yield nothing. */
  private act(path: HostPath, action: (name: Buffer) => void): number {
    return this.at(path, (name) => {
      action(name);
      return 0;
    }) as number;
  }

  /** `action` with the directory at `path`, and with a function that makes the names of what is in it. */
  private inside<T>(path: HostPath, action: (directory: Buffer, join: (name: Buffer) => Buffer) => T): T | number {
    return attempt(() => (LINUX ? this.insideByDescriptor(path, action) : this.insideByName(path, action)));
  }

  private insideByDescriptor<T>(path: HostPath, action: (directory: Buffer, join: (name: Buffer) => Buffer) => T): T {
    const flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    let handle = fs.openSync(this.root, flags & ~O_NOFOLLOW);
    try {
      for (const name of path) {
        const next = fs.openSync(Buffer.concat([latin1(`/proc/self/fd/${handle}/`), latin1(name)]), flags);
        fs.closeSync(handle);
        handle = next;
      }
      const prefix = latin1(`/proc/self/fd/${handle}/`);
      return action(prefix, (name) => Buffer.concat([prefix, name]));
    } finally {
      fs.closeSync(handle);
    }
  }

  private insideByName<T>(path: HostPath, action: (directory: Buffer, join: (name: Buffer) => Buffer) => T): T {
    let directory = Buffer.from(this.root);
    for (const name of path) {
      directory = Buffer.concat([directory, latin1(`/${name}`)]);
      const stat = fs.lstatSync(directory);
      if (!stat.isDirectory()) throw Object.assign(new Error('not a directory'), { code: errnoNames[ENOTDIR] });
    }
    return action(directory, (name) => Buffer.concat([directory, latin1('/'), name]));
  }
}

const folders = new Map<string, HostFolder>();

/** The folder at absolute path `name`; null when there is no directory. */
export function openHostFolder(name: string): HostFolder | null {
  let folder = folders.get(name);
  if (folder === undefined) {
    if (!name.startsWith('/') || fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
    folder = new NodeHostFolder(fs.realpathSync(name));
    folders.set(name, folder);
  }
  return folder;
}
