import { createCleartextMessage, generateKey, type PrivateKey, readCleartextMessage, readPrivateKey, sign } from 'openpgp';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  describeLayer,
  FakeHttp,
  type MirrorParts,
  mirror,
  serve,
  TEST_PACKAGES,
  tar,
  testHost,
} from '../../../../tests/support/images.ts';
import { LayerFiles } from '../../../hosts/node/layer_files.ts';
import { fromUtf8, utf8 } from '../bytes.ts';
import type { ImageHost } from '../host.ts';
import { ImageStore, type SecondStage } from '../index.ts';
import { findInode } from '../layer_index.ts';
import type { Progress } from '../progress.ts';

interface Signer {
  readonly key: PrivateKey;
  readonly publicKey: Uint8Array;
}

const HOUR = 3_600_000;
const MIRROR = 'http://mirror.test/debian/';

async function createSigner(date: Date, keyExpirationTime = 0): Promise<Signer> {
  const { privateKey, publicKey } = await generateKey({
    userIDs: [{ name: 'Archive' }],
    type: 'ecc',
    curve: 'ed25519Legacy',
    date,
    keyExpirationTime,
    format: 'armored',
  });
  return { key: await readPrivateKey({ armoredKey: privateKey }), publicKey: utf8(publicKey) };
}

async function signed(text: string, signer: Signer, date = new Date(Date.now() - HOUR)): Promise<Uint8Array> {
  const message = await createCleartextMessage({ text });
  return utf8(await sign({ message, signingKeys: signer.key, date }));
}

let good: Signer;
let other: Signer;
let outdated: Signer;
let parts: MirrorParts;

beforeAll(async () => {
  const old = new Date(Date.now() - 48 * HOUR);
  [good, other, outdated] = await Promise.all([createSigner(old), createSigner(old), createSigner(old, 24 * 3600)]);
});

async function setUp(
  change: (parts: MirrorParts) => void | Promise<void> = () => undefined,
  fields = {},
): Promise<{ host: ImageHost; images: ImageStore; http: FakeHttp }> {
  parts = mirror(TEST_PACKAGES, fields);
  parts.files.set('dists/trixie/InRelease', await signed(parts.release, good));
  await change(parts);
  const http = new FakeHttp(serve(parts.files));
  const host = testHost({ http, debianKeyrings: async () => [{ name: 'test', data: good.publicKey }] });
  return { host, images: new ImageStore(host), http };
}

const pull = (images: ImageStore, options = {}): Promise<string> => images.pull('debian', { mirror: MIRROR, ...options });

function text(host: ImageHost, id: string, path: string): string {
  const files = new LayerFiles(host.data.directory);
  const layer = files.layer(id)!;
  const ino = findInode(layer, path);
  const data = new Uint8Array(layer.size(ino));
  if (data.length > 0) files.read(id, layer.extent(ino, 0).blobOffset, data);
  files.close();
  return fromUtf8(data);
}

