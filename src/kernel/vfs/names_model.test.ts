import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FakeFile, fakeLayer } from '../../../tests/support/fake_layer.ts';
import { FileGuest } from '../../../tests/support/file_guest.ts';
import { errnoNames } from '../../abi/errno.ts';

const AT = -100;
const NAMES = ['a', 'b', 'c'];
const pathArbitrary = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'))
  .chain((path) => fc.constantFrom(path, path, path, `${path}/`, `${path}/.`, `${path}/..`));

const operation = fc.oneof(
  fc.record({ kind: fc.constant('mkdir' as const), path: pathArbitrary }),
  fc.record({ kind: fc.constant('create' as const), path: pathArbitrary }),
  fc.record({ kind: fc.constant('unlink' as const), path: pathArbitrary }),
  fc.record({ kind: fc.constant('rmdir' as const), path: pathArbitrary }),
  fc.record({ kind: fc.constant('rename' as const), path: pathArbitrary, to: pathArbitrary }),
  fc.record({ kind: fc.constant('rename' as const), path: pathArbitrary, to: pathArbitrary }),
  fc.record({ kind: fc.constant('link' as const), path: pathArbitrary, to: pathArbitrary }),
  fc.record({ kind: fc.constant('symlink' as const), path: pathArbitrary, to: pathArbitrary }),
  fc.record({ kind: fc.constant('append' as const), path: pathArbitrary }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const code = (action: () => void): string => {
  try {
    action();
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

/** The same operation on real files of the host, which runs Linux. */
function real(root: string, op: Operation): string {
  const at = (path: string): string => `${root}/${path}`;
  switch (op.kind) {
    case 'mkdir':
      return code(() => fs.mkdirSync(at(op.path)));
    case 'create':
      return code(() => fs.closeSync(fs.openSync(at(op.path), 'wx')));
    case 'unlink':
      return code(() => fs.unlinkSync(at(op.path)));
    case 'rmdir':
      return code(() => fs.rmdirSync(at(op.path)));
    case 'rename':
      return code(() => fs.renameSync(at(op.path), at(op.to)));
    case 'link':
      return code(() => fs.linkSync(at(op.path), at(op.to)));
    case 'symlink':
      return code(() => fs.symlinkSync(op.to, at(op.path)));
    case 'append':
      return code(() => {
        const fd = fs.openSync(at(op.path), fs.constants.O_WRONLY | fs.constants.O_APPEND);
        fs.writeSync(fd, 'x');
        fs.closeSync(fd);
      });
  }
}

const name = (result: number): string => (result >= 0 ? 'ok' : errnoNames[-result]!);

function ours(g: FileGuest, root: string, op: Operation): string {
  const at = (path: string): string => `${root}/${path}`;
  switch (op.kind) {
    case 'mkdir':
      return name(g.sys('mkdirat', AT, at(op.path), 0o755));
    case 'create': {
      const fd = g.sys('openat', AT, at(op.path), 0o301, 0o644);
      if (fd >= 0) g.sys('close', fd);
      return name(fd);
    }
    case 'unlink':
      return name(g.sys('unlinkat', AT, at(op.path), 0));
    case 'rmdir':
      return name(g.sys('unlinkat', AT, at(op.path), 0x200));
    case 'rename':
      return name(g.sys('renameat2', AT, at(op.path), AT, at(op.to), 0));
    case 'link':
      return name(g.sys('linkat', AT, at(op.path), AT, at(op.to), 0));
    case 'symlink':
      return name(g.sys('symlinkat', op.to, AT, at(op.path)));
    case 'append':
      return name(g.write(at(op.path), 'x', 0o2001));
  }
}

/** Every name below a directory, with what it is. `links` leaves the link counts of directories out when they do not say anything. */
function realTree(root: string, directories: boolean): string[] {
  const lines: string[] = [];
  const visit = (path: string): void => {
    for (const entry of fs.readdirSync(`${root}${path}`).sort()) {
      const at = `${path}/${entry}`;
      const st = fs.lstatSync(`${root}${at}`);
      const target = st.isSymbolicLink() ? ` -> ${fs.readlinkSync(`${root}${at}`)}` : '';
      lines.push(
        `${at} ${(st.mode & 0o170000).toString(8)} ${st.isDirectory() ? (directories ? st.nlink : '') : `${st.nlink} ${st.size}`}${target}`,
      );
      if (st.isDirectory()) visit(at);
    }
  };
  visit('');
  return lines;
}

function ourTree(g: FileGuest, root: string, directories: boolean): string[] {
  const lines: string[] = [];
  const visit = (path: string): void => {
    for (const entry of g.list(`${root}${path}`)) {
      const at = `${path}/${entry}`;
      const st = g.stat(`${root}${at}`);
      const type = st.mode & 0o170000;
      let target = '';
      if (type === 0o120000) {
        const length = g.sys('readlinkat', AT, `${root}${at}`, g.memory, 4096);
        target = ` -> ${Buffer.from(g.bytes(length)).toString('latin1')}`;
      }
      lines.push(`${at} ${type.toString(8)} ${type === 0o40000 ? (directories ? st.nlink : '') : `${st.nlink} ${st.size}`}${target}`);
      if (type === 0o40000) visit(at);
    }
  };
  visit('');
  return lines;
}

const LOWER: readonly FakeFile[] = [
  { path: 'a', mode: 0o40755 },
  { path: 'a/a', mode: 0o40755 },
  { path: 'a/a/b', mode: 0o100644, size: 7 },
  { path: 'a/b', mode: 0o100644, size: 5000 },
  { path: 'b', mode: 0o100644, size: 3 },
  { path: 'c', mode: 0o40755 },
  { path: 'c/a', mode: 0o120777, target: 'b' },
];

function plant(root: string): void {
  for (const file of LOWER) {
    const at = join(root, file.path);
    if (file.target !== undefined) fs.symlinkSync(file.target, at);
    else if ((file.mode & 0o170000) === 0o40000) fs.mkdirSync(at);
    else fs.writeFileSync(at, Buffer.alloc(file.size!));
  }
}

function withHost(run: (root: string) => void): void {
  const root = fs.mkdtempSync(join(tmpdir(), 'holm-model-'));
  try {
    run(root);
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('names behave as on the Linux that runs this test', () => {
  it('in tmpfs', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) =>
        withHost((root) => {
          const g = new FileGuest();
          g.sys('mkdirat', AT, '/t', 0o755);
          for (const op of operations) expect([op, ours(g, '/t', op)]).toEqual([op, real(root, op)]);
          expect(ourTree(g, '/t', true)).toEqual(realTree(root, true));
        }),
      ),
      { numRuns: 150 },
    );
  }, 120000);

  it('in an overlay, except that directories with lower parts do not move', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), (operations) =>
        withHost((root) => {
          plant(root);
          const g = new FileGuest(new Map([['l', fakeLayer('l', LOWER)]]));
          for (const d of ['/l', '/w', '/m']) g.sys('mkdirat', AT, d, 0o755);
          g.sys('mount', 'l', '/l', 'layerfs', 1, 0);
          g.sys('mkdirat', AT, '/w/u', 0o755);
          g.sys('mkdirat', AT, '/w/w', 0o755);
          expect(g.sys('mount', 'o', '/m', 'overlay', 0, 'lowerdir=/l,upperdir=/w/u,workdir=/w/w')).toBe(0);
          for (const op of operations) {
            const mine = ours(g, '/m', op);
            if (mine === 'EXDEV') continue;
            expect([op, mine]).toEqual([op, real(root, op)]);
          }
          expect(ourTree(g, '/m', false)).toEqual(realTree(root, false));
        }),
      ),
      { numRuns: 150 },
    );
  }, 120000);
});
