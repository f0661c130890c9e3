/** Debian packages: an ar archive of debian-binary, control.tar and data.tar. See deb(5), ar(5). */

import { HolmError } from '../../error.ts';
import { ByteReader, type ByteSource } from '../byte_reader.ts';
import { byteString } from '../bytes.ts';

const MAGIC = '!<arch>\n';
const HEADER = 60;

export interface ArMember {
  readonly name: string;
  readonly size: number;
  /** The content; to be read before the next member. */
  readonly data: AsyncIterable<Uint8Array>;
}

/** The members of an ar archive in their order. What is not read of a member is skipped. */
export async function* readAr(source: ByteSource, what: string): AsyncGenerator<ArMember> {
  const reader = new ByteReader(source);
  try {
    if (byteString(await reader.read(MAGIC.length, what)) !== MAGIC) throw new HolmError('EARCHIVE', `${what} is not an ar archive`);
    while (await reader.ensure(1)) {
      const header = byteString(await reader.read(HEADER, what));
      const size = Number(header.slice(48, 58).trim() || 'x');
      if (header.slice(58) !== '`\n' || !Number.isSafeInteger(size) || size < 0)
        throw new HolmError('EARCHIVE', `${what} is a damaged ar archive`);
      let left = size;
      const data = async function* (): AsyncGenerator<Uint8Array> {
        while (left > 0) {
          const part = await reader.some(left);
          if (part.length === 0) throw new HolmError('EARCHIVE', `${what} is truncated`);
          left -= part.length;
          yield part;
        }
      };
      yield { name: header.slice(0, 16).trim().replace(/\/$/, ''), size, data: data() };
      await reader.skip(left, what);
      if (size % 2 === 1 && (await reader.ensure(1))) reader.take(1);
    }
  } finally {
    await reader.cancel();
  }
}
