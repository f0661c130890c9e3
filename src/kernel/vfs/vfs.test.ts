import { describe, expect, it } from 'vitest';
import { FileGuest } from '../../../tests/support/file_guest.ts';
import { EACCES, EBUSY, EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EROFS, EXDEV } from '../../abi/errno.ts';
import { O_CREAT, O_EXCL, O_NOFOLLOW, O_PATH, O_TMPFILE } from '../../abi/fcntl.ts';
import { MS_BIND, MS_RDONLY, MS_REMOUNT } from '../../abi/mount.ts';
import { mountInfo } from './mount_info.ts';

const AT = -100;

describe('path walk', () => {
  it('follows links, dots and trailing slashes as Linux does', () => {
    const g = new FileGuest();
    expect(g.sys('mkdirat', AT, '/a', 0o755)).toBe(0);
    expect(g.sys('mkdirat', AT, '/a/b/', 0o755)).toBe(0);
    expect(g.write('/a/b/file', 'text')).toBe(4);
    expect(g.sys('symlinkat', 'b/file', AT, '/a/link')).toBe(0);
    expect(g.sys('symlinkat', '/a/b', AT, '/dirlink')).toBe(0);
    expect(g.sys('symlinkat', 'loop', AT, '/loop')).toBe(0);
    expect(g.read('/a/link')).toBe('text');
    expect(g.read('//a/./b/../b//file')).toBe('text');
    expect(g.read('/dirlink/file')).toBe('text');
    expect(g.read('/../../a/link')).toBe('text');
    expect(g.read('/a/b/file/')).toBe(-ENOTDIR);
    expect(g.read('/a/b/file/x')).toBe(-ENOTDIR);
    expect(g.read('/a/none')).toBe(-ENOENT);
    expect(g.read('/a/none/x')).toBe(-ENOENT);
    expect(g.read('/loop')).toBe(-ELOOP);
    expect(g.sys('openat', AT, '/a/link', O_NOFOLLOW, 0)).toBe(-ELOOP);
    expect(g.sys('openat', AT, '/a/link', O_CREAT | O_EXCL | 1, 0o644)).toBe(-EEXIST);
    expect(g.sys('openat', AT, '/a', 1, 0)).toBe(-EISDIR);
    expect(g.sys('openat', AT, '', 0, 0)).toBe(-ENOENT);
    expect(g.stat('/dirlink').mode).toBe(0o120777);
    expect(g.stat('/dirlink/').mode).toBe(0o40755);
    expect(g.sys('openat', AT, '/a/link', O_NOFOLLOW | O_PATH, 0)).toBeGreaterThan(2 - 3);
  });

  it('creates through a dangling link', () => {
    const g = new FileGuest();
    g.sys('symlinkat', '/target', AT, '/link');
    expect(g.write('/link', 'x')).toBe(1);
    expect(g.read('/target')).toBe('x');
  });

  it('confines openat2', () => {
    const g = new FileGuest();
    g.sys('mkdirat', AT, '/jail', 0o755);
    g.write('/secret', 's');
    g.write('/jail/inside', 'i');
    g.sys('symlinkat', '/secret', AT, '/jail/out');
    g.sys('symlinkat', '/inside', AT, '/jail/in');
    const dir = g.sys('openat', AT, '/jail', O_PATH, 0);
    const how = (resolve: number): Uint8Array => new Uint8Array(new BigUint64Array([0n, 0n, BigInt(resolve)]).buffer);
    expect(g.sys('openat2', dir, '../secret', how(8), 24)).toBe(-EXDEV);
    expect(g.sys('openat2', dir, 'out', how(8), 24)).toBe(-EXDEV);
    expect(g.sys('openat2', dir, 'out', how(4), 24)).toBe(-ELOOP);
    expect(g.sys('openat2', dir, 'out', how(16), 24)).toBe(-ENOENT);
    expect(g.sys('openat2', dir, '../in', how(16), 24)).toBeGreaterThan(0);
    expect(g.sys('openat2', dir, 'inside', how(24), 24)).toBe(-EINVAL);
  });

  it('checks permissions by owner, group and others', () => {
    const g = new FileGuest();
    g.sys('mkdirat', AT, '/d', 0o755);
    g.write('/d/f', 'x');
    g.sys('fchmodat', AT, '/d/f', 0o640);
    g.sys('fchownat', AT, '/d/f', 1000, 50, 0);
    const root = g.task.cred;
    const as = (uid: number, gid: number): void => {
      g.task.cred = root.with({ uid, euid: uid, fsuid: uid, gid, egid: gid, fsgid: gid, effective: 0n, permitted: 0n });
    };
    as(1000, 1000);
    expect(g.read('/d/f')).toBe('x');
    expect(g.sys('fchmodat', AT, '/d/f', 0o600)).toBe(0);
    expect(g.sys('fchmodat', AT, '/d/f', 0o640)).toBe(0);
    as(2000, 50);
    expect(g.read('/d/f')).toBe('x');
    expect(g.write('/d/f', 'y', 1)).toBe(-EACCES);
    as(2000, 2000);
    expect(g.read('/d/f')).toBe(-EACCES);
    expect(g.sys('unlinkat', AT, '/d/f', 0)).toBe(-EACCES);
    expect(g.sys('fchmodat', AT, '/d/f', 0o777)).toBe(-EPERM);
    g.task.cred = root;
    g.sys('fchmodat', AT, '/d', 0o1777);
    as(2000, 2000);
    expect(g.sys('unlinkat', AT, '/d/f', 0)).toBe(-EPERM);
    expect(g.write('/d/own', 'z')).toBe(1);
    expect(g.sys('unlinkat', AT, '/d/own', 0)).toBe(0);
  });
});

