import { describe, expect, it } from 'vitest';
import { describeLayer } from '../../../tests/support/images.ts';
import { byteString, collect, concat, fromByteString } from './bytes.ts';
import { LayerBuilder, type LayerBuilderOptions } from './layer_builder.ts';
import { findInode, LayerIndex } from './layer_index.ts';
import { packLayer, unpackTar } from './layer_tar.ts';
import { padding, type TarEntry } from './tar/entry.ts';
import { formatMember, TAR_END } from './tar/writer.ts';

type Member = Partial<TarEntry> & { name: string; data?: string };

function archive(members: readonly Member[]): Uint8Array {
  const parts = members.map(({ data = '', ...entry }) => {
    const whole: TarEntry = {
      type: entry.name.endsWith('/') ? 'dir' : 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: data.length,
      mtimeSeconds: 1,
      mtimeNanoseconds: 2,
      linkName: '',
      devMajor: 0,
      devMinor: 0,
      xattrs: new Map(),
      runs: null,
      ...entry,
    };
    return concat([formatMember(whole), fromByteString(data), new Uint8Array(padding(data.length))]);
  });
  return concat([...parts, TAR_END]);
}

async function build(
  tar: Uint8Array,
  options: LayerBuilderOptions = { whiteouts: true },
): Promise<{ layer: LayerIndex; content: Uint8Array }> {
  const parts: Uint8Array[] = [];
  const builder = new LayerBuilder({ write: async (bytes) => void parts.push(bytes.slice()) }, options);
  await unpackTar([tar], builder);
  const index = await builder.finish();
  return { layer: new LayerIndex('sha256:test', index), content: concat(parts) };
}

function read({ layer, content }: { layer: LayerIndex; content: Uint8Array }, path: string): string {
  const ino = findInode(layer, path);
  const file = new Uint8Array(layer.size(ino));
  for (let i = 0; i < layer.extents(ino); i++) {
    const { fileOffset, blobOffset, length } = layer.extent(ino, i);
    expect([fileOffset % 4096, blobOffset % 4096]).toEqual([0, 0]);
    file.set(content.subarray(blobOffset, blobOffset + length), fileOffset);
  }
  return byteString(file);
}

