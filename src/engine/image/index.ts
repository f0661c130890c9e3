/** Images: pulled, loaded, listed, resolved for containers, removed. */

import { HolmError } from '../error.ts';
import { printable, utf8 } from './bytes.ts';
import { findDebianSource, type PullDebianOptions, pullDebian } from './debian/bootstrap.ts';
import type { ImageHost } from './host.ts';
import { checkPlatform, type OciConfig, parseImageConfig } from './image_config.ts';
import type { LayerIndex } from './layer_index.ts';
import { packLayer } from './layer_tar.ts';
import { type LoadOptions, loadArchive } from './load/load.ts';
import { type PullOptions, pullReference } from './registry/pull.ts';
import { familiarName, parseReference } from './registry/reference.ts';
import { Store } from './store/store.ts';

export type { PullDebianOptions } from './debian/bootstrap.ts';
export type { SecondStage } from './debian/second_stage.ts';
export type { LoadOptions } from './load/load.ts';
export type { Progress } from './progress.ts';
export type { PullOptions } from './registry/pull.ts';

/** The image's defaults for its containers. */
export interface ImageConfig {
  readonly entrypoint: readonly string[] | null;
  readonly command: readonly string[] | null;
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly workdir: string;
  /** `user[:group]`, by name or number; empty for root. */
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string | null;
  /** `port/protocol`. */
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
}

/** An image as a container needs it. */
export interface ResolvedImage {
  readonly id: string;
  /** The name it was asked for by, spelled out; its id where it was asked for by that. */
  readonly name: string;
  readonly config: ImageConfig;
  /** Ids of its layers in the LayerStore, the lowest first. */
  readonly layers: readonly string[];
}

/** A line of `holm images`. */
export interface ImageSummary {
  readonly id: string;
  /** As people write it; null for an image without a name. */
  readonly name: string | null;
  readonly created: string;
  /** Bytes of content of its layers; layers of several images count in each. */
  readonly size: number;
}

export interface ImageDetails {
  readonly id: string;
  readonly names: readonly string[];
  readonly manifest: string | null;
  readonly architecture: string;
  readonly os: string;
  readonly created: string;
  readonly size: number;
  readonly layers: readonly string[];
  /** The configuration as the image format has it. */
  readonly config: OciConfig;
}

/** Where `pull` gets the image called `debian`, and anything else from. */
export type PullAnyOptions = PullDebianOptions & PullOptions;

export class ImageStore {
  private readonly host: ImageHost;
  private readonly store: Store;

  constructor(host: ImageHost) {
    this.host = host;
    this.store = new Store(host);
  }

  /**
   * Fetch an image. `debian` alone is built from the mirror that options, $HOLM_MIRROR or the machine's apt name; where
   * there is none, and for every other name, a registry is asked. Returns the image's id.
   */
  async pull(name: string, options: PullAnyOptions = {}): Promise<string> {
    if (name === 'debian' || options.mirror !== undefined) {
      const source = await findDebianSource(this.host, options);
      if (source)
        return this.finished(() => pullDebian(this.host, this.store, source, { ...options, name: options.name ?? name }), options.signal);
      if (options.include?.length)
        throw new HolmError('EINVAL', 'packages can be included from a Debian mirror only, and none is known: use --mirror');
      return this.finished(
        () => pullReference(this.host, this.store, 'debian:trixie-slim', { ...options, name: options.name ?? name }),
        options.signal,
      );
    }
    if (options.include?.length) throw new HolmError('EINVAL', `packages can be included in Debian images only, not in ${printable(name)}`);
    return this.finished(() => pullReference(this.host, this.store, name, options), options.signal);
  }

  /** Build a Debian image from a mirror. Returns the image's id. */
  async pullDebian(options: PullDebianOptions = {}): Promise<string> {
    const source = await findDebianSource(this.host, options);
    if (!source) throw new HolmError('EINVAL', 'no Debian mirror is known: use --mirror URL, or set HOLM_MIRROR');
    return this.finished(() => pullDebian(this.host, this.store, source, options), options.signal);
  }

  /** Take images from an archive or directory; `-` is standard input. Returns the images' names. */
  async load(path: string, options: LoadOptions = {}): Promise<string[]> {
    return this.finished(() => loadArchive(this.host, this.store, path, options), options.signal);
  }

  async list(): Promise<ImageSummary[]> {
    const summaries: ImageSummary[] = [];
    const named = new Set<string>();
    for (const [name, record] of await this.store.refs()) {
      const details = await this.details(record.config);
      if (!details) continue;
      named.add(record.config);
      summaries.push({ id: record.config, name: familiarName(name), created: details.config.created ?? '', size: details.size });
    }
    return summaries;
  }

  async inspect(name: string): Promise<ImageDetails> {
    const { id } = await this.find(name);
    const details = (await this.details(id))!;
    const records = [...(await this.store.refs())].filter(([, record]) => record.config === id);
    return {
      id,
      names: records.map(([ref]) => familiarName(ref)),
      manifest: records.find(([, record]) => record.manifest)?.[1].manifest ?? null,
      architecture: details.config.architecture,
      os: details.config.os,
      created: details.config.created ?? '',
      size: details.size,
      layers: details.config.rootfs.diff_ids,
      config: details.config,
    };
  }

