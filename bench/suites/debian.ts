/** Debian's own programs, from an image in the store: those that compute, and those that are over at once. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context, Suite } from '../context.ts';
import type { Bound, Entry } from '../measure.ts';
import { buildDirectory, findTool, must } from '../programs.ts';
import { type HolmSystem, qemuBelow, type System } from '../systems.ts';
import { measurePrograms, type Program } from './measure_programs.ts';

/** What of an image its programs need: the rest is documentation, mostly. */
const FOLDERS = ['bin', 'lib', 'etc', 'usr/bin', 'usr/lib', 'usr/share/perl', 'usr/share/perl5'];

const PYTHON = `
import json, re
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def __add__(self, o): return Point(self.x + o.x, self.y + o.y)
p = Point(0, 0)
for i in range(20000): p = p + Point(i, -i)
d = {str(i): [i, {"n": i * i}] for i in range(2000)}
s = json.dumps(d)
words = re.findall(r"[a-z]{3,}", open("/bench/text").read())
n = {}
for w in words: n[w] = n.get(w, 0) + 1
print(p.x, p.y, len(s), json.loads(s) == d, len(words), max(n.values()))`;

const PERL = `
open F, "/bench/text"; while (<F>) { $n{$1}++ while /([a-z]+(?:ka|lo)[a-z]*)/g; $d += $1 if /(\\d+)$/; s/(\\w+) (\\w+)/$2 $1/g; $l += length }
print join(" ", scalar(keys %n), $d, $l), "\\n"`;

const LUA = `
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local t = {} for i = 1, 20000 do t[#t + 1] = ("%d:%s"):format(i, ("x"):rep(i % 7)) end
local s = table.concat(t, ",") local _, n = s:gsub("x+", "y")
local function queens(n, row, a, b, c) if row > n then return 1 end local k = 0
  for i = 1, n do if not (a[i] or b[row + i] or c[row - i + n]) then a[i], b[row + i], c[row - i + n] = true, true, true
    k = k + queens(n, row + 1, a, b, c) a[i], b[row + i], c[row - i + n] = nil, nil, nil end end return k end
print(fib(24), #s, n, queens(7, 1, {}, {}, {}))`;

const SQL = `
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000) insert into t select i, 'row ' || (i * 7 % 1000), i * 0.5 from n;
create index i on t(b);
select count(*), sum(c), max(b) from t where b like 'row 9%'; select b, count(*) k from t group by b order by k desc, b limit 3;
update t set c = c + 1 where a % 3 = 0; select sum(c) from t;`;

const AWK = '{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) { k++; s += n[w] * length(w) } print k, s }';

const computing: readonly Program[] = [
  { name: 'gzip -9', argv: ['/usr/bin/gzip', '-9nc', '/bench/text'] },
  { name: 'bzip2', argv: ['/usr/bin/bzip2', '-9c', '/bench/text'] },
  { name: 'xz', argv: ['/usr/bin/xz', '-3c', '-T1', '/bench/text'] },
  { name: 'zstd', argv: ['/usr/bin/zstd', '-q9c', '--single-thread', '/bench/text'] },
  { name: 'awk', argv: ['/usr/bin/mawk', AWK, '/bench/text'] },
  { name: 'sort', argv: ['/usr/bin/sort', '--parallel=1', '/bench/text'] },
  { name: 'perl', argv: ['/usr/bin/perl', '-e', PERL] },
  { name: 'python3', argv: ['/usr/bin/python3', '-c', PYTHON] },
  { name: 'lua', argv: ['/usr/bin/lua5.4', '-e', LUA] },
  { name: 'sqlite3', argv: ['/usr/bin/sqlite3', ':memory:', SQL] },
];

const brief: readonly Program[] = [
  { name: 'true', argv: ['/usr/bin/true'] },
  { name: 'bash -c :', argv: ['/usr/bin/bash', '-c', ':'] },
  { name: 'perl -e 1', argv: ['/usr/bin/perl', '-e', '1'] },
  { name: 'python3 -c pass', argv: ['/usr/bin/python3', '-c', 'pass'] },
  {
    name: 'script with 500 forks',
    argv: ['/usr/bin/bash', '-c', 'for i in {1..500}; do x=$(echo $((i * 3))); done; echo $x'],
  },
];

/** The image's files in a folder of the host, with qemu in it; null where qemu cannot be used in such a folder. */
async function unpack(context: Context, image: string): Promise<string | null> {
  const { qemu, native } = context.programs;
  if (qemu === null || native === null || process.getuid?.() !== 0 || findTool('chroot') === null) return null;
  const root = join(buildDirectory, `root-${image}`);
  if (!existsSync(root)) {
    const fresh = `${root}.new`;
    await rm(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    const pack = `'${process.execPath}' '${context.command}' run --rm '${image}' tar -C / --ignore-failed-read -cf - ${FOLDERS.join(' ')} 2>/dev/null`;
    spawnSync('sh', ['-c', `${pack} | tar -C '${fresh}' -xf - 2>/dev/null`], { stdio: 'inherit' });
    for (const folder of ['dev', 'tmp']) mkdirSync(join(fresh, folder));
    must('mknod', [join(fresh, 'dev/null'), 'c', '1', '3']);
    await rename(fresh, root);
  }
  await rm(join(root, 'bench'), { recursive: true, force: true });
  mkdirSync(join(root, 'bench/host'), { recursive: true });
  must('cp', [join(context.programs.arm64, 'text'), join(root, 'bench')]);
  await copyFile(qemu, join(root, 'bench/host/qemu'));
  await copyFile(join(native, 'repeat'), join(root, 'bench/host/repeat'));
  return root;
}

async function* measure(context: Context, suite: string, list: readonly Program[], bound: Bound): AsyncGenerator<Entry> {
  const { image } = context.settings;
  if (image === null) {
    yield { suite, name: "Debian's programs", skipped: 'no Debian image in the store (holm pull debian)' };
    return;
  }
  const root = await unpack(context, image);
  const qemu: System | null = root === null ? null : qemuBelow(root);
  if (qemu === null) yield { suite, name: "qemu's side", skipped: 'it needs qemu-aarch64-static, chroot and root' };
  const fresh = (): Promise<HolmSystem> => context.debian(image);
  const warm = await fresh();
  try {
    for (const program of list) {
      const [path] = program.argv as [string];
      if ((await warm.run(['/usr/bin/test', '-x', path])).code !== 0) {
        yield { suite, name: program.name, skipped: `${path} is not in the image ${image}` };
        continue;
      }
      const nativeArgv = existsSync(path) ? nativePaths(context, program.argv) : null;
      yield* measurePrograms(context, suite, [{ ...program, nativeArgv }], { fresh, warm, qemu, native: context.native, bound });
    }
  } finally {
    await warm.close();
  }
}

/** Scripts name our files, too. */
const nativePaths = ({ programs }: Context, argv: readonly string[]): string[] =>
  argv.map((one) => one.replace(/\/bench\//g, `${programs.native}/`));

export const debian: Suite = {
  name: 'debian',
  about: "Debian's own programs: first run in a fresh engine, and repeated",
  run: (context: Context) => measure(context, 'debian', computing, { of: 'qemu', most: 2.5 }),
};

export const short: Suite = {
  name: 'short',
  about: "Debian's programs that are over at once: first run in a fresh engine, and repeated",
  run: (context: Context) => measure(context, 'short', brief, { of: 'qemu', most: 1 }),
};
