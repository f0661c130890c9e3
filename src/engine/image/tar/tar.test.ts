import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../byte_reader.ts';
import { byteString, concat, fromByteString } from '../bytes.ts';
import { padding, type TarEntry } from './entry.ts';
import { formatHeader } from './header.ts';
import { formatPax, paxTime } from './pax.ts';
import { TarReader } from './reader.ts';
import { formatMember, TAR_END } from './writer.ts';

const PLAIN: TarEntry = {
  name: 'a',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtimeSeconds: 0,
  mtimeNanoseconds: 0,
  linkName: '',
  devMajor: 0,
  devMinor: 0,
  xattrs: new Map(),
  runs: null,
};

function member(entry: Partial<TarEntry>, data = ''): Uint8Array {
  const bytes = fromByteString(data);
  return concat([formatMember({ ...PLAIN, ...entry }), bytes, new Uint8Array(padding(bytes.length))]);
}

async function list(archive: Uint8Array, chunk = 1000): Promise<(TarEntry & { data: string })[]> {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < archive.length; at += chunk) chunks.push(archive.subarray(at, at + chunk));
  const reader = new TarReader(new ByteReader(chunks));
  const entries: (TarEntry & { data: string })[] = [];
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    let data = '';
    for (let part = await reader.data(700); part.length > 0; part = await reader.data(700)) data += byteString(part);
    entries.push({ ...entry, data });
  }
  return entries;
}

function header(name: string, typeflag: string, size: number, more: Partial<Parameters<typeof formatHeader>[0]> = {}): Uint8Array {
  return formatHeader({ name, typeflag, mode: 0o644, uid: 0, gid: 0, size, mtime: 0, linkName: '', devMajor: 0, devMinor: 0, ...more });
}

function padded(text: string): Uint8Array {
  return concat([fromByteString(text), new Uint8Array(padding(text.length))]);
}

