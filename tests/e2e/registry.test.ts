/** Pulls from Debian's docker-registry on the loopback interface; skipped where it is neither installed nor installable. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageStore } from '../../src/engine/image/index.ts';
import { sha256, tar, testHost } from '../support/images.ts';

const USER = 'Basic dXNlcjpzZWNyZXQ='; // user:secret
const HTPASSWD = 'user:$2b$05$jLDCc.qZ3kabgcPn7awRJeg1wamHbcAj2cGyT7BPHh4uxmoJWphlm\n';

function installed(): boolean {
  const find = (): boolean => {
    try {
      execFileSync('docker-registry', ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  if (find()) return true;
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'docker-registry'], { stdio: 'ignore', timeout: 120_000 });
  } catch {
    return false;
  }
  return find();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(!installed())('docker-registry (Debian package)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holm-registry-'));
  let server: ChildProcess;
  let base = '';
  let host = '';

  const put = async (path: string, type: string, body: Uint8Array | string): Promise<void> => {
    const response = await fetch(`${base}/${path}`, {
      method: 'PUT',
      headers: { authorization: USER, 'content-type': type },
      body: body as BodyInit,
    });
    expect(response.status).toBe(201);
  };
  const push = async (body: Uint8Array): Promise<{ digest: string; size: number }> => {
    const digest = `sha256:${sha256(body)}`;
    const start = await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers: { authorization: USER } });
    const location = new URL(start.headers.get('location')!, base);
    location.searchParams.set('digest', digest);
    const response = await fetch(location, {
      method: 'PUT',
      headers: { authorization: USER, 'content-type': 'application/octet-stream' },
      body: body as BodyInit,
    });
    expect(response.status).toBe(201);
    return { digest, size: body.length };
  };

  beforeAll(async () => {
    const port = await freePort();
    host = `127.0.0.1:${port}`;
    base = `http://${host}/v2/team/app`;
    writeFileSync(join(directory, 'htpasswd'), HTPASSWD);
    const config = {
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: join(directory, 'data') } },
      http: { addr: host },
      auth: { htpasswd: { realm: 'test', path: join(directory, 'htpasswd') } },
    };
    writeFileSync(join(directory, 'config.yml'), JSON.stringify(config));
    server = spawn('docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' });
    for (let i = 0; i < 100; i++) {
      const up = await fetch(`http://${host}/v2/`).then(
        (response) => response.status === 401,
        () => false,
      );
      if (up) break;
      await delay(100);
    }
    const layer = tar([{ name: 'etc/' }, { name: 'etc/hostname', data: 'web' }]);
    const manifests = [];
    for (const architecture of ['amd64', 'arm64']) {
      const config = {
        os: 'linux',
        architecture,
        config: { Cmd: ['sh'] },
        rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      };
      const manifest = JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await push(Buffer.from(JSON.stringify(config)))) },
        layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...(await push(gzipSync(layer))) }],
      });
      await put(`manifests/${architecture}`, 'application/vnd.oci.image.manifest.v1+json', manifest);
      manifests.push({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: `sha256:${sha256(Buffer.from(manifest))}`,
        size: manifest.length,
        platform: { os: 'linux', architecture },
      });
    }
    await put(
      'manifests/1.0',
      'application/vnd.oci.image.index.v1+json',
      JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }),
    );
  });

  afterAll(() => {
    server?.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  it('serves the image for arm64', async () => {
    const images = new ImageStore(testHost({ registryCredentials: async () => USER }));
    await images.pull(`${host}/team/app:1.0`);
    const { config, layers } = await images.resolve(`${host}/team/app:1.0`);
    expect([config.command, layers.length]).toEqual([['sh'], 1]);
    await images.pull(`${host}/team/app:arm64`);
    expect((await images.list()).length).toBe(2);
  });

  it('refuses what is not there or not allowed', async () => {
    const images = new ImageStore(testHost({ registryCredentials: async () => USER }));
    await expect(images.pull(`${host}/team/app:amd64`)).rejects.toMatchObject({ code: 'EPLATFORM' });
    await expect(images.pull(`${host}/team/app:nothing`)).rejects.toMatchObject({ code: 'ENOIMAGE' });
    await expect(new ImageStore(testHost()).pull(`${host}/team/app:1.0`)).rejects.toMatchObject({ code: 'EAUTH' });
    const wrong = new ImageStore(testHost({ registryCredentials: async () => 'Basic eDp5' }));
    await expect(wrong.pull(`${host}/team/app:1.0`)).rejects.toMatchObject({ code: 'EAUTH' });
  });
});
