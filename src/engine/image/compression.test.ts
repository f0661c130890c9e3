import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { collect } from './bytes.ts';
import { decompress as decompressWith } from './compression.ts';

const decompress = (source: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
  decompressWith(source, (bytes) => pipeline(Readable.from(bytes, { objectMode: false }), createGunzip(), () => undefined));

const TEXT = Buffer.concat([randomBytes(300_000), Buffer.alloc(500_000, 'holm ')]);

function* chunks(data: Uint8Array, size = 10_000): Generator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

function compressed(kind: string): Uint8Array | null {
  if (kind === 'gzip') return gzipSync(TEXT);
  if (kind === 'plain') return TEXT;
  try {
    return execFileSync(kind, ['-c'], { input: TEXT, maxBuffer: 1 << 26, stdio: ['pipe', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}

describe('decompress', () => {
  it.each(['gzip', 'xz', 'zstd', 'plain'])('reads %s', async (kind) => {
    const data = compressed(kind);
    if (data === null) return; // the tool that makes it is not installed
    expect(Buffer.compare(await collect(decompress(chunks(data))), TEXT)).toBe(0);
    if (kind === 'plain') return;
    await expect(collect(decompress(chunks(data.subarray(0, data.length - 1000))))).rejects.toMatchObject({ code: 'EARCHIVE' });
    if (kind !== 'gzip') return; // the decoders do not verify checksums: digests do
    const bad = Uint8Array.from(data);
    bad.fill(0x55, 2000, 2400);
    bad.fill(0x55, 100, 140);
    await expect(collect(decompress(chunks(bad)))).rejects.toMatchObject({ code: 'EARCHIVE' });
    expect(Buffer.compare(await collect(decompress(chunks(data))), TEXT)).toBe(0);
  });

  it('reads gzip of several members', async () => {
    const data = Buffer.concat([gzipSync('one'), gzipSync('two')]);
    expect(Buffer.from(await collect(decompress([data]))).toString()).toBe('onetwo');
  });

  it('lets go of a stream that is not read to its end', async () => {
    const data = compressed('xz');
    if (data === null) return;
    for (let i = 0; i < 3; i++) for await (const _ of decompress(chunks(data))) break;
    expect((await collect(decompress(chunks(data)))).length).toBe(TEXT.length);
  });

  it('refuses an endless stream', async () => {
    const member = gzipSync(Buffer.alloc(64 << 20));
    function* endless(): Generator<Uint8Array> {
      for (;;) yield member;
    }
    const count = async (): Promise<void> => {
      for await (const _ of decompress(endless()));
    };
    await expect(count()).rejects.toThrow(/200 times/);
  });
});
