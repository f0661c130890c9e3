/** Decompression: what a stream is compressed with is told from its first bytes, never from a name. */

import { Decompress as ZstdDecompress } from 'fzstd';
import { HolmError } from '../error.ts';
import { ByteReader, type ByteSource } from './byte_reader.ts';

export type Compression = 'gzip' | 'xz' | 'zstd' | 'bzip2' | 'none';

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/** An archive may grow to this many times its size, and to this many bytes in any case. */
const MAX_RATIO = 200;
const FREE_BYTES = 1 << 30;

export function detectCompression(start: Uint8Array): Compression {
  for (const [name, magic] of MAGIC) if (magic.every((byte, i) => start[i] === byte)) return name;
  return 'none';
}

/** Every JavaScript host brings gzip along, each in its own way. */
export type Gunzip = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** The plain bytes of a stream that may be compressed. Refuses streams that expand without end. */
export async function* decompress(source: ByteSource, gunzip: Gunzip): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(source);
  try {
    yield* plainBytes(reader, gunzip);
  } finally {
    // Not waited for: the source may be in the middle of a read that never ends.
    reader.cancel().catch(() => undefined);
  }
}

async function* plainBytes(reader: ByteReader, gunzip: Gunzip): AsyncGenerator<Uint8Array> {
  const kind = detectCompression(await reader.peek(6));
  if (kind === 'none') {
    yield* reader.rest();
    return;
  }
  if (kind === 'bzip2') throw new HolmError('EARCHIVE', 'bzip2 archives are not supported: use gzip, xz or zstd');
  let produced = 0;
  try {
    const plain = kind === 'zstd' ? unzstd(reader) : kind === 'xz' ? unxz(reader) : gunzip(reader.rest());
    for await (const part of plain) {
      produced += part.length;
      if (produced > FREE_BYTES && produced > reader.position * MAX_RATIO) {
        throw new HolmError('EARCHIVE', `${kind} archive expands to more than ${MAX_RATIO} times its size`);
      }
      yield part;
    }
  } catch (error) {
    if (error instanceof HolmError) throw error;
    throw new HolmError('EARCHIVE', `${kind} archive is damaged or truncated`, { cause: error });
  }
}

async function* unxz(reader: ByteReader): AsyncGenerator<Uint8Array> {
  let failure: unknown = null;
  const input = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const part = await reader.some(1 << 16);
        if (part.length > 0) controller.enqueue(part);
        else controller.close();
      } catch (error) {
        failure = error;
        controller.error(error);
      }
    },
  });
  const { default: xz } = await import('xz-decompress');
  const output = new xz.XzReadableStream(input).getReader();
  let done = false;
  try {
    for (;;) {
      const result = await output.read();
      done = result.done;
      if (result.done) break;
      yield result.value;
    }
  } catch (error) {
    done = true;
    throw failure ?? error;
  } finally {
    if (!done) await output.cancel().catch(() => undefined);
  }
  for await (const _ of reader.rest()); // a digest of the compressed bytes wants them all
}

async function* unzstd(reader: ByteReader): AsyncGenerator<Uint8Array> {
  const parts: Uint8Array[] = [];
  let final = false;
  const decoder = new ZstdDecompress((data, isLast) => {
    if (data.length > 0) parts.push(data);
    final ||= isLast === true;
  });
  for await (const part of reader.rest()) {
    decoder.push(part);
    yield* parts.splice(0);
  }
  decoder.push(new Uint8Array(0), true);
  yield* parts.splice(0);
  if (!final) throw new HolmError('EARCHIVE', 'zstd archive is truncated');
}
