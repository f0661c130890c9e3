import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileGuest } from '../../../tests/support/file_guest.ts';
import { EEXIST, ELOOP, ENOENT, ENOTDIR, ENOTEMPTY } from '../../abi/errno.ts';
import { mountAt } from '../../kernel/api/files.ts';
import { openHostFolder } from './host_folder.ts';

const AT = -100;
let host: string;

/** A guest that sees the folder at /h. */
function guest(): FileGuest {
  const g = new FileGuest(new Map());
  (g.kernel.platform as { folder: unknown }).folder = openHostFolder;
  g.sys('mkdirat', AT, '/h', 0o755);
  const { mm } = g.task;
  g.task.mm = null;
  const mounted = mountAt(g.task, 'hostfs', host, '/h');
  g.task.mm = mm;
  expect(typeof mounted).toBe('object');
  return g;
}

beforeEach(() => {
  host = fs.mkdtempSync(join(tmpdir(), 'holm-folder-'));
});

describe('a host folder', () => {
  it('is read, written and listed', () => {
    fs.writeFileSync(join(host, 'old'), 'from the host');
    const g = guest();
    expect(g.read('/h/old')).toBe('from the host');
    expect(g.write('/h/new', 'from the guest')).toBe(14);
    expect(fs.readFileSync(join(host, 'new'), 'utf8')).toBe('from the guest');
    expect(g.sys('mkdirat', AT, '/h/d', 0o700)).toBe(0);
    expect(fs.statSync(join(host, 'd')).mode & 0o777).toBe(0o700);
    expect(g.list('/h')).toEqual(['d', 'new', 'old']);
    expect(g.sys('unlinkat', AT, '/h/d', 0)).toBeLessThan(0);
    expect(g.sys('renameat2', AT, '/h/new', AT, '/h/d/moved', 0)).toBe(0);
    expect(g.sys('unlinkat', AT, '/h/d', 0x200)).toBe(-ENOTEMPTY);
    expect(g.sys('linkat', AT, '/h/d/moved', AT, '/h/twin', 0)).toBe(0);
    expect(g.stat('/h/twin').nlink).toBe(2);
    expect(g.sys('symlinkat', 'twin', AT, '/h/link')).toBe(0);
    expect(g.read('/h/link')).toBe('from the guest');
    expect(g.sys('unlinkat', AT, '/h/twin', 0)).toBe(0);
    expect(g.read('/h/link')).toBe(-ENOENT);
    expect(g.sys('truncate', '/h/old', 4)).toBe(0);
    expect(fs.readFileSync(join(host, 'old'), 'utf8')).toBe('from');
    expect(g.stat('/h/old').uid).toBe(0);
    expect(g.sys('fchownat', AT, '/h/old', 1000, 1000, 0)).toBe(0);
    expect(g.stat('/h/old').uid).toBe(1000);
    expect(g.sys('fchmodat', AT, '/h/old', 0o600)).toBe(0);
    expect(fs.statSync(join(host, 'old')).mode & 0o777).toBe(0o600);
    expect(g.sys('openat', AT, '/h/old', 0o301, 0o600)).toBe(-EEXIST);
  });

  it('shows what the host changes', () => {
    fs.writeFileSync(join(host, 'f'), 'one');
    const g = guest();
    const fd = g.sys('openat', AT, '/h/f', 0, 0);
    expect(g.sys('read', fd, g.memory, 100)).toBe(3);
    fs.writeFileSync(join(host, 'f'), 'three!');
    expect(g.sys('pread64', fd, g.memory, 100, 0)).toBe(6);
    expect(Buffer.from(g.bytes(6)).toString()).toBe('three!');
    fs.unlinkSync(join(host, 'f'));
    expect(g.read('/h/f')).toBe(-ENOENT);
    expect(g.sys('pread64', fd, g.memory, 100, 0)).toBe(6);
    fs.writeFileSync(join(host, 'f'), 'other');
    expect(g.read('/h/f')).toBe('other');
  });

  it('cannot be left by links', () => {
    const secret = fs.mkdtempSync(join(tmpdir(), 'holm-secret-'));
    fs.writeFileSync(join(secret, 'key'), 'secret');
    fs.symlinkSync(secret, join(host, 'out'));
    fs.symlinkSync(join(secret, 'key'), join(host, 'key'));
    const g = guest();
    // The links lead to places of the guest's own root, where nothing is.
    expect(g.read('/h/out/key')).toBe(-ENOENT);
    expect(g.read('/h/key')).toBe(-ENOENT);
    const folder = openHostFolder(host)!;
    expect(folder.stat(['out', 'key'])).toSatisfy((r: number) => r === -ENOTDIR || r === -ELOOP);
    expect(folder.open(['key'], false)).toBe(-ELOOP);
    expect(folder.create(['out', 'planted'], 0o644)).toBeLessThan(0);
    expect(fs.readdirSync(secret)).toEqual(['key']);
    expect(folder.chmod(['key'], 0o777)).toBe(-ELOOP);
  });
});
