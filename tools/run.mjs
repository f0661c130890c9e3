/** Shared by the scripts of this folder: run a command of the project, find its root. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Run a program in the project's root; ends the process with its status when it fails and `orExit` is set. */
export function run(command, args, { orExit = true, quiet = false, env = {} } = {}) {
  const done = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (done.error) {
    console.error(`holm: cannot run ${command}: ${done.error.message}`);
    process.exit(1);
  }
  if (done.status !== 0 && orExit) {
    if (quiet) process.stderr.write((done.stdout ?? '') + (done.stderr ?? ''));
    process.exit(done.status ?? 1);
  }
  return done;
}

/** A tool that npm installed. */
export const tool = (name) => join(root, 'node_modules', '.bin', name);
