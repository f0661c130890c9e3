/**
 * The content-addressed store. Everything is written under a temporary name, synced and moved into place, so a process that
 * is killed at any moment leaves whole objects and rubbish, and the rubbish is swept by the next one.
 *
 *   layers/<hex>/{index,content}   configs/<hex>   refs/<name>   leases/<owner>   tmp/<owner>-<n>
 */

import type { Layer } from '../../../platform/layer.ts';
import { HolmError } from '../../error.ts';
import { fromUtf8, utf8 } from '../bytes.ts';
import type { ByteSink } from '../content_writer.ts';
import type { ImageHost, StoreFiles, StoreReader, StoreWriter } from '../host.ts';
import { LayerBuilder } from '../layer_builder.ts';
import { LayerIndex } from '../layer_index.ts';
import { type ContentReader, unpackTar } from '../layer_tar.ts';

/** What a name stands for. */
export interface RefRecord {
  /** Digest of the image's configuration, which is the image's id. */
  readonly config: string;
  /** Digest of the manifest that a registry served. */
  readonly manifest: string | null;
  /** When the name was set, in ISO 8601. */
  readonly created: string;
}

/** A layer whose content is being written. */
export interface LayerDraft extends ByteSink {
  /** Read back what was written. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The layer is complete: store it as `id`. */
  commit(id: string, index: Uint8Array): Promise<void>;
  abort(): Promise<void>;
}

export function digestHex(digest: string): string {
  const match = /^sha256:([0-9a-f]{64})$/.exec(digest);
  if (!match) throw new HolmError('EVERIFY', `not a SHA-256 digest: ${digest.slice(0, 100)}`);
  return match[1]!;
}

export class Store {
  readonly files: StoreFiles;
  private readonly host: ImageHost;
  private readonly leased = new Set<string>();
  private drafts = 0;

  constructor(host: ImageHost) {
    this.host = host;
    this.files = host.data;
  }

  layerPath(id: string): string {
    return `layers/${digestHex(id)}`;
  }

  /** True when the layers are all stored; they then stay as long as this process lives or something refers to them. */
  async holdLayers(ids: readonly string[]): Promise<boolean> {
    if (ids.every((id) => this.leased.has(id))) return true;
    return this.files.locked(async () => {
      for (const id of ids) if ((await this.files.size(`${this.layerPath(id)}/index`)) === null) return false;
      await this.lease(ids);
      return true;
    });
  }

  async loadLayer(id: string): Promise<LayerIndex> {
    const index = await this.files.read(`${this.layerPath(id)}/index`);
    if (!index) throw new HolmError('ESTORE', `layer ${id} is missing in ${this.files.directory}`);
    return new LayerIndex(id, index);
  }

  /** Bytes of content of a layer; 0 when it is not stored. */
  async layerSize(id: string): Promise<number> {
    return (await this.files.size(`${this.layerPath(id)}/content`)) ?? 0;
  }

  /** Content of a stored layer; `close` it afterwards. */
  async openContent(id: string): Promise<{ read: ContentReader; close(): Promise<void> }> {
    const file = await this.files.open(`${this.layerPath(id)}/content`);
    if (!file) throw new HolmError('ESTORE', `layer ${id} is missing in ${this.files.directory}`);
    return { read: (offset, length) => file.read(offset, length), close: () => file.close() };
  }

  async createLayer(): Promise<LayerDraft> {
    const directory = this.temporary();
    const content = await this.files.create(`${directory}/content`);
    let reader: StoreReader | null = null;
    return {
      write: (bytes) => content.write(bytes),
      read: async (offset, length) => {
        if (!reader || offset + length > reader.size) {
          await reader?.close();
          reader = await this.files.open(`${directory}/content`);
        }
        return reader!.read(offset, length);
      },
      commit: async (id, index) => {
        await reader?.close();
        await content.sync();
        await content.close();
        await this.writeFile(`${directory}/index`, index);
        await this.files.locked(async () => {
          await this.lease([id]);
          if ((await this.files.size(`${this.layerPath(id)}/index`)) !== null) await this.files.remove(directory);
          else {
            await this.files.remove(this.layerPath(id));
            await this.files.rename(directory, this.layerPath(id));
          }
        });
      },
      abort: async () => {
        await reader?.close().catch(() => undefined);
        await content.close().catch(() => undefined);
        await this.files.remove(directory).catch(() => undefined);
      },
    };
  }

  /**
   * Store the layer of an archive, which is named by the archive's digest. `expected` is the name it must have, null for any.
   * `lower` are the layers below, uppermost first.
   */
  async unpackLayer(archive: AsyncIterable<Uint8Array>, expected: string | null, lower: readonly Layer[] = []): Promise<string> {
    const hasher = this.host.sha256();
    const hashed = async function* (): AsyncGenerator<Uint8Array> {
      for await (const part of archive) {
        hasher.update(part);
        yield part;
      }
    };
    const draft = await this.createLayer();
    try {
      const builder = new LayerBuilder(draft, { whiteouts: true, lower });
      await unpackTar(hashed(), builder);
      const index = await builder.finish();
      const id = `sha256:${hasher.digest()}`;
      if (expected !== null && id !== expected) throw new HolmError('EVERIFY', `a layer unpacks to ${id} instead of ${expected}`);
      await draft.commit(id, index);
      return id;
    } catch (error) {
      await draft.abort();
      throw error;
    }
  }

