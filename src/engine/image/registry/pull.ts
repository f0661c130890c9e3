/** Fetches images from registries. */

import { HolmError } from '../../error.ts';
import { decompress } from '../compression.ts';
import { createLimit } from '../debian/archive.ts';
import { cachedFile, download } from '../fetch/download.ts';
import type { ImageHost } from '../host.ts';
import { checkPlatform, parseImageConfig } from '../image_config.ts';
import type { LayerIndex } from '../layer_index.ts';
import { type ProgressListener, silent } from '../progress.ts';
import type { Store } from '../store/store.ts';
import { choosePlatform, type Descriptor, MEDIA, parseIndex, parseManifest } from './manifest.ts';
import { parseReference, type Reference } from './reference.ts';
import { RegistrySession } from './session.ts';

const MAX_MANIFEST = 4 << 20;
const MAX_CONFIG = 16 << 20;
const MAX_NESTING = 3;
const PARALLEL = 4;

export interface PullOptions {
  /** The name the image gets here; the one it was asked for by default. */
  readonly name?: string;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/** Returns the image's id. */
export async function pullReference(host: ImageHost, store: Store, text: string, options: PullOptions): Promise<string> {
  const onProgress = options.onProgress ?? silent;
  const reference = parseReference(text);
  const name = options.name === undefined ? reference.name : parseReference(options.name).name;
  const session = new RegistrySession(host, reference, options.signal);
  onProgress({ phase: 'Fetching manifest', done: 0, total: 0, unit: 'bytes' });
  const manifest = await fetchManifest(host, session, reference);
  const { config: descriptor, layers } = parseManifest(manifest.bytes, reference.familiar);
  const configBytes = await fetchVerified(host, session, `blobs/${descriptor.digest}`, descriptor, MAX_CONFIG, reference);
  const config = parseImageConfig(configBytes, reference.familiar);
  checkPlatform(config, reference.familiar);
  const ids = config.rootfs.diff_ids;
  if (ids.length !== layers.length)
    throw new HolmError('EVERIFY', `${reference.familiar}: manifest and configuration disagree about the number of layers`);
  await fetchLayers({ host, store, session, reference, onProgress, signal: options.signal }, ids, layers);
  const id = await store.putConfig(configBytes);
  await store.setRef(name, { config: id, manifest: manifest.digest, created: host.now().toISOString() });
  return id;
}

interface Fetching {
  readonly host: ImageHost;
  readonly store: Store;
  readonly session: RegistrySession;
  readonly reference: Reference;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal | undefined;
}

function digestOf(host: ImageHost, bytes: Uint8Array): string {
  const hasher = host.sha256();
  hasher.update(bytes);
  return `sha256:${hasher.digest()}`;
}

async function fetchVerified(
  host: ImageHost,
  session: RegistrySession,
  path: string,
  descriptor: Descriptor,
  limit: number,
  reference: Reference,
): Promise<Uint8Array> {
  const bytes = await session.document(path, limit, [descriptor.mediaType, '*/*'].filter(Boolean).join(', '));
  if (!bytes) throw new HolmError('EVERIFY', `${reference.familiar}: the registry lacks ${descriptor.digest}, which the manifest names`);
  if (digestOf(host, bytes) !== descriptor.digest)
    throw new HolmError('EVERIFY', `${reference.familiar}: the registry serves something else for ${descriptor.digest}`);
  return bytes;
}

async function fetchManifest(
  host: ImageHost,
  session: RegistrySession,
  reference: Reference,
): Promise<{ bytes: Uint8Array; digest: string }> {
  const accept = Object.values(MEDIA).join(', ');
  let bytes = await session.document(`manifests/${reference.digest ?? reference.tag}`, MAX_MANIFEST, accept);
  if (!bytes) throw new HolmError('ENOIMAGE', `no such image: ${reference.familiar}`);
  let digest = digestOf(host, bytes);
  if (reference.digest !== null && digest !== reference.digest)
    throw new HolmError('EVERIFY', `${reference.familiar}: the registry serves something else for this digest`);
  for (let depth = 0; ; depth++) {
    const index = parseIndex(bytes, reference.familiar);
    if (!index) return { bytes, digest };
    if (depth === MAX_NESTING) throw new HolmError('EVERIFY', `${reference.familiar}: indexes are nested too deeply`);
    const chosen = choosePlatform(index, reference.familiar);
    bytes = await fetchVerified(host, session, `manifests/${chosen.digest}`, chosen, MAX_MANIFEST, reference);
    digest = chosen.digest;
  }
}

/** Several downloads at a time, unpacked from the lowest layer up. */
async function fetchLayers(fetching: Fetching, ids: readonly string[], layers: readonly Descriptor[]): Promise<void> {
  const { host, store, session, onProgress } = fetching;
  const held = new Map<string, boolean>();
  for (const id of ids) held.set(id, await store.holdLayers([id]));
  const wanted = layers.filter((_, i) => !held.get(ids[i]!));
  const total = wanted.reduce((sum, layer) => sum + layer.size, 0);
  let done = 0;
  const onBytes = (count: number): void => {
    done += count;
    onProgress({ phase: 'Downloading layers', done, total, unit: 'bytes' });
  };
  const failure = new AbortController();
  const signal = fetching.signal ? AbortSignal.any([fetching.signal, failure.signal]) : failure.signal;
  const limit = createLimit(PARALLEL);
  const fetched = new Map<string, Promise<string>>();
  for (const { digest, size } of wanted) {
    if (fetched.has(digest)) continue;
    const path = limit(() => {
      signal.throwIfAborted();
      return session.authorized((headers) =>
        download(host, { url: `${session.base}/blobs/${digest}`, digest, size, headers: async () => headers, signal, onBytes }),
      );
    });
    path.catch((error) => failure.abort(error));
    fetched.set(digest, path);
  }
  try {
    const lower: LayerIndex[] = [];
    for (const [i, id] of ids.entries()) {
      if (!held.get(id)) {
        const path = await fetched.get(layers[i]!.digest)!;
        if (done >= total) onProgress({ phase: 'Unpacking layers', done: i, total: ids.length, unit: 'layers' });
        await store.unpackLayer(decompress(cachedFile(host, path), host.gunzip), id, lower);
        held.set(id, true);
      }
      lower.unshift(await store.loadLayer(id));
    }
    onProgress({ phase: 'Unpacking layers', done: ids.length, total: ids.length, unit: 'layers' });
  } finally {
    await Promise.allSettled(fetched.values());
  }
  for (const path of fetched.values()) await host.cache.remove(await path); // the store has them now
}
