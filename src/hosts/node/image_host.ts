/** The image store of this machine's user: XDG directories, network, apt and docker configuration. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import type { Hasher, HostFiles, ImageHost } from '../../engine/image/host.ts';
import { ImageStore } from '../../engine/image/index.ts';
import type { BlockStore } from '../../platform/blocks.ts';
import type { LayerStore } from '../../platform/layer.ts';
import { readAptConfig, readAptProxy, readKeyrings } from './apt_config.ts';
import { readDockerCredentials } from './docker_config.ts';
import { NodeHttpClient, proxyFromEnvironment } from './http.ts';
import { LayerFiles } from './layer_files.ts';
import { createOwner, ownerAlive } from './owner.ts';
import { NodeStoreFiles } from './store_files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ImageHostOptions {
  /** $XDG_DATA_HOME/holm unless told. */
  readonly dataDirectory?: string;
  /** $XDG_CACHE_HOME/holm unless told. */
  readonly cacheDirectory?: string;
  /** The process's environment unless told. */
  readonly environment?: Environment;
  /** Where /etc/apt and the machine's keyrings are; the root directory unless told. */
  readonly root?: string;
  /** Told what a long wait for another process is for. */
  readonly onWait?: (reason: string) => void;
}

/** $XDG_DATA_HOME/holm, or its default. See the XDG Base Directory Specification. */
export function dataDirectory(environment: Environment = process.env): string {
  return join(absolute(environment['XDG_DATA_HOME']) ?? join(environment['HOME'] || homedir(), '.local/share'), 'holm');
}

export function cacheDirectory(environment: Environment = process.env): string {
  return join(absolute(environment['XDG_CACHE_HOME']) ?? join(environment['HOME'] || homedir(), '.cache'), 'holm');
}

/** The specification tells to ignore relative paths. */
function absolute(path: string | undefined): string | null {
  return path?.startsWith('/') ? path : null;
}

const USER_AGENT = 'holm';

const files: HostFiles = {
  kind: async (path) => {
    const status = await stat(path).catch(() => null);
    return status === null ? null : status.isDirectory() ? 'directory' : 'file';
  },
  size: async (path) => (await stat(path)).size || null,
  read: (path) => readFile(path),
  stream: (path) => (path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 18 })),
};

function hasher(algorithm: string): Hasher {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
}

export function createImageHost(options: ImageHostOptions = {}): ImageHost {
  const environment = options.environment ?? process.env;
  const owner = createOwner();
  const root = options.root ?? '/';
  return {
    data: new NodeStoreFiles(options.dataDirectory ?? dataDirectory(environment), owner, options.onWait),
    cache: new NodeStoreFiles(options.cacheDirectory ?? cacheDirectory(environment), owner, options.onWait),
    files,
    http: new NodeHttpClient(
      USER_AGENT,
      proxyFromEnvironment(environment, () => readAptProxy(root)),
    ),
    gunzip: (source) => pipeline(Readable.from(source, { objectMode: false }), createGunzip({ chunkSize: 1 << 18 }), () => undefined),
    sha256: () => hasher('sha256'),
    md5: () => hasher('md5'),
    now: () => new Date(),
    sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal && { signal }),
    owner,
    ownerAlive: async (other) => ownerAlive(other),
    environment: (name) => environment[name],
    debian: () => readAptConfig(root),
    debianKeyrings: () => readKeyrings(root),
    registryCredentials: (registry) => readDockerCredentials(registry, environment),
  };
}

/** The user's images, and their layers for the kernel. */
export function createImageStore(options: ImageHostOptions = {}): { images: ImageStore; blocks: BlockStore; layers: LayerStore } {
  const host = createImageHost(options);
  const files = new LayerFiles(host.data.directory);
  return { images: new ImageStore(host), blocks: files, layers: files };
}
