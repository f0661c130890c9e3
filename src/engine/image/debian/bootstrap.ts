/** Makes a Debian image from a mirror: the first stage of what debootstrap(8) does, without being root. */

import { HolmError } from '../../error.ts';
import { fromUtf8, utf8 } from '../bytes.ts';
import { cachedFile } from '../fetch/download.ts';
import type { DebianSource, ImageHost, Keyring } from '../host.ts';
import { DEFAULT_PATH, imageConfig, type OciConfig } from '../image_config.ts';
import { LayerBuilder } from '../layer_builder.ts';
import { LayerIndex } from '../layer_index.ts';
import { packLayer } from '../layer_tar.ts';
import { type ProgressListener, silent } from '../progress.ts';
import { parseReference } from '../registry/reference.ts';
import type { LayerDraft, Store } from '../store/store.ts';
import { DebianArchive } from './archive.ts';
import { unpackDeb } from './deb.ts';
import { type UnpackedPackage, writeDpkgDatabase } from './dpkg_database.ts';
import type { Package } from './package_index.ts';
import type { Release } from './release.ts';
import { resolvePackages } from './resolve.ts';
import { SECOND_STAGE_ENVIRONMENT, type SecondStage, secondStageCommand } from './second_stage.ts';

export const DEFAULT_SUITE = 'trixie';

/** Beside what is essential or required: ps and free, bc, a pager, and the compressors that dpkg has built in but users have not. */
export const DEFAULT_PACKAGES: readonly string[] = ['apt', 'bc', 'less', 'procps', 'xz-utils', 'zstd'];

/** Changes when the same packages would give another layer. */
const LAYER_VERSION = 2;

export interface PullDebianOptions {
  /** The archive's base URL; from $HOLM_MIRROR or the machine's apt configuration by default. */
  readonly mirror?: string;
  readonly suite?: string;
  /** More packages. */
  readonly include?: readonly string[];
  /** Paths of keyrings to trust instead of the machine's. */
  readonly keyrings?: readonly string[];
  /** The name the image gets; `debian` by default. */
  readonly name?: string;
  /** Runs the maintainer scripts; without it the image is left unpacked but not configured. */
  readonly secondStage?: SecondStage;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/** Where Debian comes from, by options, environment and apt; null when nothing tells. */
export async function findDebianSource(host: ImageHost, options: PullDebianOptions): Promise<DebianSource | null> {
  const configured = await host.debian();
  const mirror = options.mirror ?? (host.environment('HOLM_MIRROR') || configured?.mirror);
  if (mirror === undefined) return null;
  if (!/^(https?|file):\/\/./.test(mirror)) throw new HolmError('EINVAL', `not a mirror's URL: ${mirror}`);
  let keyrings: readonly Keyring[] = configured?.keyrings ?? (await host.debianKeyrings());
  if (options.keyrings && options.keyrings.length > 0) {
    keyrings = await Promise.all(options.keyrings.map(async (path) => ({ name: path, data: await readKeyring(host, path) })));
  }
  return { mirror: mirror.replace(/\/+$/, ''), keyrings, checkValidUntil: configured?.checkValidUntil ?? true };
}

async function readKeyring(host: ImageHost, path: string): Promise<Uint8Array> {
  if ((await host.files.kind(path)) !== 'file') throw new HolmError('EINVAL', `no such keyring: ${path}`);
  return host.files.read(path);
}

/** Returns the image's id. */
export async function pullDebian(host: ImageHost, store: Store, source: DebianSource, options: PullDebianOptions): Promise<string> {
  const onProgress = options.onProgress ?? silent;
  const suite = options.suite ?? DEFAULT_SUITE;
  if (!/^[a-z][a-z0-9.-]*$/.test(suite)) throw new HolmError('EINVAL', `not a suite: ${suite}`);
  const { name } = parseReference(options.name ?? 'debian');
  const archive = new DebianArchive(host, source, { suite, onProgress, ...(options.signal && { signal: options.signal }) });
  const release = await archive.release();
  const wanted = [...DEFAULT_PACKAGES, ...(options.include ?? [])];
  const asked = new LayerRecords(host, [source.mirror, archive.indexDigest(release), ...wanted]);
  const stages = options.secondStage ? [BASE, CONFIGURED] : [BASE];
  let layers = await asked.get(store, stages);
  if (!layers) {
    const index = await archive.packages(release);
    const packages = resolvePackages(index, [...new Set([...index.base, ...wanted])]);
    const { signal } = options;
    layers = await makeLayers({ host, store, archive, release, packages, source, suite, onProgress, signal }, options.secondStage);
    await asked.set(stages, layers);
  }
  const id = await store.putConfig(utf8(JSON.stringify(configOf(layers, release, suite))));
  await store.setRef(name, { config: id, manifest: null, created: host.now().toISOString() });
  return id;
}

const BASE = 'base';
const CONFIGURED = 'configured';

function configOf(layers: readonly string[], release: Release, suite: string): OciConfig {
  return imageConfig({
    layers,
    created: release.date,
    comments: [`Debian ${release.version || suite}`, 'dpkg --configure -a'].slice(0, layers.length),
    command: ['bash'],
    environment: [DEFAULT_PATH],
  });
}

/** Layers that were made of the same things before, so that a second pull has nothing to do. */
class LayerRecords {
  private readonly host: ImageHost;
  private readonly key: string;

