/** Files of the image store and the download cache, and a lock that processes share. */

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HolmError } from '../../engine/error.ts';
import type { StoreFiles, StoreReader, StoreWriter } from '../../engine/image/host.ts';
import { ownerAlive } from './owner.ts';

const LOCK_POLL_MS = 20;
/** Files up to this size are read at once: a turn of the thread pool takes longer than they do, and every start reads some. */
const SMALL = 1 << 16;
/** A lock that does not say whose it is yet: its process was killed in between. */
const NAMELESS_MS = 1000;
/** After so long, whoever waits says what for. */
const PATIENCE_MS = 1000;

type Failure = { readonly code?: string; readonly message?: string };

function isAbsent(error: unknown): boolean {
  const code = (error as Failure).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export class NodeStoreFiles implements StoreFiles {
  readonly directory: string;
  private readonly owner: string;
  private readonly onWait: (reason: string) => void;
  private queue: Promise<unknown> = Promise.resolve();

  /** `onWait` is told, once for each wait, what the lock is waited for. */
  constructor(directory: string, owner: string, onWait: (reason: string) => void = () => undefined) {
    this.directory = directory;
    this.owner = owner;
    this.onWait = onWait;
  }

  async read(path: string): Promise<Uint8Array | null> {
    return this.guard(async () => {
      const status = statSync(this.path(path), { throwIfNoEntry: false });
      if (status === undefined) return null;
      return orNull(status.size <= SMALL ? readNow(this.path(path)) : readFile(this.path(path)));
    });
  }

  async open(path: string): Promise<StoreReader | null> {
    return this.guard(async () => {
      const handle = await orNull(open(this.path(path)));
      if (!handle) return null;
      const { size } = await handle.stat();
      return {
        size,
        read: (offset, length) => this.guard(() => readAt(handle, offset, Math.max(0, Math.min(length, size - offset)))),
        close: () => handle.close(),
      };
    });
  }

  async create(path: string, append = false): Promise<StoreWriter> {
    return this.guard(async () => {
      mkdirSync(dirname(this.path(path)), { recursive: true, mode: 0o700 });
      const handle = await open(this.path(path), append ? 'a' : 'w', 0o600);
      return {
        write: (bytes) => this.guard(() => writeAll(handle, bytes)),
        sync: () => this.guard(() => handle.sync()),
        close: () => this.guard(() => handle.close()),
      };
    });
  }

  async size(path: string): Promise<number | null> {
    return this.guard(async () => statSync(this.path(path), { throwIfNoEntry: false })?.size ?? null);
  }

  async list(path: string): Promise<string[]> {
    return this.guard(async () => (await orNull(readdir(this.path(path)))) ?? []);
  }

  async rename(from: string, to: string): Promise<boolean> {
    return this.guard(async () => {
      if (!(await orNull(stat(this.path(from))))) return false;
      await mkdir(dirname(this.path(to)), { recursive: true, mode: 0o700 });
      const moved = await orNull(rename(this.path(from), this.path(to)).then(() => true));
      if (moved) await syncDirectory(dirname(this.path(to)));
      return moved ?? false;
    });
  }

  async remove(path: string): Promise<void> {
    await this.guard(() => rm(this.path(path), { recursive: true, force: true }));
  }

  async locked<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(async () => {
      await this.guard(() => this.acquire());
      try {
        return await action();
      } finally {
        // If we were taken for dead, the lock is another's now.
        const lock = await orNull(readNow(this.path('lock')));
        if (lock?.toString() === this.owner) rmSync(this.path('lock'), { force: true });
      }
    });
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private path(path: string): string {
    return join(this.directory, path);
  }

  private async acquire(): Promise<void> {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    let patient = Date.now() + PATIENCE_MS;
    for (;;) {
      if (await this.claim('lock')) return;
      if (await this.isStale('lock')) await this.breakLock();
      else await delay(LOCK_POLL_MS);
      if (Date.now() < patient) continue;
      patient = Number.POSITIVE_INFINITY;
      const holder = (await orNull(readFile(this.path('lock'), 'utf8')))?.split('.')[0] || 'unknown';
      this.onWait(`waiting for process ${holder}, which is changing ${this.directory}`);
    }
  }

  /** Make a file that says who we are; false when there is one already. */
  private async claim(name: string): Promise<boolean> {
    try {
      writeFileSync(this.path(name), this.owner, { flag: 'wx', mode: 0o600 });
      return true;
    } catch (error) {
      if ((error as Failure).code === 'EEXIST') return false;
      await orNull(unlink(this.path(name))); // made, but there was no room for its content
      throw error;
    }
  }

  private async isStale(name: string): Promise<boolean> {
    const [owner, status] = await Promise.all([orNull(readFile(this.path(name), 'utf8')), orNull(stat(this.path(name)))]);
    if (owner === null || status === null) return false;
    const age = Date.now() - status.mtimeMs;
    return owner === '' ? age > NAMELESS_MS : !ownerAlive(owner);
  }

  /** Remove a dead process's lock; a second lock keeps two processes from each removing what the other has just made. */
  private async breakLock(): Promise<void> {
    const second = this.path('lock.break');
    if (!(await this.claim('lock.break'))) {
      if (await this.isStale('lock.break')) await orNull(unlink(second));
      else await delay(LOCK_POLL_MS);
      return;
    }
    try {
      if (await this.isStale('lock')) await orNull(unlink(this.path('lock')));
    } finally {
      await orNull(unlink(second));
    }
  }

  private async guard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw storeError(error, this.directory);
    }
  }
}

/** A failure of the file system in words. */
export function storeError(error: unknown, directory: string): unknown {
  if (error instanceof HolmError) return error;
  const { code, message } = error as Failure;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new HolmError('ENOSPC', `no space left on the device that holds ${directory}`, { cause: error });
  if (code === undefined) return error;
  return new HolmError('ESTORE', `${directory}: ${message ?? code}`, { cause: error });
}

async function readNow(path: string): Promise<Buffer> {
  return readFileSync(path);
}

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return; // directories cannot be opened there
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