describe('pull debian', () => {
  it('unpacks the base packages and what they depend on', async () => {
    const { host, images } = await setUp();
    const progress: Progress[] = [];
    const id = await pull(images, { include: ['extra'], onProgress: (event: Progress) => progress.push(event) });
    const image = await images.resolve('debian');
    expect(image).toMatchObject({ id, name: 'docker.io/library/debian:latest', config: { command: ['bash'], entrypoint: null } });
    const [layer] = image.layers;
    const status = text(host, layer!, 'var/lib/dpkg/status');
    expect([...status.matchAll(/^Package: (.*)$/gm)].map((match) => match[1]).sort()).toEqual([
      'apt',
      'base-files',
      'base-passwd',
      'bc',
      'extra',
      'less',
      'libc6',
      'libfoo1',
      'mawk',
      'procps',
      'xz-utils',
      'zstd',
    ]);
    expect(status).toMatch(/^Package: base-files\nStatus: install ok unpacked\n/);
    expect(status).toContain('Conffiles:\n /etc/issue 6fe8b98c53e8d099686936732785d471');
    expect(text(host, layer!, 'var/lib/dpkg/info/libc6:arm64.list')).toBe('/.\n/bin/ldd\n');
    expect(text(host, layer!, 'var/lib/dpkg/triggers/File')).toBe('/usr/lib32 base-files/noawait\n');
    expect(text(host, layer!, 'var/lib/dpkg/triggers/ldconfig')).toBe('base-files\n');
    expect(text(host, layer!, 'usr/bin/ldd')).toBe('ldd');
    expect(text(host, layer!, 'etc/passwd')).toBe('root:*:0:0');
    expect(text(host, layer!, 'etc/apt/sources.list.d/debian.sources')).toContain(
      'URIs: http://mirror.test/debian\nSuites: trixie trixie-updates',
    );
    expect(progress.at(-1)).toMatchObject({ phase: 'Unpacking packages', done: 12, total: 12 });
  });

  it('fetches nothing but the indexes the second time', async () => {
    const { images, http } = await setUp();
    const first = await pull(images);
    http.log.length = 0;
    expect(await pull(images)).toBe(first);
    expect(http.log).toEqual(['/debian/dists/trixie/InRelease']);
    expect((await images.list()).map(({ name }) => name)).toEqual(['debian:latest']);
  });

  it('runs the second stage and keeps its changes as a layer', async () => {
    const { host, images } = await setUp();
    let commands = '';
    const secondStage: SecondStage = async ({ image, command, keep }) => {
      expect((await images.resolve(image)).layers.length).toBe(1);
      commands = command.join('\n');
      return keep(
        (async function* () {
          yield tar([{ name: 'etc/' }, { name: 'etc/.wh.issue' }, { name: 'etc/done', data: 'yes' }]);
        })(),
      );
    };
    await pull(images, { secondStage });
    const { layers } = await images.resolve('debian');
    expect(layers.length).toBe(2);
    expect(text(host, layers[1]!, 'etc/done')).toBe('yes');
    expect(describeLayer(new LayerFiles(host.data.directory).layer(layers[1]!)!)).toContain('020000 0:0 1 0 /etc/issue');
    expect(commands).toContain('dpkg --configure -a');
    await pull(images, { secondStage: () => Promise.reject(new Error('not again')) });
    await expect(pull((await setUp()).images, { secondStage: () => Promise.reject(new Error('failed')) })).rejects.toThrow('failed');
  });

  it('goes on where a download was cut', async () => {
    const { images, http } = await setUp();
    const whole = http.handler;
    let cuts = 0;
    http.handler = (url, request) => {
      const answer = whole(url, request);
      return answer?.body && url.pathname.includes('/pool/') && request.headers?.['range'] === undefined && cuts++ < 3
        ? { ...answer, cut: 50 }
        : answer;
    };
    await pull(images);
    expect(cuts).toBeGreaterThan(3);
  });

  it('refuses what cannot be installed', async () => {
    const { images } = await setUp();
    await expect(pull(images, { include: ['nothing'] })).rejects.toMatchObject({
      code: 'EDEPENDS',
      message: 'the mirror has no package called nothing',
    });
    await expect(pull(images, { include: ['broken'] })).rejects.toThrow('broken needs libc6 (>= 99), which the mirror does not have');
    await expect(pull(images, { include: ['extra', 'libfoo2'] })).rejects.toThrow('libfoo1 and libfoo2 cannot be installed together');
    await expect(pull(images, { suite: '../x' })).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(pull(images, { mirror: 'ftp://x' })).rejects.toMatchObject({ code: 'EINVAL' });
  });

  const corrupt = (data: Uint8Array): Uint8Array => data.map((byte, i) => (i === data.length >> 1 ? byte ^ 1 : byte));
  const index = 'dists/trixie/main/binary-arm64/Packages.gz';
  const pool = 'pool/main/l/libc6/libc6_2.41-1_arm64.deb';

  it.each<[string, (parts: MirrorParts) => void | Promise<void>, string, RegExp]>([
    [
      'is signed by another key',
      async (m) => void m.files.set('dists/trixie/InRelease', await signed(m.release, other)),
      'EVERIFY',
      /no valid signature/,
    ],
    [
      'was changed after it was signed',
      (m) =>
        void m.files.set(
          'dists/trixie/InRelease',
          utf8(fromUtf8(m.files.get('dists/trixie/InRelease')!).replace('Codename: trixie', 'Codename: trixix')),
        ),
      'EVERIFY',
      /no valid signature/,
    ],
    ['is not signed', (m) => void m.files.set('dists/trixie/InRelease', utf8(m.release)), 'EVERIFY', /not a signed document/],
    [
      'is another suite',
      async (m) =>
        void m.files.set('dists/trixie/InRelease', await signed(m.release.replace('trixie', 'forky').replace('stable', 'testing'), good)),
      'EVERIFY',
      /it describes forky, not trixie/,
    ],
    [
      'has no packages for arm64',
      async (m) => void m.files.set('dists/trixie/InRelease', await signed(m.release.replace('amd64 arm64', 'amd64'), good)),
      'EPLATFORM',
      /no packages for arm64/,
    ],
    ['has no such suite', (m) => void m.files.delete('dists/trixie/InRelease'), 'ENETWORK', /is .* a Debian mirror that has trixie/],
    [
      'is half-synchronised',
      (m) => {
        for (const path of [...m.files.keys()]) if (path.includes('by-hash')) m.files.delete(path);
        m.files.set(index, corrupt(m.packages));
      },
      'EVERIFY',
      /being synchronised or broken/,
    ],
    [
      'serves a shorter index',
      (m) => {
        for (const path of [...m.files.keys()]) if (path.includes('by-hash')) m.files.set(path, m.packages.subarray(0, 100));
      },
      'EVERIFY',
      /being synchronised/,
    ],
    ['serves another package', (m) => void m.files.set(pool, corrupt(m.files.get(pool)!)), 'EVERIFY', /does not have the digest/],
    ['serves a package that is too long', (m) => void m.files.set(pool, new Uint8Array(100_000)), 'EVERIFY', /more than the \d+ bytes/],
    [
      'serves a package that is too short',
      (m) => void m.files.set(pool, m.files.get(pool)!.subarray(0, 20)),
      'EVERIFY',
      /20 bytes instead of the \d+/,
    ],
    ['lacks a package', (m) => void m.files.delete(pool), 'ENETWORK', /libc6.*answers 404/],
  ])('refuses a mirror that %s', async (_what, change, code, message) => {
    const { images, host } = await setUp(change);
    const failure = await pull(images).catch((error) => error);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(failure.message).not.toContain('\n');
    expect(await images.list()).toEqual([]);
    expect([await host.data.list('layers'), await host.data.list('tmp'), await host.data.list('refs')]).toEqual([[], [], []]);
  });

  it('refuses an index that has expired, a key that has expired, and a missing keyring', async () => {
    const expired = await setUp(undefined, { 'Valid-Until': new Date(Date.now() - HOUR).toUTCString() });
    await expect(pull(expired.images)).rejects.toMatchObject({ code: 'EVERIFY', message: expect.stringContaining('it has expired on') });
    const { host, images } = await setUp(
      async (m) => void m.files.set('dists/trixie/InRelease', await signed(m.release, outdated, new Date(Date.now() - 47 * HOUR))),
    );
    const old = new ImageStore({ ...host, debianKeyrings: async () => [{ name: 'old', data: outdated.publicKey }] });
    await expect(pull(old)).rejects.toThrow(/key [0-9A-F]+ has expired/);
    await expect(pull(new ImageStore({ ...host, debianKeyrings: async () => [] }))).rejects.toThrow('--keyring');
    await expect(pull(images, { keyrings: ['/nothing'] })).rejects.toThrow('no such keyring');
  });

  it('says that a mirror is down', async () => {
    const { images, http } = await setUp();
    http.handler = () => null;
    await expect(pull(images)).rejects.toMatchObject({
      code: 'ENETWORK',
      message: 'http://mirror.test/debian/dists/trixie/InRelease: connection refused',
    });
  });

  it('keeps the old image when the new one fails', async () => {
    const { images, http, host } = await setUp();
    const id = await pull(images);
    const whole = http.handler;
    http.handler = (url, request) => (url.pathname.includes('extra') ? { status: 404 } : whole(url, request));
    await expect(pull(images, { include: ['extra'] })).rejects.toThrow('404');
    expect((await images.resolve('debian')).id).toBe(id);
    await images.remove('debian');
    expect([await host.data.list('layers'), await host.data.list('configs'), await host.data.list('tmp')]).toEqual([[], [], []]);
  });

  it('uses several signatures as one that is good', async () => {
    const message = await readCleartextMessage({ cleartextMessage: fromUtf8(await signed('x', good)) });
    expect(message.getText()).toBe('x');
    const { images } = await setUp(async (m) => {
      const cleartext = await createCleartextMessage({ text: m.release });
      m.files.set(
        'dists/trixie/InRelease',
        utf8(await sign({ message: cleartext, signingKeys: [other.key, good.key], date: new Date(Date.now() - HOUR) })),
      );
    });
    await pull(images);
  });
});
