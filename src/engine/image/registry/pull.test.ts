import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Answer, FakeHttp, type Handler, sha256, tar, testHost } from '../../../../tests/support/images.ts';
import { utf8 } from '../bytes.ts';
import type { ImageHost } from '../host.ts';
import { ImageStore } from '../index.ts';
import { MEDIA } from './manifest.ts';
import { parseReference } from './reference.ts';
import { parseChallenge } from './session.ts';

const LAYERS = [
  tar([{ name: 'etc/' }, { name: 'etc/a', data: 'a' }]),
  tar([{ name: 'etc/.wh.a' }, { name: 'etc/b', data: 'b'.repeat(5000) }]),
];

interface Served {
  readonly documents: Map<string, { body: Uint8Array; type: string }>;
  readonly handler: Handler;
}

/** A registry that holds app:1 for the given platforms. */
function registry(platforms: readonly string[] = ['linux/amd64', 'linux/arm64/v8'], index = true): Served {
  const documents = new Map<string, { body: Uint8Array; type: string }>();
  const blob = (body: Uint8Array, type: string): { mediaType: string; digest: string; size: number } => {
    const digest = `sha256:${sha256(body)}`;
    documents.set(`blobs/${digest}`, { body, type });
    return { mediaType: type, digest, size: body.length };
  };
  const manifest = (descriptor: { digest: string; mediaType: string }, body: Uint8Array, name: string): void => {
    documents.set(`manifests/${descriptor.digest}`, { body, type: descriptor.mediaType });
    documents.set(`manifests/${name}`, { body, type: descriptor.mediaType });
  };
  const manifests = platforms.map((platform) => {
    const [os, architecture, variant] = platform.split('/');
    const config = {
      os,
      architecture,
      config: { Env: ['A=1'], Entrypoint: ['/bin/app'], User: 'app' },
      rootfs: { type: 'layers', diff_ids: LAYERS.map((layer) => `sha256:${sha256(layer)}`) },
    };
    const layers = LAYERS.map((layer) => blob(gzipSync(layer), 'application/vnd.oci.image.layer.v1.tar+gzip'));
    const document = {
      schemaVersion: 2,
      mediaType: MEDIA.ociManifest,
      config: blob(utf8(JSON.stringify(config)), 'application/vnd.oci.image.config.v1+json'),
      layers,
    };
    const body = utf8(JSON.stringify(document));
    const descriptor = blob(body, MEDIA.ociManifest);
    manifest(descriptor, body, '1');
    return { ...descriptor, platform: { os, architecture, ...(variant !== undefined && { variant }) } };
  });
  if (index) {
    const body = utf8(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests }));
    manifest(blob(body, MEDIA.ociIndex), body, '1');
  }
  const handler: Handler = (url) => {
    const found = url.pathname.startsWith('/v2/team/app/') ? documents.get(url.pathname.slice('/v2/team/app/'.length)) : undefined;
    return found ? { body: found.body, headers: { 'content-type': found.type } } : { status: 404 };
  };
  return { documents, handler };
}

function setUp(
  served = registry(),
  wrap: (handler: Handler) => Handler = (handler) => handler,
  overrides: Partial<ImageHost> = {},
): { images: ImageStore; http: FakeHttp; host: ImageHost; served: Served } {
  const http = new FakeHttp(wrap(served.handler));
  const host = testHost({ http, ...overrides });
  return { images: new ImageStore(host), http, host, served };
}

const NAME = 'reg.test/team/app:1';

