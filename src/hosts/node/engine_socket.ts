/** Where the engine of this user listens: one for each store of images. */

import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { HolmError } from '../../engine/error.ts';
import { dataDirectory } from './image_host.ts';

/** A folder that nobody else can enter: $XDG_RUNTIME_DIR/holm, or one in the temporary directory. */
function runtimeDirectory(): string {
  const base = process.env['XDG_RUNTIME_DIR'];
  const folder = base?.startsWith('/') ? join(base, 'holm') : join(tmpdir(), `holm-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o077) !== 0))
    throw new HolmError('ESTORE', `${folder} must belong to this user and be closed to others (mode 700)`);
  return folder;
}

/** The unix socket of the engine that uses the store of this environment. */
export function engineSocket(): string {
  const store = createHash('sha256').update(dataDirectory()).digest('hex').slice(0, 12);
  return join(runtimeDirectory(), `engine-${store}.sock`);
}

/** Where logs are kept: $XDG_STATE_HOME/holm. */
export function stateDirectory(): string {
  const base = process.env['XDG_STATE_HOME'];
  return join(base?.startsWith('/') ? base : join(process.env['HOME'] || homedir(), '.local/state'), 'holm');
}
