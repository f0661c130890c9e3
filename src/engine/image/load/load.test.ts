import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Member, sha256, tar, testHost } from '../../../../tests/support/images.ts';
import { utf8 } from '../bytes.ts';
import { ImageStore } from '../index.ts';

const LAYER = tar([{ name: 'bin/' }, { name: 'bin/sh', data: elf(183) }]);
const DIFF = `sha256:${sha256(LAYER)}`;

function elf(machine: number): Uint8Array {
  const data = new Uint8Array(200);
  data.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  data.set([machine & 255, machine >> 8], 18);
  return data;
}

function config(architecture = 'arm64', diffs = [DIFF]): Uint8Array {
  return utf8(JSON.stringify({ os: 'linux', architecture, config: { Cmd: ['sh'] }, rootfs: { type: 'layers', diff_ids: diffs } }));
}

/** The members of an OCI layout. */
function layout(annotations: Record<string, string>, architecture?: string, layer = gzipSync(LAYER)): Member[] {
  const members: Member[] = [{ name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' }];
  const blob = (data: Uint8Array): { digest: string; size: number } => {
    members.push({ name: `blobs/sha256/${sha256(data)}`, data });
    return { digest: `sha256:${sha256(data)}`, size: data.length };
  };
  const manifest = blob(utf8(JSON.stringify({ schemaVersion: 2, config: blob(config(architecture)), layers: [blob(layer)] })));
  const platform = architecture === undefined ? {} : { platform: { os: 'linux', architecture } };
  members.push({ name: 'index.json', data: JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, ...platform, annotations }] }) });
  return members;
}

function dockerArchive(
  tags: readonly string[] | null,
  architecture?: string,
  layer: Member[] = [{ name: 'abc/layer.tar', data: LAYER }],
): Member[] {
  const data = config(architecture);
  const name = `${sha256(data)}.json`;
  return [
    ...layer,
    { name, data },
    { name: 'manifest.json', data: JSON.stringify([{ Config: name, RepoTags: tags, Layers: ['abc/layer.tar'] }]) },
  ];
}

async function load(
  file: string,
  data: Uint8Array,
  options = {},
): Promise<{ images: ImageStore; names: string[]; host: ReturnType<typeof testHost> }> {
  const host = testHost();
  const path = join(host.directory, file);
  writeFileSync(path, data);
  const images = new ImageStore(host);
  return { images, host, names: await images.load(path, options) };
}

describe('load', () => {
  it.each([
    ['an OCI layout', 'x.tar', tar(layout({ 'org.opencontainers.image.ref.name': 'team/app:2' })), 'team/app:2'],
    [
      'a compressed OCI layout with a mere tag',
      'my_app.tar.gz',
      gzipSync(tar(layout({ 'org.opencontainers.image.ref.name': 'latest' }))),
      'my-app:latest',
    ],
    ['a docker archive', 'x.tar', tar(dockerArchive(['app:3'])), 'app:3'],
    [
      'a docker archive with linked layers',
      'x.tar',
      tar(
        dockerArchive(['app:3'], 'arm64', [
          { name: 'def/layer.tar', data: LAYER },
          { name: 'abc/layer.tar', type: 'symlink', linkName: '../def/layer.tar' },
        ]),
      ),
      'app:3',
    ],
    ['a root file system', 'rootfs-1.tar.gz', gzipSync(LAYER), 'rootfs-1:latest'],
  ])('takes %s', async (_what, file, data, name) => {
    const { images, names, host } = await load(file, data);
    expect(names).toEqual([name]);
    expect((await images.resolve(name)).layers).toEqual([DIFF]);
    expect(await host.data.list('tmp')).toEqual([]);
  });

  it('takes a directory', async () => {
    const host = testHost();
    const directory = join(host.directory, 'layout');
    mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
    for (const { name, data } of layout({ 'io.containerd.image.name': 'docker.io/library/x:1' }))
      writeFileSync(join(directory, name), data!);
    const images = new ImageStore(host);
    expect(await images.load(directory, { name: 'other' })).toEqual(['other:latest']);
    await images.tag('other', 'third:2');
    expect(await images.remove('other')).toEqual(['other:latest']);
    const [summary] = await images.list();
    expect(summary).toMatchObject({ name: 'third:2', size: 4096 });
    expect(await images.remove(summary!.id.slice(7, 20))).toEqual(['third:2']);
    expect(await host.data.list('layers')).toEqual([]);
  });

  it.each<[string, Uint8Array, string, RegExp]>([
    ['an image for another machine', tar(dockerArchive(['a:1'], 'amd64')), 'EPLATFORM', /linux\/amd64; ask for its linux\/arm64 platform/],
    ['a layout for another machine', tar(layout({}, 'amd64')), 'EPLATFORM', /it is for linux\/amd64/],
    [
      'a root file system for another machine',
      tar([
        { name: 'usr/bin/' },
        { name: 'bin', type: 'symlink', linkName: 'usr/bin' },
        { name: 'usr/bin/sh', type: 'symlink', linkName: 'dash' },
        { name: 'usr/bin/dash', data: elf(62) },
      ]),
      'EPLATFORM',
      /is for linux\/amd64/,
    ],
    ['a changed layer', tar(layout({}, 'arm64', gzipSync(tar([{ name: 'other' }])))), 'EVERIFY', /unpacks to sha256:.* instead of/],
    ['an archive without its layer', tar(dockerArchive(['a:1'], 'arm64', [])), 'EARCHIVE', /lacks abc\/layer.tar/],
    ['a name that climbs out', tar([{ name: '../x' }]), 'EARCHIVE', /leads out/],
    ['rubbish', new Uint8Array(2000).fill(1), 'EARCHIVE', /checksum/],
    ['a truncated archive', gzipSync(LAYER).subarray(0, 60), 'EARCHIVE', /truncated/],
    ['an empty file', new Uint8Array(0), 'EARCHIVE', /empty/],
  ])('refuses %s', async (_what, data, code, message) => {
    const host = testHost();
    writeFileSync(join(host.directory, 'x.tar'), data);
    await expect(new ImageStore(host).load(join(host.directory, 'x.tar'))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect([await host.data.list('layers'), await host.data.list('refs'), await host.data.list('tmp')]).toEqual([[], [], []]);
  });

  it('says that there is no such file or image', async () => {
    const images = new ImageStore(testHost());
    await expect(images.load('/nothing')).rejects.toMatchObject({ code: 'EINVAL', message: 'no such file: /nothing' });
    await expect(images.resolve('nothing')).rejects.toMatchObject({ code: 'ENOIMAGE', message: 'no such image: nothing' });
    await expect(images.remove('nothing')).rejects.toMatchObject({ code: 'ENOIMAGE' });
    expect(await images.has('nothing')).toBe(false);
  });

  it('commits changes as one more layer', async () => {
    const { images } = await load('base.tar', LAYER);
    const changes = async function* (): AsyncGenerator<Uint8Array> {
      yield tar([{ name: 'new', data: 'x' }]);
    };
    await images.commit('base', changes(), { name: 'more', comment: 'one file' });
    const more = await images.resolve('more');
    expect(more.layers).toEqual([DIFF, expect.stringMatching(/^sha256:/)]);
    const packed: Uint8Array[] = [];
    for await (const part of images.exportLayer(DIFF)) packed.push(part);
    expect(sha256(Buffer.concat(packed)).length).toBe(64);
  });
});