  /** Store an image configuration as it is; its digest is the image's id. */
  async putConfig(bytes: Uint8Array): Promise<string> {
    const hasher = this.host.sha256();
    hasher.update(bytes);
    const hex = hasher.digest();
    await this.files.locked(async () => {
      await this.lease([`sha256:${hex}`]);
      if ((await this.files.size(`configs/${hex}`)) !== bytes.length) await this.putFile(`configs/${hex}`, bytes);
    });
    return `sha256:${hex}`;
  }

  async getConfig(digest: string): Promise<Uint8Array | null> {
    return this.files.read(`configs/${digestHex(digest)}`);
  }

  async configs(): Promise<string[]> {
    return (await this.files.list('configs')).filter((name) => /^[0-9a-f]{64}$/.test(name)).map((name) => `sha256:${name}`);
  }

  async setRef(name: string, record: RefRecord): Promise<void> {
    await this.files.locked(() => this.putFile(`refs/${encodeURIComponent(name)}`, utf8(`${JSON.stringify(record)}\n`)));
  }

  async getRef(name: string): Promise<RefRecord | null> {
    const bytes = await this.files.read(`refs/${encodeURIComponent(name)}`);
    return bytes ? parseRef(bytes) : null;
  }

  async removeRef(name: string): Promise<void> {
    await this.files.remove(`refs/${encodeURIComponent(name)}`);
  }

  async refs(): Promise<Map<string, RefRecord>> {
    const refs = new Map<string, RefRecord>();
    for (const file of (await this.files.list('refs')).sort()) {
      const name = decodeURIComponent(file);
      const record = await this.getRef(name);
      if (record) refs.set(name, record);
    }
    return refs;
  }

  /** Remove what no name and no running process refers to. `layersOf` reads the layers of an image from its configuration. */
  async collectGarbage(layersOf: (config: Uint8Array) => readonly string[]): Promise<void> {
    await this.files.locked(async () => {
      const wanted = new Set<string>();
      for (const owner of await this.files.list('leases')) {
        if (owner !== this.host.owner && !(await this.host.ownerAlive(owner))) await this.files.remove(`leases/${owner}`);
        else for (const id of fromUtf8((await this.files.read(`leases/${owner}`)) ?? new Uint8Array(0)).split('\n')) wanted.add(id);
      }
      for (const record of (await this.refs()).values()) wanted.add(record.config);
      for (const config of await this.configs()) {
        if (!wanted.has(config)) await this.files.remove(`configs/${digestHex(config)}`);
        else for (const id of layersOf((await this.getConfig(config))!)) wanted.add(id);
      }
      for (const hex of await this.files.list('layers')) if (!wanted.has(`sha256:${hex}`)) await this.removeLayer(hex);
    });
    await this.removeRubbish();
  }

  /** Remove what killed processes were writing: nobody goes on with it, so this needs no lock. */
  async removeRubbish(): Promise<void> {
    for (const name of await this.files.list('tmp')) {
      const owner = name.slice(0, name.lastIndexOf('-'));
      if (owner !== this.host.owner && !(await this.host.ownerAlive(owner))) await this.files.remove(`tmp/${name}`);
    }
  }

  /** This process needs nothing any more of what it stored or held. */
  async release(): Promise<void> {
    if (this.leased.size === 0) return;
    this.leased.clear();
    await this.files.remove(`leases/${this.host.owner}`);
  }

  /** The whole directory goes at once: half a layer must never be found. */
  private async removeLayer(hex: string): Promise<void> {
    const rubbish = this.temporary();
    await this.files.rename(`layers/${hex}`, rubbish);
    await this.files.remove(rubbish);
  }

  private temporary(): string {
    return `tmp/${this.host.owner}-${this.drafts++}`;
  }

  /** Call with the lock held. A lease lives no longer than its process, so it need not survive a power cut. */
  private async lease(ids: readonly string[]): Promise<void> {
    const all = new Set([...this.leased, ...ids]);
    if (all.size === this.leased.size) return;
    const file = await this.files.create(`leases/${this.host.owner}`);
    try {
      await file.write(utf8([...all].join('\n')));
    } finally {
      await file.close();
    }
    for (const id of ids) this.leased.add(id);
  }

  private async putFile(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = this.temporary();
    await this.writeFile(temporary, bytes);
    await this.files.rename(temporary, path);
  }

  private async writeFile(path: string, bytes: Uint8Array): Promise<void> {
    let file: StoreWriter | null = null;
    try {
      file = await this.files.create(path);
      await file.write(bytes);
      await file.sync();
      await file.close();
    } catch (error) {
      await file?.close().catch(() => undefined);
      await this.files.remove(path).catch(() => undefined);
      throw error;
    }
  }
}

function parseRef(bytes: Uint8Array): RefRecord | null {
  try {
    const record = JSON.parse(fromUtf8(bytes)) as RefRecord;
    return typeof record.config === 'string' ? record : null;
  } catch {
    return null;
  }
}