describe('layer', () => {
  it('keeps what the archive says', async () => {
    const built = await build(
      archive([
        { name: './', mode: 0o755 },
        { name: 'etc/', mode: 0o750, uid: 3, gid: 70000 },
        { name: 'etc/passwd', data: 'root', xattrs: new Map([['user.a', fromByteString('v')]]) },
        { name: 'etc/passwd-', type: 'hardlink', linkName: '/etc/passwd' },
        { name: 'bin', type: 'symlink', linkName: 'usr/bin' },
        { name: 'bin/sh', mode: 0o4755, data: 'x'.repeat(5000) },
        { name: 'dev/null', type: 'chr', devMajor: 1, devMinor: 3 },
        { name: 'p', type: 'fifo' },
        { name: '/absolute', data: 'a' },
        { name: 'a/../b', data: 'b' },
        { name: '\xff\xfe', data: 'bytes' },
      ]),
    );
    const { layer, content } = built;
    expect(describeLayer(layer)).toEqual([
      '040755 0:0 5 0 /',
      '100644 0:0 1 1 /absolute',
      '100644 0:0 1 1 /b',
      '120777 0:0 1 7 /bin -> usr/bin',
      '040755 0:0 2 0 /dev',
      '020644 0:0 1 0 /dev/null',
      '040750 3:70000 2 0 /etc',
      '100644 0:0 2 4 /etc/passwd',
      '100644 0:0 2 4 /etc/passwd-',
      '010644 0:0 1 0 /p',
      '040755 0:0 3 0 /usr',
      '040755 0:0 2 0 /usr/bin',
      '104755 0:0 1 5000 /usr/bin/sh',
      '100644 0:0 1 5 /??',
    ]);
    expect(read(built, 'etc/passwd-')).toBe('root');
    expect(read(built, 'usr/bin/sh')).toBe('x'.repeat(5000));
    expect(read(built, '\xff\xfe')).toBe('bytes');
    const passwd = findInode(layer, 'etc/passwd');
    expect(layer.xattrNames(passwd)).toEqual(['user.a']);
    expect(byteString(layer.xattr(passwd, 'user.a')!)).toBe('v');
    expect(layer.xattr(passwd, 'user.b')).toBe(null);
    expect([layer.mtimeSeconds(passwd), layer.mtimeNanoseconds(passwd)]).toEqual([1, 2]);
    expect(layer.rdev(findInode(layer, 'dev/null'))).toBe(0x103);
    expect(layer.parent(findInode(layer, 'usr/bin'))).toBe(findInode(layer, 'usr'));
    expect(layer.lookup(1, 'nothing')).toBe(0);
    expect(content.length % 4096).toBe(0);
  });

  it('keeps holes and shares no page between runs', async () => {
    const runs = [
      { offset: 10, length: 2 },
      { offset: 5000, length: 2 },
      { offset: 1 << 20, length: 1 },
    ];
    const members = [
      { name: 's', size: 2 << 20, runs },
      { name: 'after', data: 'z' },
    ];
    const tar = archive([]);
    const sparse = formatMember({
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtimeSeconds: 0,
      mtimeNanoseconds: 0,
      linkName: '',
      devMajor: 0,
      devMinor: 0,
      xattrs: new Map(),
      ...members[0]!,
      size: 2 << 20,
      runs,
    });
    const built = await build(concat([sparse, fromByteString('abcde'), new Uint8Array(507), archive([{ name: 'after', data: 'z' }]), tar]));
    const ino = findInode(built.layer, 's');
    expect([0, 1].map((i) => built.layer.extent(ino, i))).toEqual([
      { fileOffset: 0, blobOffset: 0, length: 5002 },
      { fileOffset: 1 << 20, blobOffset: 8192, length: 1 },
    ]);
    const data = read(built, 's');
    expect([data.slice(10, 12), data.slice(5000, 5002), data[1 << 20], data.length]).toEqual(['ab', 'cd', 'e', 2 << 20]);
    expect(read(built, 'after')).toBe('z');
  });

  it('turns whiteouts into those of overlayfs', async () => {
    const { layer } = await build(
      archive([
        { name: 'd/.wh..wh..opq' },
        { name: 'd/new', data: 'n' },
        { name: '.wh.gone' },
        { name: '.wh.again' },
        { name: 'again/' },
        { name: '.wh..wh.plnk/' },
      ]),
    );
    const gone = findInode(layer, 'gone');
    expect([layer.mode(gone) & 0o170000, layer.rdev(gone)]).toEqual([0o020000, 0]);
    for (const name of ['d', 'again']) expect(byteString(layer.xattr(findInode(layer, name), 'trusted.overlay.opaque')!)).toBe('y');
    expect(findInode(layer, '.wh..wh.plnk')).toBe(0);
  });

  it('takes the attributes of unnamed directories from below', async () => {
    const lower = await build(archive([{ name: 'tmp/', mode: 0o1777, uid: 5 }]));
    const { layer } = await build(archive([{ name: 'tmp/x', data: '' }]), { whiteouts: true, lower: [lower.layer] });
    const tmp = findInode(layer, 'tmp');
    expect([layer.mode(tmp), layer.uid(tmp), layer.mtimeSeconds(tmp)]).toEqual([0o041777, 5, 1]);
  });

  it('replaces files as later members say', async () => {
    const built = await build(
      archive([
        { name: 'a', data: 'old' },
        { name: 'a', data: 'new' },
        { name: 'd/x', data: '' },
        { name: 'd', data: 'file' },
        { name: 'l', type: 'symlink', linkName: 'd' },
        { name: 'l/' },
      ]),
    );
    expect([read(built, 'a'), read(built, 'd')]).toEqual(['new', 'file']);
    expect(built.layer.mode(findInode(built.layer, 'l')) & 0o170000).toBe(0o040000);
    const kept = await build(archive([{ name: 'd/' }, { name: 'l', type: 'symlink', linkName: 'd' }, { name: 'l/' }]), {
      keepDirectoryLinks: true,
    });
    expect(kept.layer.symlink(findInode(kept.layer, 'l'))).toBe('d');
  });

  it('packs into an archive that unpacks to the same layer', async () => {
    const members: Member[] = [
      { name: 'etc/', mode: 0o750 },
      { name: 'etc/a', data: 'x'.repeat(9000), xattrs: new Map([['security.capability', Uint8Array.of(1, 0, 10)]]) },
      { name: 'etc/b', type: 'hardlink', linkName: 'etc/a' },
      { name: 'gone/.wh..wh..opq' },
      { name: '.wh.old' },
      { name: 'tty', type: 'chr', devMajor: 4, devMinor: 300 },
    ];
    const first = await build(archive(members));
    const packed = await collect(packLayer(first.layer, async (offset, length) => first.content.subarray(offset, offset + length)));
    const second = await build(packed);
    expect(describeLayer(second.layer)).toEqual(describeLayer(first.layer));
    expect(read(second, 'etc/b')).toBe(read(first, 'etc/b'));
    const again = await collect(packLayer(second.layer, async (offset, length) => second.content.subarray(offset, offset + length)));
    expect(byteString(again) === byteString(packed)).toBe(true);
  });

  it.each([
    ['a name that climbs out', [{ name: '../../etc/passwd', data: 'x' }], /leads out/],
    ['a hard link to a file outside', [{ name: 'h', type: 'hardlink', linkName: '../../etc/shadow' }], /leads out/],
    ['a hard link to nothing', [{ name: 'h', type: 'hardlink', linkName: 'nothing' }], /does not hold/],
    [
      'a file below a file',
      [
        { name: 'f', data: '' },
        { name: 'f/g', data: '' },
      ],
      /no directory/,
    ],
    [
      'a loop of links',
      [
        { name: 'l', type: 'symlink', linkName: 'l' },
        { name: 'l/x', data: '' },
      ],
      /loop/,
    ],
    ['a component of 256 bytes', [{ name: 'x'.repeat(256), data: '' }], /bad name/],
    [
      'directories without end',
      [{ name: 'd/'.repeat(1500) }, { name: 'l', type: 'symlink', linkName: 'd/'.repeat(1500) }, { name: `l/${'e/'.repeat(1500)}` }],
      /nested/,
    ],
    ['a name of 5000 bytes', [{ name: 'x/'.repeat(2500), type: 'file' }], /5000 bytes/],
  ] as const)('refuses %s', async (_what, members, message) => {
    await expect(build(archive(members as readonly Member[]))).rejects.toThrow(message);
  });

  it('keeps links that lead out of the root inside it', async () => {
    const { layer } = await build(
      archive([
        { name: 'out', type: 'symlink', linkName: '../../..' },
        { name: 'out/x', data: '' },
      ]),
    );
    expect(describeLayer(layer).at(-1)).toBe('100644 0:0 1 0 /x');
  });

  it('loads a large index at once', async () => {
    const members: Member[] = [];
    for (let i = 0; i < 20_000; i++) members.push({ name: `d${i % 100}/file${i}`, data: '' });
    const { layer } = await build(archive(members));
    const parts: Uint8Array[] = [];
    const builder = new LayerBuilder({ write: async (bytes) => void parts.push(bytes) });
    for (let i = 0; i < 20_000; i++) await builder.addFile(`d${i % 100}/file${i}`, new Uint8Array(0));
    const index = await builder.finish();
    const start = performance.now();
    const loaded = new LayerIndex('x', index);
    expect(loaded.lookup(loaded.lookup(1, 'd7'), 'file107')).toBeGreaterThan(0);
    expect(performance.now() - start).toBeLessThan(20);
    expect(layer.inodes).toBe(20_101);
  });

  it('refuses a damaged index', () => {
    expect(() => new LayerIndex('x', new Uint8Array(100))).toThrow(/damaged/);
  });
});