describe('names', () => {
  it('unlinks, links and renames', () => {
    const g = new FileGuest();
    g.write('/f', 'one');
    expect(g.sys('linkat', AT, '/f', AT, '/g', 0)).toBe(0);
    expect(g.stat('/f').nlink).toBe(2);
    expect(g.stat('/g').ino).toBe(g.stat('/f').ino);
    expect(g.sys('unlinkat', AT, '/f', 0)).toBe(0);
    expect(g.read('/f')).toBe(-ENOENT);
    expect(g.read('/g')).toBe('one');
    g.sys('mkdirat', AT, '/d', 0o755);
    expect(g.sys('renameat2', AT, '/g', AT, '/d/h', 0)).toBe(0);
    expect(g.read('/d/h')).toBe('one');
    expect(g.sys('unlinkat', AT, '/d', 0x200)).toBe(-ENOTEMPTY);
    expect(g.sys('unlinkat', AT, '/d', 0)).toBe(-EISDIR);
    expect(g.sys('renameat2', AT, '/d', AT, '/d/x', 0)).toBe(-EINVAL);
    g.write('/i', 'two');
    expect(g.sys('renameat2', AT, '/i', AT, '/d/h', 1)).toBe(-EEXIST);
    expect(g.sys('renameat2', AT, '/i', AT, '/d/h', 2)).toBe(0);
    expect(g.read('/i')).toBe('one');
    expect(g.read('/d/h')).toBe('two');
    g.sys('mkdirat', AT, '/e', 0o755);
    expect(g.sys('renameat2', AT, '/e', AT, '/d', 0)).toBe(-ENOTEMPTY);
    expect(g.sys('renameat2', AT, '/d', AT, '/e', 0)).toBe(0);
    expect(g.list('/e')).toEqual(['h']);
    expect(g.stat('/').nlink).toBe(3);
  });

  it('keeps an unlinked file until it is closed', () => {
    const g = new FileGuest();
    const used = g.kernel.memory.frames.used;
    g.write('/f', 'x'.repeat(8192));
    const fd = g.sys('openat', AT, '/f', 0, 0);
    expect(g.sys('unlinkat', AT, '/f', 0)).toBe(0);
    expect(g.sys('read', fd, g.memory, 10)).toBe(10);
    g.sys('close', fd);
    const after = g.kernel.memory.frames.used;
    g.write('/f', 'x'.repeat(8192));
    g.sys('unlinkat', AT, '/f', 0);
    expect(g.kernel.memory.frames.used).toBe(after);
    expect(after).toBeGreaterThanOrEqual(used);
  });

  it('gives O_TMPFILE files a name', () => {
    const g = new FileGuest();
    const fd = g.sys('openat', AT, '/', O_TMPFILE | 2, 0o600);
    expect(fd).toBeGreaterThanOrEqual(0);
    expect(g.sys('linkat', fd, '', AT, '/named', 0x1000)).toBe(0);
    expect(g.stat('/named').nlink).toBe(1);
  });

  it('lists 10,000 files, also while they are being removed', () => {
    const g = new FileGuest();
    g.sys('mkdirat', AT, '/d', 0o755);
    for (let i = 0; i < 10000; i++) g.sys('mknodat', AT, `/d/file${i}`, 0o100644, 0);
    expect(g.list('/d').length).toBe(10000);
    const fd = g.sys('openat', AT, '/d', 0, 0);
    let removed = 0;
    for (;;) {
      const count = g.sys('getdents64', fd, g.memory, 4096);
      if (count === 0) break;
      const bytes = g.bytes(count);
      const data = new DataView(bytes.buffer);
      for (let at = 0; at < count; at += data.getUint16(at + 16, true)) {
        const name = Buffer.from(bytes.subarray(at + 19, bytes.indexOf(0, at + 19))).toString('latin1');
        if (name.startsWith('.')) continue;
        expect(g.sys('unlinkat', AT, `/d/${name}`, 0)).toBe(0);
        removed++;
      }
    }
    expect(removed).toBe(10000);
    expect(g.sys('unlinkat', AT, '/d', 0x200)).toBe(0);
  });
});

