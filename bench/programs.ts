/** Builds the benchmark programs for arm64 and for this machine, packs them as an image, and finds the tools that run them. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('./programs', import.meta.url));

/** Where everything that the benchmarks build is kept. */
export const buildDirectory: string = fileURLToPath(new URL('../.build/bench', import.meta.url));

export const CROSS_COMPILER = 'aarch64-linux-gnu-gcc';
const COMPILER = 'gcc';
const QEMU = 'qemu-aarch64-static';

/** No vector code for loops that are written as loops: a call of memcpy is measured where it is meant. */
const FLAGS = ['-O2', '-static', '-Wall', '-fno-tree-loop-distribute-patterns'];
const FLAGS_OF: Readonly<Record<string, readonly string[]>> = { 'hello.c': ['-nostartfiles'] };

/** Absolute path of a program in $PATH, or null. */
export function findTool(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(':'))
    if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  return null;
}

export interface Programs {
  /** Folder with the arm64 executables. */
  readonly arm64: string;
  /** Folder with this machine's; null without a compiler. */
  readonly native: string | null;
  readonly qemu: string | null;
  /** A root file system with the arm64 executables in /bench. */
  readonly archive: string;
  /** Tools that are missing, by name. */
  readonly missing: readonly string[];
}

/** Null when there is no cross compiler: then nothing can be measured. */
export function buildPrograms(): Programs | null {
  const cross = findTool(CROSS_COMPILER);
  if (cross === null) return null;
  const files = readdirSync(sources).sort();
  const hash = createHash('sha256').update(FLAGS.join(' '));
  for (const name of files) hash.update(name).update(readFileSync(join(sources, name)));
  const folder = join(buildDirectory, hash.digest('hex').slice(0, 16));
  const compilers = { arm64: cross, native: findTool(COMPILER) };
  if (!existsSync(folder)) {
    const fresh = `${folder}.new`;
    rmSync(fresh, { recursive: true, force: true });
    for (const [target, compiler] of Object.entries(compilers)) {
      if (compiler === null) continue;
      const output = join(fresh, target === 'arm64' ? 'root/bench' : target);
      mkdirSync(output, { recursive: true });
      for (const name of files.filter((one) => one.endsWith('.c')))
        must(compiler, [...FLAGS, ...(FLAGS_OF[name] ?? []), '-o', join(output, name.slice(0, -2)), join(sources, name), '-lm']);
    }
    for (const folder of ['root/bench', 'native']) if (existsSync(join(fresh, folder))) writeFileSync(join(fresh, folder, 'text'), text());
    mkdirSync(join(fresh, 'root/tmp'), { mode: 0o1777 });
    must('tar', ['-C', join(fresh, 'root'), '-cf', join(fresh, 'root.tar'), '.']);
    renameSync(fresh, folder);
  }
  const qemu = findTool(QEMU);
  const native = existsSync(join(folder, 'native')) ? join(folder, 'native') : null;
  const missing = [...(native === null ? [COMPILER] : []), ...(qemu === null ? [QEMU] : [])];
  return { arm64: join(folder, 'root/bench'), native, qemu, archive: join(folder, 'root.tar'), missing };
}

/** A quarter of a megabyte of something like prose, always the same. */
function text(): string {
  const syllables = 'ka lo mi ten ra su ver in da po el sto ne ri qua bo th we'.split(' ');
  let seed = 12345;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const words = Array.from({ length: 2000 }, () =>
    Array.from({ length: 1 + random(4) }, () => syllables[random(syllables.length)]).join(''),
  );
  let all = '';
  while (all.length < 1 << 18) {
    const line = Array.from({ length: 4 + random(12) }, () => words[Math.min(random(2000), random(2000))]);
    all += `${line.join(' ')} ${random(100000)}\n`;
  }
  return all;
}

/** Run a program that has to succeed. */
export function must(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? `status ${status}`}`);
}