  /** Remove a name, and the image with its layers when nothing else needs them. By id, all its names. Returns what is gone. */
  async remove(name: string): Promise<string[]> {
    const { id, ref } = await this.find(name);
    const names = ref !== null ? [ref] : [...(await this.store.refs())].filter(([, record]) => record.config === id).map(([key]) => key);
    for (const one of names) await this.store.removeRef(one);
    await this.store.release();
    await this.sweep();
    return names.map(familiarName);
  }

  async has(name: string): Promise<boolean> {
    try {
      await this.find(name);
      return true;
    } catch (error) {
      if (error instanceof HolmError && error.code === 'ENOIMAGE') return false;
      throw error;
    }
  }

  /** Everything a container needs; the layers stay in the store as long as this process lives. */
  async resolve(name: string): Promise<ResolvedImage> {
    const { id, ref, config } = await this.find(name);
    const oci = parseImageConfig(config, name);
    checkPlatform(oci, name);
    if (!(await this.store.holdLayers(oci.rootfs.diff_ids))) throw new HolmError('ESTORE', `image ${name} lacks a layer; pull it again`);
    return { id, name: ref ?? id, config: viewConfig(oci), layers: oci.rootfs.diff_ids };
  }

  /** A new image: `base` with one more layer, given as an archive in the image format. Returns its id. */
  async commit(
    base: string,
    changes: AsyncIterable<Uint8Array>,
    options: { readonly name?: string; readonly comment?: string; readonly config?: OciConfig['config'] } = {},
  ): Promise<string> {
    const name = options.name === undefined ? null : parseReference(options.name).name;
    const resolved = await this.resolve(base);
    return this.finished(async () => {
      const old = parseImageConfig((await this.store.getConfig(resolved.id))!, base);
      const lower: LayerIndex[] = [];
      for (const layer of resolved.layers) lower.unshift(await this.store.loadLayer(layer));
      const layer = await this.store.unpackLayer(changes, null, lower);
      const created = this.host.now().toISOString();
      const config: OciConfig = {
        ...old,
        created,
        config: { ...old.config, ...options.config },
        rootfs: { type: 'layers', diff_ids: [...old.rootfs.diff_ids, layer] },
        history: [...(old.history ?? []), { created, ...(options.comment !== undefined && { comment: options.comment }) }],
      };
      const id = await this.store.putConfig(utf8(JSON.stringify(config)));
      if (name !== null) await this.store.setRef(name, { config: id, manifest: null, created });
      return id;
    });
  }

  async tag(source: string, name: string): Promise<void> {
    const { id } = await this.find(source);
    await this.store.setRef(parseReference(name).name, { config: id, manifest: null, created: this.host.now().toISOString() });
  }

  /** A stored layer as an archive in the image format. */
  async *exportLayer(id: string): AsyncGenerator<Uint8Array> {
    const content = await this.store.openContent(id);
    try {
      yield* packLayer(await this.store.loadLayer(id), content.read);
    } finally {
      await content.close();
    }
  }

  /** This process holds no layers any more. */
  async close(): Promise<void> {
    await this.store.release();
  }

  /** Do something that stores. The rubbish of killed processes goes before, that of this one after, whether it went well or not. */
  private async finished<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      await this.store.removeRubbish();
      return await action();
    } catch (error) {
      if (!signal?.aborted) throw error;
      throw new HolmError('ECANCELED', 'interrupted; what was fetched is kept for the next time', { cause: error });
    } finally {
      await this.sweep().catch(() => undefined);
    }
  }

  private async sweep(): Promise<void> {
    await this.store.collectGarbage((config) => {
      try {
        return parseImageConfig(config, 'image').rootfs.diff_ids;
      } catch {
        return [];
      }
    });
  }

  /** By name, by id, or by the beginning of an id. */
  private async find(text: string): Promise<{ id: string; ref: string | null; config: Uint8Array }> {
    const hex = /^(?:sha256:)?([0-9a-f]{6,64})$/.exec(text)?.[1];
    if (!text.startsWith('sha256:')) {
      const { name } = parseReference(text);
      const record = await this.store.getRef(name);
      const config = record && (await this.store.getConfig(record.config));
      if (config) return { id: record.config, ref: name, config };
    }
    const matches = hex === undefined ? [] : (await this.store.configs()).filter((id) => id.startsWith(`sha256:${hex}`));
    if (matches.length > 1) throw new HolmError('EINVAL', `more than one image's id begins with ${text}`);
    const [id] = matches;
    const config = id === undefined ? null : await this.store.getConfig(id);
    if (id !== undefined && config !== null) return { id, ref: null, config };
    throw new HolmError('ENOIMAGE', `no such image: ${printable(text)}`);
  }

  private async details(id: string): Promise<{ config: OciConfig; size: number } | null> {
    const bytes = await this.store.getConfig(id);
    if (!bytes) return null;
    const config = parseImageConfig(bytes, id);
    let size = 0;
    for (const layer of new Set(config.rootfs.diff_ids)) size += await this.store.layerSize(layer);
    return { config, size };
  }
}

function viewConfig({ config = {} }: OciConfig): ImageConfig {
  return {
    entrypoint: config.Entrypoint ?? null,
    command: config.Cmd ?? null,
    env: config.Env ?? [],
    workdir: config.WorkingDir ?? '',
    user: config.User ?? '',
    labels: config.Labels ?? {},
    stopSignal: config.StopSignal ?? null,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    volumes: Object.keys(config.Volumes ?? {}),
  };
}
