/** Images from files: OCI layouts, docker archives, root file systems; which one is told from the content. */

import { HolmError } from '../../error.ts';
import { fromUtf8, utf8 } from '../bytes.ts';
import { decompress } from '../compression.ts';
import type { ImageHost } from '../host.ts';
import { checkPlatform, DEFAULT_PATH, imageConfig, parseImageConfig } from '../image_config.ts';
import { LayerBuilder } from '../layer_builder.ts';
import type { LayerIndex } from '../layer_index.ts';
import { unpackTar } from '../layer_tar.ts';
import { type ProgressListener, silent } from '../progress.ts';
import { choosePlatform, type Descriptor, parseIndex, parseManifest } from '../registry/manifest.ts';
import { familiarName, parseReference } from '../registry/reference.ts';
import type { Store } from '../store/store.ts';
import { type ArchiveSource, DirectorySource, readDocument, TreeSource } from './source.ts';

export interface LoadOptions {
  /** The image's name, for archives that do not say it. */
  readonly name?: string;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

interface Loading {
  readonly host: ImageHost;
  readonly store: Store;
  /** What is loaded, for messages. */
  readonly what: string;
  readonly options: LoadOptions;
}

/** Returns the images' names. `-` reads standard input. */
export async function loadArchive(host: ImageHost, store: Store, path: string, options: LoadOptions): Promise<string[]> {
  const what = path === '-' ? 'standard input' : path;
  const loading = { host, store, what, options };
  if (options.name !== undefined) parseReference(options.name);
  const kind = path === '-' ? 'file' : await host.files.kind(path);
  if (kind === null) throw new HolmError('EINVAL', `no such file: ${path}`);
  if (kind === 'file') return loadTar(loading, path);
  const names = await loadLayout(loading, new DirectorySource(host.files, path));
  if (!names) throw new HolmError('EARCHIVE', `${what} is not an OCI layout`);
  return names;
}

/** Every archive is taken in as a root file system would be; where it turns out to be an image archive, its members are the parts. */
async function loadTar(loading: Loading, path: string): Promise<string[]> {
  const { host, store, what } = loading;
  const draft = await store.createLayer();
  try {
    const builder = new LayerBuilder(draft, { whiteouts: true });
    const hasher = host.sha256();
    const plain = decompress(withProgress(loading, path), host.gunzip);
    const hashed = async function* (): AsyncGenerator<Uint8Array> {
      for await (const part of plain) {
        hasher.update(part);
        yield part;
      }
    };
    await unpackTar(hashed(), builder);
    const source = new TreeSource(builder, draft);
    const names = (await loadDockerArchive(loading, source)) ?? (await loadLayout(loading, source));
    if (names) {
      await draft.abort();
      return names;
    }
    await checkMachine(source, what);
    const index = await builder.finish();
    const layer = `sha256:${hasher.digest()}`;
    await draft.commit(layer, index);
    const config = imageConfig({
      layers: [layer],
      created: host.now(),
      comments: [`loaded from ${what}`],
      command: ['/bin/sh'],
      environment: [DEFAULT_PATH],
    });
    const id = await store.putConfig(utf8(JSON.stringify(config)));
    return [await setName(loading, loading.options.name ?? fileName(path), id)];
  } catch (error) {
    await draft.abort();
    if (error instanceof HolmError && error.code === 'EARCHIVE' && !error.message.includes(what))
      throw new HolmError('EARCHIVE', `cannot load ${what}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function* withProgress({ host, options }: Loading, path: string): AsyncGenerator<Uint8Array> {
  const onProgress = options.onProgress ?? silent;
  const total = (path === '-' ? null : await host.files.size(path)) ?? 0;
  let done = 0;
  for await (const part of host.files.stream(path)) {
    options.signal?.throwIfAborted();
    done += part.length;
    onProgress({ phase: 'Loading', done, total, unit: 'bytes' });
    yield part;
  }
}

/** A name from a file's name: `dir/base.tar.xz` gives `base`. */
function fileName(path: string): string {
  const base = path.slice(path.lastIndexOf('/') + 1).replace(/\.(tar|tgz|txz|tzst)?(\.(gz|xz|zst|zstd))?$/, '');
  const name = base
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name || 'loaded';
}

async function setName({ host, store }: Loading, text: string, id: string): Promise<string> {
  const { name } = parseReference(text);
  await store.setRef(name, { config: id, manifest: null, created: host.now().toISOString() });
  return familiarName(name);
}

const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: '386',
  8: 'mips',
  21: 'ppc64le',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  243: 'riscv64',
  258: 'loong64',
};
const EM_AARCH64 = 183;

/** A root file system says nowhere what machine it is for, but its shell does. See elf(5). */
async function checkMachine(source: TreeSource, what: string): Promise<void> {
  for (const path of ['bin/sh', 'usr/bin/sh', 'bin/busybox', 'usr/bin/env']) {
    const node = source.find(path);
    if (!node || node.size < 64) continue;
    for await (const start of (await source.stream(path))!) {
      const isElf = start[0] === 0x7f && start[1] === 0x45 && start[2] === 0x4c && start[3] === 0x46;
      const machine = start[5] === 2 ? start[18]! * 256 + start[19]! : start[18]! + start[19]! * 256;
      if (isElf && machine !== EM_AARCH64) {
        throw new HolmError(
          'EPLATFORM',
          `${what} is for linux/${ELF_MACHINES[machine] ?? `machine ${machine}`}; ask for its linux/arm64 platform`,
        );
      }
      return;
    }
  }
}

/** Null when there is no layout. See the OCI image layout specification. */
async function loadLayout(loading: Loading, source: ArchiveSource): Promise<string[] | null> {
  const { what, options } = loading;
  const [mark, index] = [await readDocument(source, 'oci-layout'), await readDocument(source, 'index.json')];
  if (!mark || !index || !fromUtf8(mark).includes('imageLayoutVersion')) return null;
  const manifests = parseIndex(index, what) ?? [];
  if (manifests.length === 0) throw new HolmError('EARCHIVE', `${what} holds no image`);
  const byName = new Map<string, Descriptor[]>();
  for (const manifest of manifests) {
    const name = layoutName(manifest) ?? '';
    byName.set(name, [...(byName.get(name) ?? []), manifest]);
  }
  const names: string[] = [];
  for (const [name, candidates] of byName) {
    const wanted = options.name !== undefined && byName.size === 1 ? options.name : name || fileName(what);
    const manifest = await readManifest(loading, source, choosePlatform(candidates, what));
    const { config, layers } = parseManifest(manifest, what);
    names.push(
      await loadImage(
        loading,
        source,
        `blobs/${config.digest.replace(':', '/')}`,
        layers.map((layer) => `blobs/${layer.digest.replace(':', '/')}`),
        [wanted],
      ).then((all) => all[0]!),
    );
  }
  return names;
}

/** A whole name that an entry of the index carries; a mere tag is none. */
function layoutName({ annotations = {} }: Descriptor): string | null {
  const name = annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name'];
  return name !== undefined && /[/:]/.test(name) ? name : null;
}

async function readManifest({ host, what }: Loading, source: ArchiveSource, descriptor: Descriptor): Promise<Uint8Array> {
  for (let next = descriptor, depth = 0; depth < 4; depth++) {
    const bytes = await readDocument(source, `blobs/${next.digest.replace(':', '/')}`);
    if (!bytes) throw new HolmError('EARCHIVE', `${what} lacks ${next.digest}, which its index names`);
    const hasher = host.sha256();
    hasher.update(bytes);
    if (`sha256:${hasher.digest()}` !== next.digest)
      throw new HolmError('EVERIFY', `${what}: the content of ${next.digest} is something else`);
    const index = parseIndex(bytes, what);
    if (!index) return bytes;
    next = choosePlatform(index, what);
  }
  throw new HolmError('EARCHIVE', `${what}: indexes are nested too deeply`);
}

interface DockerImage {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

/** What `docker save` writes; null when there is no manifest.json of that form. */
async function loadDockerArchive(loading: Loading, source: ArchiveSource): Promise<string[] | null> {
  const bytes = await readDocument(source, 'manifest.json');
  const images = bytes && parseDockerManifest(bytes);
  if (!images) return null;
  const names: string[] = [];
  for (const image of images) {
    const own = image.RepoTags ?? [];
    const fallback = loading.options.name ?? fileName(loading.what);
    const wanted = loading.options.name !== undefined && images.length === 1 ? [loading.options.name] : own.length > 0 ? own : [fallback];
    names.push(...(await loadImage(loading, source, image.Config, image.Layers, wanted)));
  }
  return names;
}

function parseDockerManifest(bytes: Uint8Array): readonly DockerImage[] | null {
  try {
    const images = JSON.parse(fromUtf8(bytes)) as DockerImage[];
    const isImage = (image: DockerImage): boolean =>
      typeof image.Config === 'string' && Array.isArray(image.Layers) && image.Layers.every((layer) => typeof layer === 'string');
    return Array.isArray(images) && images.length > 0 && images.every(isImage) ? images : null;
  } catch {
    return null;
  }
}

async function loadImage(
  loading: Loading,
  source: ArchiveSource,
  configPath: string,
  layerPaths: readonly string[],
  names: readonly string[],
): Promise<string[]> {
  const { host, store, what, options } = loading;
  const configBytes = await readDocument(source, configPath);
  if (!configBytes) throw new HolmError('EARCHIVE', `${what} lacks ${configPath}, which its manifest names`);
  const config = parseImageConfig(configBytes, what);
  checkPlatform(config, what);
  const ids = config.rootfs.diff_ids;
  if (ids.length !== layerPaths.length)
    throw new HolmError('EARCHIVE', `${what}: manifest and configuration disagree about the number of layers`);
  const lower: LayerIndex[] = [];
  for (const [i, id] of ids.entries()) {
    options.onProgress?.({ phase: 'Unpacking layers', done: i, total: ids.length, unit: 'layers' });
    if (!(await store.holdLayers([id]))) {
      const stream = await source.stream(layerPaths[i]!);
      if (!stream) throw new HolmError('EARCHIVE', `${what} lacks ${layerPaths[i]}, which its manifest names`);
      await store.unpackLayer(decompress(stream, host.gunzip), id, lower);
    }
    lower.unshift(await store.loadLayer(id));
  }
  const image = await store.putConfig(configBytes);
  const set: string[] = [];
  for (const name of names) set.push(await setName(loading, name, image));
  return set;
}