describe('mounts', () => {
  it('binds, remounts read-only and unmounts', () => {
    const g = new FileGuest();
    for (const d of ['/a', '/a/sub', '/b', '/t']) g.sys('mkdirat', AT, d, 0o755);
    expect(g.sys('mount', 'tmp', '/a/sub', 'tmpfs', 0, 'size=64k')).toBe(0);
    g.write('/a/sub/f', 'in tmpfs');
    expect(g.sys('mount', '/a', '/b', '', MS_BIND, 0)).toBe(0);
    expect(g.list('/b/sub')).toEqual([]);
    expect(g.sys('umount2', '/b', 0)).toBe(0);
    expect(g.sys('mount', '/a', '/b', '', MS_BIND | 0x4000, 0)).toBe(0);
    expect(g.read('/b/sub/f')).toBe('in tmpfs');
    expect(g.sys('mount', '', '/b', '', MS_BIND | MS_REMOUNT | MS_RDONLY, 0)).toBe(0);
    expect(g.write('/b/x', 'x')).toBe(-EROFS);
    expect(g.write('/a/x', 'x')).toBe(1);
    expect(g.sys('umount2', '/b', 0)).toBe(-EBUSY);
    expect(g.sys('umount2', '/b', 2)).toBe(0);
    expect(g.sys('renameat2', AT, '/a/x', AT, '/a/sub/x', 0)).toBe(-EXDEV);
    expect(g.sys('unlinkat', AT, '/a/sub', 0x200)).toBe(-EBUSY);
    expect(mountInfo(g.task.nsproxy.mnt, g.task.fs!.root, g.task)).toContain('/a/sub rw,relatime - tmpfs tmp rw,size=64k');
    expect(g.write('/a/sub/big', 'x'.repeat(70000))).toBeLessThanOrEqual(65536);
  });

  it('pivots the root', () => {
    const g = new FileGuest();
    g.sys('mkdirat', AT, '/new', 0o755);
    g.sys('mount', 'n', '/new', 'tmpfs', 0, 0);
    g.sys('mkdirat', AT, '/new/old', 0o755);
    expect(g.sys('pivot_root', '/new', '/new/old')).toBe(0);
    expect(g.list('/')).toEqual(['old']);
    expect(g.list('/old')).toContain('new');
    expect(g.sys('umount2', '/old', 2)).toBe(0);
    expect(g.list('/old')).toEqual([]);
  });
});

describe('inotify', () => {
  it('tells of names coming and going', () => {
    const g = new FileGuest();
    g.sys('mkdirat', AT, '/d', 0o755);
    const fd = g.sys('inotify_init1', 0o4000);
    expect(g.sys('inotify_add_watch', fd, '/d', 0xfff)).toBe(1);
    g.write('/d/f', 'x');
    g.sys('renameat2', AT, '/d/f', AT, '/d/g', 0);
    g.sys('unlinkat', AT, '/d/g', 0);
    const length = g.sys('read', fd, g.memory, 4096);
    const data = new DataView(g.bytes(length).buffer);
    const masks: number[] = [];
    for (let at = 0; at < length; at += 16 + data.getUint32(at + 12, true)) masks.push(data.getUint32(at + 4, true));
    expect(masks).toEqual([0x100, 0x20, 0x2, 0x8, 0x40, 0x80, 0x200]);
  });
});
