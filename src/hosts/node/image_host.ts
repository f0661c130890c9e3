/** The image store of this machine's user: XDG directories, network, apt and docker configuration. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import type { HostFiles, ImageHost } from '../../engine/image/host.ts';
import { readAptConfig, readAptProxy, readKeyrings } from './apt_config.ts';
import { readDockerCredentials } from './docker_config.ts';
import { NodeHttpClient, proxyFromEnvironment } from './http.ts';
import { createOwner, ownerAlive } from './owner.ts';
import { NodeStoreFiles } from './store_files.ts';

export interface ImageHostOptions {
  /** The environment; of this process by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly version?: string;
}

/** $XDG_DATA_HOME/holm, or its default. See the XDG Base Directory Specification. */
export function dataDirectory(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  return join(absolute(environment['XDG_DATA_HOME']) ?? join(environment['HOME'] || homedir(), '.local/share'), 'holm');
}

export function cacheDirectory(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  return join(absolute(environment['XDG_CACHE_HOME']) ?? join(environment['HOME'] || homedir(), '.cache'), 'holm');
}

/** The specification tells to ignore relative paths. */
function absolute(path: string | undefined): string | null {
  return path?.startsWith('/') ? path : null;
}

const files: HostFiles = {
  kind: async (path) => {
    const status = await stat(path).catch(() => null);
    return status === null ? null : status.isDirectory() ? 'directory' : 'file';
  },
  read: (path) => readFile(path),
  stream: (path) => (path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 18 })),
};

export async function createImageHost(options: ImageHostOptions = {}): Promise<ImageHost> {
  const environment = options.environment ?? process.env;
  const owner = await createOwner();
  const proxy = proxyFromEnvironment(environment, await readAptProxy());
  return {
    data: new NodeStoreFiles(dataDirectory(environment), owner),
    cache: new NodeStoreFiles(cacheDirectory(environment), owner),
    files,
    http: new NodeHttpClient(`holm/${options.version ?? '0'}`, proxy),
    gunzip: (source) => pipeline(Readable.from(source, { objectMode: false }), createGunzip({ chunkSize: 1 << 18 }), () => undefined),
    sha256: () => {
      const hash = createHash('sha256');
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
    },
    now: () => new Date(),
    sleep: (milliseconds) => delay(milliseconds),
    owner,
    ownerAlive,
    environment: (name) => environment[name],
    debian: () => readAptConfig(),
    debianKeyrings: () => readKeyrings(),
    registryCredentials: (registry) => readDockerCredentials(registry, environment),
  };
}
