/** Bundles the command and the library into dist/. Does nothing when dist/ is newer than every source. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const dist = join(root, 'dist');
const stamp = join(dist, '.built');

/** Whether a source is newer than the last build. */
export function isStale() {
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  const newer = (folder) =>
    readdirSync(folder, { withFileTypes: true }).some((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? newer(path) : !entry.name.endsWith('.test.ts') && statSync(path).mtimeMs > built;
    });
  return newer(join(root, 'src')) || statSync(join(root, 'package-lock.json')).mtimeMs > built;
}

/** Build if needed. */
export async function build({ force = false } = {}) {
  if (!force && !isStale()) return;
  const { build: bundle } = await import('esbuild');
  mkdirSync(dist, { recursive: true });
  const started = new Date();
  await bundle({
    absWorkingDir: root,
    entryPoints: { holm: 'src/cli/main.ts', index: 'src/hosts/node/index.ts' },
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'linked',
    chunkNames: 'chunk-[hash]',
    logLevel: 'warning',
  });
  // The interpreter is generated once, not at every start.
  await bundle({
    absWorkingDir: root,
    entryPoints: ['src/machine/machine.ts'],
    outfile: '.build/machine.mjs',
    bundle: true,
    format: 'esm',
    logLevel: 'warning',
  });
  const { buildInterpreter } = await import(new URL('../.build/machine.mjs', import.meta.url).href);
  writeFileSync(join(dist, 'interpreter.bin'), buildInterpreter());
  writeFileSync(stamp, '');
  const { utimesSync } = await import('node:fs');
  utimesSync(stamp, started, started);
}

if (process.argv[1] === new URL(import.meta.url).pathname) await build({ force: true });