describe('tar', () => {
  it('reads back what it writes', async () => {
    const name = fc.stringMatching(/^[a-z\xe9\xff/.]{1,300}[a-z]$/);
    const entry = fc.record({
      name,
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: fc.integer({ min: 0, max: 0xffffffff }),
      gid: fc.integer({ min: 0, max: 0xffffffff }),
      mtimeSeconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      mtimeNanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
      xattrs: fc.constantFrom(new Map(), new Map([['user.x', Uint8Array.of(0, 10, 61, 255)]])),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(entry, fc.string({ unit: 'binary-ascii', maxLength: 2000 })), { minLength: 1, maxLength: 4 }),
        async (members) => {
          const archive = concat([...members.map(([some, data]) => member({ ...some, size: data.length }, data)), TAR_END]);
          const read = await list(archive);
          expect(read).toEqual(members.map(([some, data]) => ({ ...PLAIN, ...some, size: data.length, data })));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps holes', async () => {
    const runs = [
      { offset: 0, length: 3 },
      { offset: 1 << 20, length: 4 },
    ];
    const [entry] = await list(concat([member({ name: 'holes', size: 1 << 30, runs }), padded('abcdefg'), TAR_END]));
    expect(entry).toMatchObject({ name: 'holes', size: 1 << 30, runs, data: 'abcdefg' });
  });

  it.each([
    [
      '0.0',
      [
        ['GNU.sparse.size', '10000'],
        ['GNU.sparse.numblocks', '2'],
        ['GNU.sparse.offset', '0'],
        ['GNU.sparse.numbytes', '1'],
        ['GNU.sparse.offset', '9999'],
        ['GNU.sparse.numbytes', '1'],
      ],
    ],
    [
      '0.1',
      [
        ['GNU.sparse.size', '10000'],
        ['GNU.sparse.name', 'n'],
        ['GNU.sparse.map', '0,1,9999,1'],
      ],
    ],
  ] as const)('reads GNU sparse format %s', async (_format, records) => {
    const pax = formatPax(records);
    const [entry] = await list(concat([header('x', 'x', pax.length), padded(byteString(pax)), header('n', '0', 2), padded('ab'), TAR_END]));
    expect(entry).toMatchObject({
      name: 'n',
      size: 10000,
      runs: [
        { offset: 0, length: 1 },
        { offset: 9999, length: 1 },
      ],
      data: 'ab',
    });
  });

  it('reads long names of GNU tar, base-256 numbers and old directories', async () => {
    const long = 'd/'.repeat(120);
    const huge = header('big', '3', 0);
    huge.set([0x80, 0, 0, 0, 0x12, 0x34, 0x56, 0x78], 108);
    huge.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], 136);
    let sum = 0;
    for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 32 : huge[i]!;
    huge.set(fromByteString(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
    const read = await list(
      concat([
        header('././@LongLink', 'L', long.length + 1),
        padded(`${long}\0`),
        header('cut', '0', 0),
        huge,
        header('././@LongLink', 'K', 200),
        padded('t'.repeat(200)),
        header('l', '2', 0),
      ]),
    );
    expect(read).toMatchObject([
      { name: long, type: 'dir' },
      { name: 'big', type: 'chr', uid: 0x12345678, mtimeSeconds: -2 },
      { name: 'l', type: 'symlink', linkName: 't'.repeat(200) },
    ]);
  });

  it('agrees with GNU tar', async ({ skip }) => {
    const dir = mkdtempSync(join(tmpdir(), 'holm-tar-'));
    try {
      try {
        execFileSync('tar', ['--version']);
      } catch {
        skip('tar is not installed');
      }
      mkdirSync(join(dir, 'd'));
      writeFileSync(join(dir, 'd/plain'), 'hello');
      linkSync(join(dir, 'd/plain'), join(dir, 'd/same'));
      symlinkSync('x'.repeat(150), join(dir, 'd/link'));
      writeFileSync(join(dir, `d/${'n'.repeat(200)}`), '');
      const fd = openSync(join(dir, 'd/sparse'), 'w');
      for (let i = 0; i < 30; i++) writeSync(fd, 'data', i * 65536);
      ftruncateSync(fd, 4 << 20);
      closeSync(fd);
      for (const format of ['gnu', 'posix', 'ustar']) {
        for (const sparse of format === 'posix' ? ['0.0', '0.1', '1.0'] : ['1.0']) {
          const options = format === 'ustar' ? [] : ['--sparse', `--sparse-version=${sparse}`];
          const exclude = format === 'ustar' ? ['--exclude=link', '--exclude=nnn*'] : [];
          execFileSync('tar', ['-C', dir, '-cf', join(dir, 'a.tar'), `--format=${format}`, '--sort=name', ...options, ...exclude, 'd']);
          const read = await list(readFileSync(join(dir, 'a.tar')), 10_000);
          const byName = new Map(read.map((entry) => [entry.name, entry]));
          expect(byName.get('d/')).toMatchObject({ type: 'dir' });
          expect(byName.get('d/plain')).toMatchObject({ type: 'file', data: 'hello' });
          expect(byName.get('d/same')).toMatchObject({ type: 'hardlink', linkName: 'd/plain' });
          const holes = byName.get('d/sparse')!;
          expect(holes.size).toBe(4 << 20);
          if (format === 'ustar') continue;
          expect(byName.get('d/link')).toMatchObject({ type: 'symlink', linkName: 'x'.repeat(150) });
          expect(byName.has(`d/${'n'.repeat(200)}`)).toBe(true);
          expect(holes.runs!.length).toBe(30);
          expect(holes.data.slice(0, 4)).toBe('data');
        }
      }
      const ours = concat([
        member({ name: 'o/', type: 'dir', mode: 0o755 }),
        member({ name: `o/${'p'.repeat(140)}`, size: 5 }, 'bytes'),
        formatMember({ ...PLAIN, name: 'o/s', size: 9000, runs: [{ offset: 4096, length: 2 }] }),
        padded('hi'),
        TAR_END,
      ]);
      writeFileSync(join(dir, 'ours.tar'), ours);
      execFileSync('tar', ['-C', dir, '-xf', join(dir, 'ours.tar')]);
      expect(readFileSync(join(dir, `o/${'p'.repeat(140)}`), 'latin1')).toBe('bytes');
      const back = readFileSync(join(dir, 'o/s'));
      expect([back.length, back.toString('latin1', 4096, 4098)]).toEqual([9000, 'hi']);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('knows times before the epoch', () => {
    expect(paxTime('-1.5')).toEqual([-2, 500_000_000]);
    expect(paxTime('12.000000001')).toEqual([12, 1]);
  });

  it.each([
    [
      'a wrong checksum',
      () => {
        const block = member({});
        block[0] = 0x62;
        return block;
      },
      /checksum/,
    ],
    ['a cut header', () => member({}).subarray(0, 300), /truncated/],
    ['cut data', () => member({ size: 600 }, 'x'.repeat(600)).subarray(0, 700), /truncated/],
    ['nothing', () => new Uint8Array(0), /empty/],
    ['an endless name', () => header('././@LongLink', 'L', 8 ** 10), /1 MiB/],
    ['a bad extended header', () => concat([header('x', 'x', 12), padded('99 path=long')]), /malformed extended/],
    ['a part of a multi-volume archive', () => header('x', 'M', 0), /unknown type/],
    [
      'a sparse map out of order',
      () =>
        concat([
          formatMember({
            ...PLAIN,
            size: 9000,
            runs: [
              { offset: 4096, length: 2 },
              { offset: 0, length: 2 },
            ],
          }),
          padded('abcd'),
        ]),
      /sparse map/,
    ],
    [
      'a sparse map that is too long',
      () => concat([formatMember({ ...PLAIN, size: 3, runs: [{ offset: 0, length: 4 }] }), padded('abcd')]),
      /sparse map/,
    ],
    [
      'a bad number',
      () => {
        const pax = '15 size=1e999\n'.padStart(0);
        return concat([header('x', 'x', 14), padded(`14${pax.slice(2)}`), header('f', '0', 0)]);
      },
      /bad number/,
    ],
  ])('refuses %s', async (_what, archive, message) => {
    await expect(list(archive())).rejects.toThrow(message);
  });

  it('survives random damage', async () => {
    const good = concat([member({ name: 'd/', type: 'dir' }), member({ name: 'x'.repeat(120), size: 9 }, 'some data'), TAR_END]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), async (damage) => {
        const bad = good.slice();
        for (const [at, value] of damage) bad[at] = value;
        await list(bad).catch((error) => expect(error.code).toBe('EARCHIVE'));
      }),
      { numRuns: 300 },
    );
  });
});