  constructor(host: ImageHost, ingredients: readonly string[]) {
    this.host = host;
    const hasher = host.sha256();
    hasher.update(utf8(JSON.stringify([LAYER_VERSION, ...ingredients])));
    this.key = hasher.digest();
  }

  /** The layers of all stages; null when one is not known or not stored any more. */
  async get(store: Store, stages: readonly string[]): Promise<string[] | null> {
    const layers: string[] = [];
    for (const stage of stages) {
      const bytes = await this.host.cache.read(this.path(stage));
      const id = bytes ? fromUtf8(bytes) : '';
      if (!/^sha256:[0-9a-f]{64}$/.test(id) || !(await store.holdLayers([id]))) return null;
      layers.push(id);
    }
    return layers;
  }

  async set(stages: readonly string[], layers: readonly string[]): Promise<void> {
    for (const [i, stage] of stages.entries()) {
      const temporary = `${this.path(stage)}.${this.host.owner}`;
      const file = await this.host.cache.create(temporary);
      await file.write(utf8(layers[i]!));
      await file.close();
      await this.host.cache.rename(temporary, this.path(stage));
    }
  }

  private path(stage: string): string {
    return `debian/${this.key}.${stage}`;
  }
}

interface Making {
  readonly host: ImageHost;
  readonly store: Store;
  readonly archive: DebianArchive;
  readonly release: Release;
  readonly packages: readonly Package[];
  readonly source: DebianSource;
  readonly suite: string;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal | undefined;
}

async function makeLayers(making: Making, secondStage: SecondStage | undefined): Promise<string[]> {
  const { host, store, packages, source, release, suite } = making;
  const known = new LayerRecords(host, [source.mirror, suite, ...packages.map((one) => one.sha256)]);
  let layers = await known.get(store, [BASE]);
  if (!layers) {
    layers = [await baseLayer(making)];
    await known.set([BASE], layers);
  }
  if (!secondStage) return layers;
  const all = await known.get(store, [BASE, CONFIGURED]);
  if (all) return all;
  const image = await store.putConfig(utf8(JSON.stringify(configOf(layers, release, suite))));
  layers.push(await configuredLayer(making, image, layers[0]!, secondStage));
  await known.set([BASE, CONFIGURED], layers);
  return layers;
}

async function baseLayer({ host, store, archive, release, packages, source, suite, onProgress, signal }: Making): Promise<string> {
  let waiting = packages.length;
  const fetched = archive.fetch(packages);
  for (const one of fetched)
    one.then(
      () => waiting--,
      () => undefined,
    );
  const draft = await store.createLayer();
  try {
    const builder = new LayerBuilder(draft, { keepDirectoryLinks: true });
    const unpacked: UnpackedPackage[] = [];
    for (const i of baseFilesFirst(packages)) {
      const { name } = packages[i]!;
      const path = await fetched[i]!;
      signal?.throwIfAborted();
      unpacked.push(await unpackDeb(host, name, cachedFile(host, path), builder));
      if (waiting === 0) onProgress({ phase: 'Unpacking packages', done: unpacked.length, total: packages.length, unit: 'packages' });
    }
    const mtime = Math.floor(release.date.getTime() / 1000) || 0;
    await writeDpkgDatabase(builder, unpacked, mtime);
    await writeSettings(builder, source.mirror, suite, mtime);
    await copyMasterFiles(builder, draft, mtime);
    return await commitLayer(host, draft, await builder.finish());
  } catch (error) {
    await draft.abort();
    await Promise.allSettled(fetched);
    throw error;
  }
}

/** base-files brings the links from /bin, /lib and /sbin to /usr that the others' files go through. */
function baseFilesFirst(packages: readonly Package[]): number[] {
  const order = packages.map((_, i) => i);
  return order.sort((a, b) => Number(packages[b]!.name === 'base-files') - Number(packages[a]!.name === 'base-files') || a - b);
}

/** A layer that was not unpacked from one archive is named by the archive that it would pack into. */
async function commitLayer(host: ImageHost, draft: LayerDraft, index: Uint8Array): Promise<string> {
  const hasher = host.sha256();
  for await (const part of packLayer(new LayerIndex('', index), draft.read)) hasher.update(part);
  const id = `sha256:${hasher.digest()}`;
  await draft.commit(id, index);
  return id;
}

async function writeSettings(builder: LayerBuilder, mirror: string, suite: string, mtime: number): Promise<void> {
  const file = (path: string, text: string, mode?: number): Promise<void> => builder.addFile(path, utf8(text), mode, mtime);
  const suites = /^(sid|unstable|experimental)$/.test(suite) ? suite : `${suite} ${suite}-updates`;
  if (!mirror.startsWith('file:')) {
    await file(
      'etc/apt/sources.list.d/debian.sources',
      `Types: deb\nURIs: ${mirror}\nSuites: ${suites}\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
    );
  }
  await file('usr/sbin/policy-rc.d', '#!/bin/sh\n# No service manager runs in a container. See invoke-rc.d(8).\nexit 101\n', 0o755);
  await file(
    'etc/dpkg/dpkg.cfg.d/container',
    '# Layers are kept or thrown away as a whole: syncing single files brings nothing.\nforce-unsafe-io\n',
  );
}

/** The accounts that base-passwd's preinst makes when there are none: files need owners with names before it has run. */
async function copyMasterFiles(builder: LayerBuilder, draft: LayerDraft, mtime: number): Promise<void> {
  for (const name of ['passwd', 'group']) {
    const master = builder.find(`usr/share/base-passwd/${name}.master`);
    if (!master || builder.find(`etc/${name}`)) continue;
    await builder.flush();
    await builder.addFile(`etc/${name}`, await draft.read(master.extents[1]!, master.size), 0o644, mtime);
  }
  if (!builder.find('usr/bin/awk') && builder.find('usr/bin/mawk')) await builder.addSymlink('usr/bin/awk', 'mawk', mtime);
}

async function configuredLayer(
  { store, packages, onProgress, signal }: Making,
  image: string,
  base: string,
  secondStage: SecondStage,
): Promise<string> {
  let done = 0;
  const progress = (): void => onProgress({ phase: 'Configuring packages', done, total: packages.length, unit: 'packages' });
  progress();
  const lower = [await store.loadLayer(base)];
  return secondStage({
    image,
    command: secondStageCommand(packages.map((one) => one.name)),
    environment: SECOND_STAGE_ENVIRONMENT,
    ...(signal && { signal }),
    onLine: (line) => {
      if (!line.startsWith('Setting up ')) return;
      done++;
      progress();
    },
    keep: (changes) => store.unpackLayer(changes, null, lower),
  });
}
