import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256, tar, testHost } from '../../../../tests/support/images.ts';
import { createImageStore } from '../../../hosts/node/image_host.ts';
import { HolmError } from '../../error.ts';
import type { ImageHost, StoreFiles } from '../host.ts';
import { ImageStore } from '../index.ts';
import { Store } from './store.ts';

async function* once_(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const archive = (text: string): Uint8Array => tar([{ name: 'file', data: text.repeat(3000) }]);

/** A disk that is full after so many bytes. */
function fullAfter(files: StoreFiles, room: number): StoreFiles {
  let left = room;
  const full = new HolmError('ENOSPC', 'no space left on the device that holds the store');
  return new Proxy(files, {
    get(target, property) {
      if (property !== 'create') {
        const value = Reflect.get(target, property) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async (path: string, append?: boolean) => {
        const writer = await target.create(path, append);
        const write = async (bytes: Uint8Array): Promise<void> => {
          left -= bytes.length;
          if (left < 0) throw full;
          await writer.write(bytes);
        };
        return { ...writer, write };
      };
    },
  });
}

async function leftovers(host: ImageHost): Promise<string[]> {
  return [...(await host.data.list('layers')), ...(await host.data.list('tmp')), ...(await host.data.list('configs'))];
}

describe('store', () => {
  it('stores a layer once, however often it comes', async () => {
    const host = testHost();
    const store = new Store(host);
    const bytes = archive('same');
    const ids = await Promise.all([1, 2, 3].map(() => store.unpackLayer(once_(bytes), null)));
    expect(new Set(ids)).toEqual(new Set([`sha256:${sha256(bytes)}`]));
    expect(await leftovers(host)).toEqual([sha256(bytes)]);
    await expect(store.unpackLayer(once_(bytes), `sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'EVERIFY' });
  });

  it('leaves nothing behind on a full disk', async () => {
    for (const room of [0, 100, 5000, 12_000, 12_500, 13_000]) {
      const host = testHost();
      const path = join(host.directory, 'a.tar');
      writeFileSync(path, archive('some'));
      const full = new ImageStore({ ...host, data: fullAfter(host.data, room) });
      await expect(full.load(path)).rejects.toMatchObject({ code: 'ENOSPC', message: expect.stringContaining('no space left') });
      await new ImageStore({ ...host, owner: '1.1.other' }).load(path); // there is room again, in another process
      expect((await leftovers(host)).length).toBe(2);
    }
  });

  it('keeps layers that a running process holds, and sweeps those of a dead one', async () => {
    const host = testHost();
    const other = new Store({ ...host, owner: `${process.pid}.0.other` });
    const id = await other.unpackLayer(once_(archive('held')), null);
    const store = new Store(host);
    await store.collectGarbage(() => []);
    expect(await leftovers(host)).toEqual([id.slice(7)]);
    const dead = new Store({ ...host, owner: '999999999.0.dead' });
    await dead.unpackLayer(once_(archive('dead')), null);
    const draft = await dead.createLayer();
    await store.collectGarbage(() => []);
    expect(await leftovers(host)).toEqual([id.slice(7)]);
    await draft.abort();
    await other.release();
    await store.collectGarbage(() => []);
    expect(await leftovers(host)).toEqual([]);
  });

  it('ignores damaged references', async () => {
    const host = testHost();
    const file = await host.data.create('refs/bad');
    await file.write(new Uint8Array([1, 2, 3]));
    await file.close();
    expect(await new ImageStore(host).list()).toEqual([]);
  });

  it('is whole after its process was killed', async () => {
    const host = testHost();
    const directories = { dataDirectory: host.data.directory, cacheDirectory: host.cache.directory };
    const script = join(host.directory, 'load.mts');
    const module = join(import.meta.dirname, '../../../hosts/node/image_host.ts');
    const contents = new Map<string, string>();
    const layers = Array.from({ length: 4 }, (_, i) => {
      const path = join(host.directory, `a${i}.tar`);
      writeFileSync(path, archive(`layer ${i} `));
      contents.set(`sha256:${sha256(archive(`layer ${i} `))}`, `layer ${i} `.repeat(3000));
      return path;
    });
    writeFileSync(
      script,
      `import { createImageStore } from ${JSON.stringify(module)};
      const { images } = createImageStore(${JSON.stringify(directories)});
      process.stdout.write('ready');
      for (let i = 0; ; i++) {
        await images.load(${JSON.stringify(layers)}[i % 4], { name: 'image' + (i % 3) });
        if (i % 5 === 4) await images.remove('image' + (i % 3));
      }`,
    );
    const run = (): ChildProcess =>
      spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname });
    for (let round = 0; round < 5; round++) {
      const children = [run(), run()];
      await Promise.all(children.map((child) => once(child.stdout!, 'data')));
      await new Promise((resolve) => setTimeout(resolve, 20 + 37 * round));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => once(child, 'exit')));
      const { images } = createImageStore(directories);
      for (const { name } of await images.list()) {
        for (const layer of (await images.resolve(name!)).layers) {
          const parts: Uint8Array[] = [];
          for await (const part of images.exportLayer(layer)) parts.push(part);
          expect(Buffer.concat(parts).includes(contents.get(layer)!)).toBe(true);
        }
      }
      await images.load(layers[0]!, { name: 'last' });
      await images.remove('last');
      expect(await host.data.list('tmp')).toEqual([]);
      expect((await host.data.list('leases')).length).toBeLessThanOrEqual(1);
      await images.close();
    }
  });
});
