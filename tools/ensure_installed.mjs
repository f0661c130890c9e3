/** Installs the packages of package-lock.json if that has not been done since it changed. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.mjs';

const stamp = join(root, 'node_modules', '.holm-installed');
const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');

/** Install what is missing; says so only when there is something to do. */
export function ensureInstalled() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  if (!existsSync(join(root, 'node_modules')) || !statSync(join(root, 'node_modules')).isDirectory() || !existsSync(stamp)) {
    console.error('holm: installing packages …');
  }
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], { quiet: true });
  writeFileSync(stamp, lock);
}

if (process.argv[1] === new URL(import.meta.url).pathname) ensureInstalled();
