import { describe, expect, it } from 'vitest';
import { type Answer, FakeHttp, sha256, testHost } from '../../../../tests/support/images.ts';
import { collect } from '../bytes.ts';
import { cachedFile, download } from './download.ts';

const DATA = new Uint8Array(10_000).map((_, i) => (i * 7) % 251);
const WHAT = { url: 'http://x.test/file', digest: `sha256:${sha256(DATA)}`, size: DATA.length };

function setUp(answers: (Answer | null)[]): { http: FakeHttp; host: ReturnType<typeof testHost> } {
  const http = new FakeHttp(() => (answers.length > 1 ? answers.shift()! : answers[0]!));
  return { http, host: testHost({ http }) };
}

describe('download', () => {
  it('counts bytes and keeps the file', async () => {
    const { host, http } = setUp([{ body: DATA }]);
    let received = 0;
    const onBytes = (count: number): void => {
      received += count;
    };
    const path = await download(host, { ...WHAT, onBytes });
    expect([received, Buffer.compare(await collect(cachedFile(host, path)), DATA)]).toEqual([DATA.length, 0]);
    await download(host, { ...WHAT, onBytes });
    expect([http.log.length, received]).toEqual([1, 2 * DATA.length]);
  });

  it('resumes in the next process, also after a kill', async () => {
    const { host, http } = setUp([{ body: DATA, cut: 4000 }, null]);
    await expect(download(host, WHAT)).rejects.toMatchObject({ code: 'ENETWORK' });
    expect((await host.cache.list('downloads')).map((name) => name.slice(64))).toEqual(['.part']);
    await host.cache.rename(`downloads/${sha256(DATA)}.part`, `downloads/${sha256(DATA)}.part.999999999.0.dead`);
    http.log.length = 0;
    const ranges: (string | undefined)[] = [];
    http.handler = (_url, request) => {
      ranges.push(request.headers?.['range']);
      return { body: DATA };
    };
    let received = 0;
    const onBytes = (count: number): void => {
      received += count;
    };
    await download({ ...host, owner: 'next' }, { ...WHAT, onBytes });
    expect([ranges, received]).toEqual([['bytes=4000-'], DATA.length]);
  });

  it.each<[string, Answer[]]>([
    ['a damaged part', [{ body: new Uint8Array(5000), cut: 3000 }, { body: DATA }]],
    ['a server without ranges', [{ body: DATA, cut: 3000 }, { status: 416 }, { body: DATA }]],
    ['overload', [{ status: 503 }, { status: 500 }, { body: DATA }]],
  ])('gets over %s', async (_what, answers) => {
    const { host } = setUp(answers);
    const path = await download(host, WHAT);
    expect(Buffer.compare(await collect(cachedFile(host, path)), DATA)).toBe(0);
  });

  it.each<[string, Answer | null, string]>([
    ['a longer file', { body: new Uint8Array(20_000) }, 'EVERIFY'],
    ['a shorter file', { body: DATA.subarray(1) }, 'EVERIFY'],
    ['another file', { body: new Uint8Array(10_000) }, 'EVERIFY'],
    ['a missing file', { status: 404 }, 'ENETWORK'],
    ['a server that is down', null, 'ENETWORK'],
  ])('refuses %s', async (_what, answer, code) => {
    const { host } = setUp([answer]);
    await expect(download(host, WHAT)).rejects.toMatchObject({ code });
    expect(await host.cache.list('downloads')).toEqual([]);
  });

  it('replaces a damaged file in the cache', async () => {
    const { host } = setUp([{ body: DATA }]);
    const path = await download(host, WHAT);
    const file = await host.cache.create(path);
    await file.write(new Uint8Array(10_000));
    await file.close();
    await download(host, WHAT);
    expect(Buffer.compare(await collect(cachedFile(host, path)), DATA)).toBe(0);
  });
});
