/** Bundles the command and the library into dist/. Does nothing when dist/ is newer than every source. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';
import stale from './stale.cjs';

const dist = join(root, 'dist');

/** Build if needed. */
export async function build({ force = false } = {}) {
  if (!force && !stale.isStale()) return;
  const { build: bundle } = await import('esbuild');
  mkdirSync(dist, { recursive: true });
  const started = new Date();
  const common = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' };
  await bundle({
    ...common,
    entryPoints: { index: 'src/hosts/node/index.ts' },
    outdir: 'dist',
    format: 'esm',
    packages: 'external',
    sourcemap: 'linked',
  });
  const command = await buildCommand(bundle, common);
  // The interpreter is generated once, not at every start.
  await bundle({ ...common, entryPoints: ['src/machine/machine.ts'], outfile: '.build/machine.mjs', format: 'esm' });
  const { buildInterpreter } = await import(new URL('../.build/machine.mjs', import.meta.url).href);
  writeFileSync(join(dist, 'interpreter.bin'), buildInterpreter());
  // Commands that start meanwhile find the old script or the new one.
  writeFileSync(`${stale.stamp}.new`, command);
  utimesSync(`${stale.stamp}.new`, started, started);
  renameSync(`${stale.stamp}.new`, stale.stamp);
  for (const name of readdirSync(dist)) if (name.startsWith('command-') && name !== command) rmSync(join(dist, name), { force: true });
}

/**
 * One script for the command, a function that bin/holm.js runs with V8's code cache; short names make it start sooner. Its name tells its content: a cache that
 * belongs to another script is never taken for this one's.
 */
async function buildCommand(bundle, common) {
  const { outputFiles } = await bundle({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    format: 'cjs',
    external: ['openpgp'],
    // A script run by node:vm has require, but no import.
    supported: { 'dynamic-import': false },
    minifySyntax: true,
    minifyIdentifiers: true,
    minifyWhitespace: true,
    define: { 'import.meta.url': '__url' },
    banner: { js: '(function (exports, require, module, __url) {' },
    footer: { js: '})' },
    write: false,
  });
  const { contents } = outputFiles[0];
  const name = `command-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}.cjs`;
  writeFileSync(join(dist, `${name}.new`), contents);
  renameSync(join(dist, `${name}.new`), join(dist, name));
  return name;
}

if (process.argv[1] === new URL(import.meta.url).pathname) await build({ force: true });
