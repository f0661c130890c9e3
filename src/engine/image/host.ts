/** What images need from the host: files, HTTP, digests, time. Interfaces only. */

import type { Gunzip } from './compression.ts';

/** A directory of the host that belongs to Holm alone. Paths are relative and use `/`. */
export interface StoreFiles {
  /** The directory's name, for messages. */
  readonly directory: string;
  /** Null when there is no such file. */
  read(path: string): Promise<Uint8Array | null>;
  open(path: string): Promise<StoreReader | null>;
  /** Create (and empty, unless `append`) a file, with the directories on the way. */
  create(path: string, append?: boolean): Promise<StoreWriter>;
  /** Bytes of a file; null when it does not exist. */
  size(path: string): Promise<number | null>;
  /** Names in a directory; none when it does not exist. */
  list(path: string): Promise<string[]>;
  /** Move a file or directory for good (the parent is synced), replacing a file; false when the source does not exist. */
  rename(from: string, to: string): Promise<boolean>;
  /** Remove a file, or a directory and all below it; nothing happens when it does not exist. */
  remove(path: string): Promise<void>;
  /** Run `action` while no other process (nor other action here) holds the lock of this directory. */
  locked<T>(action: () => Promise<T>): Promise<T>;
}

export interface StoreReader {
  readonly size: number;
  /** Fewer bytes only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface StoreWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Wait until everything written survives a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Files that the user names: archives to load, keyrings. */
export interface HostFiles {
  /** 'file', 'directory', or null when there is none. */
  kind(path: string): Promise<'file' | 'directory' | null>;
  /** Bytes of a file; null when it has no certain size. */
  size(path: string): Promise<number | null>;
  read(path: string): Promise<Uint8Array>;
  stream(path: string): AsyncIterable<Uint8Array>;
}

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Hexadecimal digits. */
  digest(): string;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** A header's value by its name in lower case. */
  header(name: string): string | null;
  readonly body: AsyncIterable<Uint8Array>;
  /** The body is not wanted. */
  discard(): void;
}

export interface HttpClient {
  /** One request, redirects not followed. Rejects when no answer comes. */
  request(url: string, request: HttpRequest): Promise<HttpResponse>;
}

/** A file of OpenPGP public keys, binary or armoured. */
export interface Keyring {
  readonly name: string;
  readonly data: Uint8Array;
}

/** Where the machine gets Debian from. */
export interface DebianSource {
  /** The archive's base, which holds `dists` and `pool`. */
  readonly mirror: string;
  /** Keys that may sign the archive. */
  readonly keyrings: readonly Keyring[];
  /** False when the machine's apt is told not to check Valid-Until. */
  readonly checkValidUntil: boolean;
}

export interface ImageHost {
  readonly data: StoreFiles;
  readonly cache: StoreFiles;
  readonly files: HostFiles;
  readonly http: HttpClient;
  readonly gunzip: Gunzip;
  sha256(): Hasher;
  md5(): Hasher;
  now(): Date;
  /** Rejects when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** A name that nobody else uses: of this process, so that `ownerAlive` can tell whether it still runs. */
  readonly owner: string;
  ownerAlive(owner: string): Promise<boolean>;
  environment(name: string): string | undefined;
  /** What the machine's own apt is configured with; null where there is no apt or no Debian in it. */
  debian(): Promise<DebianSource | null>;
  /** Keys of the Debian archive that the machine has, whatever its apt is configured with. */
  debianKeyrings(): Promise<readonly Keyring[]>;
  /** The registry credentials that the user has stored for docker: the value of a Basic Authorization header. */
  registryCredentials(registry: string): Promise<string | null>;
}
