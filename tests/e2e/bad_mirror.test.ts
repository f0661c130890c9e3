/** Mirrors that are down, half-synchronised, lie or are signed wrongly: one clear line, 125, and nothing in the store. */

import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCleartextMessage, generateKey, type PrivateKey, readPrivateKey, sign } from 'openpgp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { User } from '../support/command.ts';
import { type MirrorParts, mirror } from '../support/images.ts';

const DAY = 86_400_000;
const INDEX = 'dists/trixie/main/binary-arm64/Packages.gz';

const keys = mkdtempSync(join(tmpdir(), 'holm-keys-'));
let files = new Map<string, Uint8Array>();
let server: Server;
let url = '';
let trusted: PrivateKey;
let foreign: PrivateKey;
let expired: PrivateKey;

async function makeKey(name: string, keyExpirationTime = 0): Promise<PrivateKey> {
  const date = new Date(Date.now() - 3 * DAY);
  const { privateKey, publicKey } = await generateKey({ userIDs: [{ name }], date, keyExpirationTime, format: 'armored' });
  writeFileSync(join(keys, name), publicKey);
  return readPrivateKey({ armoredKey: privateKey });
}

/** Serve a mirror whose index is signed by `key`, after `change` has done its harm. */
async function serve(key: PrivateKey, fields: Readonly<Record<string, string>> = {}, change?: (parts: MirrorParts) => void): Promise<void> {
  const parts = mirror(undefined, fields);
  const message = await createCleartextMessage({ text: parts.release });
  const signed = await sign({ message, signingKeys: key, date: new Date(Date.now() - 2 * DAY) });
  parts.files.set('dists/trixie/InRelease', Buffer.from(signed));
  change?.(parts);
  files = parts.files;
}

/** Another content for each file whose name matches. */
const harm =
  (name: RegExp, change: (data: Uint8Array) => Uint8Array | null) =>
  ({ files: all }: MirrorParts): void => {
    for (const [path, data] of [...all].filter(([path]) => name.test(path))) {
      const changed = change(data);
      if (changed === null) all.delete(path);
      else all.set(path, changed);
    }
  };
const flip = (data: Uint8Array): Uint8Array => data.map((byte, i) => (i === data.length - 20 ? byte ^ 1 : byte));

beforeAll(async () => {
  server = createServer((request, response) => {
    const body = files.get(decodeURIComponent((request.url ?? '').slice(1)));
    response.writeHead(body ? 200 : 404).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  [trusted, foreign, expired] = await Promise.all([makeKey('trusted'), makeKey('foreign'), makeKey('expired', 2 * (DAY / 1000))]);
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('pull debian', () => {
  it.each<[what: string, prepare: () => Promise<void>, key: string, complaint: RegExp]>([
    ['something that is no mirror', async () => void files.clear(), 'trusted', /InRelease: not found; is http.* a Debian mirror/],
    [
      'no signature',
      () => serve(trusted, {}, ({ files: all, release }) => all.set('dists/trixie/InRelease', Buffer.from(release))),
      'trusted',
      /not a signed document/,
    ],
    ['an unknown key', () => serve(foreign), 'trusted', /no valid signature/],
    ['an expired key', () => serve(expired), 'expired', /no valid signature .*expired/],
    [
      'a changed index of indexes',
      () =>
        serve(
          trusted,
          {},
          harm(/InRelease$/, (data) => Buffer.from(Buffer.from(data).toString().replace('stable', 'stabl3'))),
        ),
      'trusted',
      /no valid signature/,
    ],
    ['no arm64', () => serve(trusted, { Architectures: 'all amd64' }), 'trusted', /no packages for arm64/],
    [
      'half a synchronisation',
      () => serve(trusted, {}, harm(/Packages|by-hash/, flip)),
      'trusted',
      /not the one that was signed; the mirror is being synchronised/,
    ],
    [
      'an index of another size',
      () =>
        serve(
          trusted,
          {},
          harm(/Packages|by-hash/, (data) => Buffer.concat([data, data])),
        ),
      'trusted',
      /not the one that was signed/,
    ],
    [
      'no index',
      () =>
        serve(
          trusted,
          {},
          harm(/Packages|by-hash/, () => null),
        ),
      'trusted',
      new RegExp(`${INDEX}: the server answers 404`),
    ],
    [
      'a package of another size',
      () =>
        serve(
          trusted,
          {},
          harm(/mawk/, (data) => data.subarray(0, -1)),
        ),
      'trusted',
      /mawk_2_arm64.deb: \d+ bytes instead of the \d+/,
    ],
    [
      'a package of another content',
      () => serve(trusted, {}, harm(/mawk/, flip)),
      'trusted',
      /mawk_2_arm64.deb: the content does not have the digest/,
    ],
    [
      'a package that is gone',
      () =>
        serve(
          trusted,
          {},
          harm(/mawk/, () => null),
        ),
      'trusted',
      /mawk_2_arm64.deb: the server answers 404/,
    ],
  ])('%s', async (_, prepare, key, complaint) => {
    await prepare();
    const user = new User();
    const done = await user.holm(['pull', '--mirror', url, '--keyring', join(keys, key), 'debian']);
    const complaints = done.stderr.split('\n').filter((line) => line.startsWith('holm: '));
    expect(complaints).toEqual([expect.stringMatching(complaint)]);
    expect([done.code, done.stdout]).toEqual([125, '']);
    for (const folder of ['tmp', 'leases', 'refs', 'layers']) {
      const path = join(user.home, 'data/holm', folder);
      expect(existsSync(path) ? readdirSync(path) : []).toEqual([]);
    }
  });
});
