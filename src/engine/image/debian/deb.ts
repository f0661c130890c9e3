/** Unpacks a Debian package into a layer. See deb(5). */

import { HolmError } from '../../error.ts';
import { ByteReader, type ByteSource } from '../byte_reader.ts';
import { byteString, concat } from '../bytes.ts';
import { decompress } from '../compression.ts';
import type { ImageHost } from '../host.ts';
import type { LayerBuilder } from '../layer_builder.ts';
import { unpackTar } from '../layer_tar.ts';
import { TarReader } from '../tar/reader.ts';
import { readAr } from './ar.ts';
import type { UnpackedPackage } from './dpkg_database.ts';

const MAX_CONTROL = 16 << 20;

type Control = Pick<UnpackedPackage, 'control' | 'members'>;

/** Add the files of the package called `name`. */
export async function unpackDeb(host: ImageHost, name: string, source: ByteSource, builder: LayerBuilder): Promise<UnpackedPackage> {
  let control: Control | null = null;
  for await (const member of readAr(source, `package ${name}`)) {
    if (member.name === 'debian-binary') {
      if (!byteString(concat([...(await parts(member.data))])).startsWith('2.'))
        throw new HolmError('EARCHIVE', `package ${name} has an unknown format`);
    } else if (member.name.startsWith('control.tar')) control = await readControl(name, decompress(member.data, host.gunzip));
    else if (member.name.startsWith('data.tar')) {
      if (!control) break;
      return { ...control, ...(await unpackData(host, control, decompress(member.data, host.gunzip), builder)) };
    }
  }
  throw new HolmError('EARCHIVE', `package ${name} lacks its control or data archive`);
}

async function parts(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const part of source) all.push(part);
  return all;
}

async function readControl(name: string, source: ByteSource): Promise<Control> {
  const reader = new ByteReader(source);
  const tar = new TarReader(reader);
  const members = new Map<string, { data: Uint8Array; mode: number }>();
  let total = 0;
  for (let entry = await tar.next(); entry; entry = await tar.next()) {
    if (entry.type !== 'file') continue;
    const pieces: Uint8Array[] = [];
    for (let piece = await tar.data(1 << 16); piece.length > 0; piece = await tar.data(1 << 16)) {
      total += piece.length;
      if (total > MAX_CONTROL) throw new HolmError('EARCHIVE', `package ${name} has an oversized control archive`);
      pieces.push(piece.slice());
    }
    members.set(entry.name.replace(/^\.\//, ''), { data: concat(pieces), mode: entry.mode });
  }
  for await (const _ of reader.rest());
  const control = members.get('control');
  if (!control) throw new HolmError('EARCHIVE', `package ${name} has no control file`);
  members.delete('control');
  return { control: byteString(control.data), members };
}

async function unpackData(
  host: ImageHost,
  control: Control,
  source: ByteSource,
  builder: LayerBuilder,
): Promise<Pick<UnpackedPackage, 'paths' | 'conffiles'>> {
  const listed = control.members.get('conffiles');
  const wanted = new Set(
    listed
      ? byteString(listed.data)
          .split('\n')
          .filter((line) => line.startsWith('/'))
      : [],
  );
  const hashes = new Map<string, ReturnType<ImageHost['md5']>>();
  const paths: string[] = [];
  await unpackTar(source, builder, (entry) => {
    const path = entry.name.replace(/^\.?\/*/, '/').replace(/(.)\/+$/, '$1');
    paths.push(path === '/' ? '/.' : path);
    if (!wanted.has(path)) return null;
    const hash = host.md5();
    hashes.set(path, hash);
    return (bytes) => hash.update(bytes);
  });
  return { paths, conffiles: new Map([...hashes].map(([path, hash]) => [path, hash.digest()])) };
}
