import { describe, expect, it } from 'vitest';
import { type FakeFile, fakeLayer } from '../../../../tests/support/fake_layer.ts';
import { FileGuest } from '../../../../tests/support/file_guest.ts';
import { ENOENT, ENOTEMPTY, EXDEV } from '../../../abi/errno.ts';

const AT = -100;

const BASE: readonly FakeFile[] = [
  { path: 'etc', mode: 0o40755 },
  { path: 'etc/passwd', mode: 0o100644, size: 5000 },
  { path: 'etc/link', mode: 0o120777, target: 'passwd' },
  { path: 'etc/gone', mode: 0o100644, size: 10 },
  { path: 'usr', mode: 0o40755 },
  { path: 'usr/bin', mode: 0o40755 },
  { path: 'usr/bin/su', mode: 0o104755, size: 100, uid: 0 },
  { path: 'opaque', mode: 0o40755 },
  { path: 'opaque/hidden', mode: 0o100644 },
];

const TOP: readonly FakeFile[] = [
  { path: 'etc', mode: 0o40755 },
  { path: 'etc/gone', mode: 0o020000 },
  { path: 'etc/new', mode: 0o100600, size: 3 },
  { path: 'opaque', mode: 0o40755, opaque: true },
  { path: 'opaque/only', mode: 0o100644 },
];

/** A guest with the two layers under a writable one at /m. */
function overlay(options = {}): FileGuest {
  const g = new FileGuest(
    new Map([
      ['base', fakeLayer('base', BASE)],
      ['top', fakeLayer('top', TOP)],
    ]),
    options,
  );
  for (const d of ['/l0', '/l1', '/w', '/m']) g.sys('mkdirat', AT, d, 0o755);
  expect(g.sys('mount', 'base', '/l0', 'layerfs', 1, 0)).toBe(0);
  expect(g.sys('mount', 'top', '/l1', 'layerfs', 1, 0)).toBe(0);
  expect(g.sys('mount', 'w', '/w', 'tmpfs', 0, 0)).toBe(0);
  g.sys('mkdirat', AT, '/w/upper', 0o755);
  g.sys('mkdirat', AT, '/w/work', 0o755);
  expect(g.sys('mount', 'overlay', '/m', 'overlay', 0, 'lowerdir=/l1:/l0,upperdir=/w/upper,workdir=/w/work')).toBe(0);
  return g;
}

describe('overlayfs', () => {
  it('merges, hides and shows as one file system', () => {
    const g = overlay();
    expect(g.list('/m')).toEqual(['etc', 'opaque', 'usr']);
    expect(g.list('/m/etc')).toEqual(['link', 'new', 'passwd']);
    expect(g.list('/m/opaque')).toEqual(['only']);
    expect(g.read('/m/etc/gone')).toBe(-ENOENT);
    expect((g.read('/m/etc/link') as string).length).toBe(5000);
    expect(g.stat('/m/etc').dev).toBe(g.stat('/m/usr/bin/su').dev);
    expect(g.stat('/m/etc').nlink).toBe(1);
    for (const { name, ino } of g.entries('/m/etc')) if (!name.startsWith('.')) expect(g.stat(`/m/etc/${name}`).ino).toBe(ino);
  });

  for (const firstTouchAbsent of [false, true]) {
    it(`copies up what is written${firstTouchAbsent ? ', with data on its way' : ''}`, () => {
      const g = overlay({ firstTouchAbsent });
      const before = g.stat('/m/etc/passwd');
      const content = g.read('/m/etc/passwd') as string;
      const reader = g.sys('openat', AT, '/m/etc/passwd', 0, 0);
      expect(g.write('/m/etc/passwd', '!', 0o2001)).toBe(1);
      expect(g.read('/m/etc/passwd')).toBe(`${content}!`);
      expect(g.stat('/m/etc/passwd').ino).toBe(before.ino);
      expect(g.stat('/w/upper/etc/passwd').size).toBe(5001);
      expect(g.sys('pread64', reader, g.memory, 10, 5000)).toBe(1);
      expect(g.stat('/l0/etc/passwd').size).toBe(5000);
      expect(g.sys('fchmodat', AT, '/m/usr/bin/su', 0o755)).toBe(0);
      expect(g.stat('/m/usr/bin/su').mode).toBe(0o100755);
      expect(g.stat('/w/upper/usr/bin').mode).toBe(0o40755);
      for (const { name, ino } of g.entries('/m/etc')) if (!name.startsWith('.')) expect(g.stat(`/m/etc/${name}`).ino).toBe(ino);
    });
  }

  it('removes with whiteouts and makes again', () => {
    const g = overlay();
    expect(g.sys('unlinkat', AT, '/m/etc/passwd', 0)).toBe(0);
    expect(g.read('/m/etc/passwd')).toBe(-ENOENT);
    expect(g.stat('/w/upper/etc/passwd').mode).toBe(0o020000);
    expect(g.list('/m/etc')).toEqual(['link', 'new']);
    expect(g.write('/m/etc/passwd', 'again')).toBe(5);
    expect(g.list('/m/etc')).toEqual(['link', 'new', 'passwd']);
    expect(g.sys('unlinkat', AT, '/m/etc', 0x200)).toBe(-ENOTEMPTY);
    for (const name of g.list('/m/etc')) expect(g.sys('unlinkat', AT, `/m/etc/${name}`, 0)).toBe(0);
    expect(g.sys('unlinkat', AT, '/m/etc', 0x200)).toBe(0);
    expect(g.list('/m')).toEqual(['opaque', 'usr']);
    expect(g.sys('mkdirat', AT, '/m/etc', 0o755)).toBe(0);
    expect(g.list('/m/etc')).toEqual([]);
  });

  it('does not rename directories that have lower parts', () => {
    const g = overlay();
    expect(g.sys('renameat2', AT, '/m/usr', AT, '/m/usr2', 0)).toBe(-EXDEV);
    expect(g.sys('mkdirat', AT, '/m/fresh', 0o755)).toBe(0);
    expect(g.sys('renameat2', AT, '/m/fresh', AT, '/m/usr2', 0)).toBe(0);
    expect(g.sys('renameat2', AT, '/m/etc/new', AT, '/m/usr2/moved', 0)).toBe(0);
    expect(g.list('/m/etc')).toEqual(['link', 'passwd']);
    expect(g.stat('/m/usr2/moved').size).toBe(3);
    expect(g.sys('renameat2', AT, '/m/etc/link', AT, '/m/etc/passwd', 0)).toBe(0);
    expect(g.stat('/m/etc/passwd').mode).toBe(0o120777);
    expect(g.list('/m/etc')).toEqual(['passwd']);
  });

  it('links a lower file by copying it up', () => {
    const g = overlay();
    expect(g.sys('linkat', AT, '/m/etc/passwd', AT, '/m/etc/twin', 0)).toBe(0);
    expect(g.stat('/m/etc/twin').ino).toBe(g.stat('/m/etc/passwd').ino);
    expect(g.stat('/m/etc/twin').nlink).toBe(2);
    g.write('/m/etc/twin', 'short');
    expect(g.read('/m/etc/passwd')).toBe('short');
  });
});