describe('pull from a registry', () => {
  it('chooses arm64, verifies, unpacks, and fetches nothing twice', async () => {
    const { images, http, host } = setUp();
    const id = await images.pull(NAME);
    expect(await images.resolve(NAME)).toMatchObject({
      id,
      config: { env: ['A=1'], entrypoint: ['/bin/app'], user: 'app', command: null },
      layers: LAYERS.map((layer) => `sha256:${sha256(layer)}`),
    });
    expect(await host.cache.list('downloads')).toEqual([]);
    http.log.length = 0;
    await images.pull(NAME);
    expect(http.log.filter((path) => path.includes('/blobs/')).length).toBe(1); // the configuration
    expect(await images.inspect(NAME)).toMatchObject({ names: [NAME], architecture: 'arm64', manifest: expect.stringMatching(/^sha256:/) });
  });

  it('takes an image without index, by digest', async () => {
    const served = registry(['linux/arm64'], false);
    const digest = [...served.documents.keys()].find((key) => key.startsWith('manifests/sha256:'))!.slice('manifests/'.length);
    const { images } = setUp(served);
    await images.pull(`reg.test/team/app@${digest}`);
    expect((await images.list())[0]!.name).toBe(`reg.test/team/app@${digest}`);
  });

  it('gets a token where the registry wants one, with the stored credentials, and not for the blobs elsewhere', async () => {
    const seen: string[] = [];
    const { images } = setUp(
      registry(),
      (inner) => (url, request) => {
        const authorization = request.headers?.['authorization'] ?? '';
        if (url.host === 'auth.test') {
          seen.push(`${url.search} ${authorization}`);
          return { body: JSON.stringify({ token: 'T' }) };
        }
        if (url.host === 'cdn.test') {
          seen.push(`cdn ${authorization}`);
          return inner(new URL(`https://reg.test${url.pathname}`), request);
        }
        if (authorization !== 'Bearer T')
          return {
            status: 401,
            headers: { 'www-authenticate': 'Bearer realm="https://auth.test/token",service="reg",scope="repository:team/app:pull"' },
          };
        const blob = url.pathname.includes('/blobs/') && !url.pathname.includes('manifests');
        return blob ? { status: 307, headers: { location: `https://cdn.test${url.pathname}` } } : inner(url, request);
      },
      { registryCredentials: async () => 'Basic eDp5' },
    );
    await images.pull(NAME);
    expect(seen[0]).toBe('?service=reg&scope=repository%3Ateam%2Fapp%3Apull Basic eDp5');
    expect(seen.filter((line) => line.startsWith('cdn')).every((line) => line === 'cdn ')).toBe(true);
  });

  const refuse =
    (answer: Answer): ((inner: Handler) => Handler) =>
    () =>
    () =>
      answer;

  it.each<[string, Served, (inner: Handler) => Handler, string, RegExp]>([
    [
      'only other platforms',
      registry(['linux/amd64', 'linux/s390x']),
      (inner) => inner,
      'EPLATFORM',
      /no image for linux\/arm64, which Holm runs; it is for linux\/amd64, linux\/s390x/,
    ],
    [
      'another platform without index',
      registry(['linux/amd64'], false),
      (inner) => inner,
      'EPLATFORM',
      /is for linux\/amd64; ask for its linux\/arm64 platform/,
    ],
    ['no such image', registry(), refuse({ status: 404 }), 'ENOIMAGE', /no such image: reg.test\/team\/app:1/],
    [
      'credentials wanted',
      registry(),
      refuse({ status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }),
      'EAUTH',
      /wants a user name and a password/,
    ],
    ['access denied', registry(), refuse({ status: 403 }), 'EAUTH', /refuses access/],
    [
      'a token server without https',
      registry(),
      refuse({ status: 401, headers: { 'www-authenticate': 'Bearer realm="http://evil.test/"' } }),
      'EAUTH',
      /not safe/,
    ],
    ['a web server', registry(), refuse({ body: '<html>' }), 'EVERIFY', /not JSON/],
    ['overload', registry(), refuse({ status: 429 }), 'ENETWORK', /too many requests/],
    [
      'a changed manifest',
      registry(),
      (inner) => (url, request) => (url.pathname.includes('manifests/sha256') ? { body: '{}' } : inner(url, request)),
      'EVERIFY',
      /serves something else/,
    ],
    [
      'a changed layer',
      registry(),
      (inner) => (url, request) => {
        const answer = inner(url, request);
        const body = answer?.body as Uint8Array | undefined;
        return url.pathname.includes('/blobs/') && body?.[0] === 0x1f
          ? { body: body.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) }
          : answer;
      },
      'EVERIFY',
      /does not have the digest/,
    ],
    ['redirects in a circle', registry(), refuse({ status: 302, headers: { location: '/v2/' } }), 'ENETWORK', /more than 10 redirects/],
    [
      'a redirect to a file',
      registry(),
      refuse({ status: 302, headers: { location: 'file:///etc/passwd' } }),
      'ENETWORK',
      /redirected to file:/,
    ],
  ])('refuses %s', async (_what, served, wrap, code, message) => {
    const { images, host } = setUp(served, wrap);
    await expect(images.pull(NAME)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect([await host.data.list('layers'), await host.data.list('refs'), await host.data.list('tmp')]).toEqual([[], [], []]);
  });

  it('goes on where a layer was cut', async () => {
    const cut = new Set<string>();
    const { images, http } = setUp(registry(), (inner) => (url, request) => {
      const answer = inner(url, request);
      const body = answer?.body as Uint8Array | undefined;
      if (body?.[0] !== 0x1f || cut.has(url.pathname)) return answer;
      cut.add(url.pathname);
      return { ...answer, cut: 60 };
    });
    await images.pull(NAME);
    expect(cut.size).toBe(2);
    expect(http.log.filter((path) => cut.has(path)).length).toBe(4);
  });
});

describe('references', () => {
  it.each([
    ['debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['debian:trixie-slim', 'docker.io/library/debian:trixie-slim', 'debian:trixie-slim'],
    ['team/app', 'docker.io/team/app:latest', 'team/app:latest'],
    ['localhost:5000/app:1', 'localhost:5000/app:1', 'localhost:5000/app:1'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
    [`quay.io/a/b@sha256:${'0'.repeat(64)}`, `quay.io/a/b@sha256:${'0'.repeat(64)}`, `quay.io/a/b@sha256:${'0'.repeat(64)}`],
  ])('reads %s', (text, name, familiar) => {
    expect(parseReference(text)).toMatchObject({ name, familiar });
  });

  it.each(['', 'UPPER', 'a//b', 'a:b:c', 'a@sha256:12', 'a:!', '../x', 'a b'])('refuses %j', (text) => {
    expect(() => parseReference(text)).toThrow(/not a valid image name/);
  });

  it('reads challenges', () => {
    const { scheme, parameters } = parseChallenge('Bearer realm="https://a/b",service="s",scope="x:y:pull,push"');
    expect([scheme, ...parameters.values()]).toEqual(['bearer', 'https://a/b', 's', 'x:y:pull,push']);
  });
});
