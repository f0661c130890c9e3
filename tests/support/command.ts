/** The holm command as users run it, with a store of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HOLM = join(import.meta.dirname, '../../bin/holm.js');

export interface Finished {
  /** The exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; empty unless told. */
  readonly input?: string | Uint8Array;
}

/** A user with empty XDG directories, whose containers run in the command's own process. */
export class User {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.home = mkdtempSync(join(tmpdir(), 'holm-user-'));
    this.env = {
      XDG_DATA_HOME: join(this.home, 'data'),
      XDG_CACHE_HOME: join(this.home, 'cache'),
      XDG_STATE_HOME: join(this.home, 'state'),
      XDG_RUNTIME_DIR: join(this.home, 'run'),
      // No engine stays behind, but where that is what is tested.
      HOLM_STANDALONE: '1',
      ...env,
    };
  }

  /** Start a command; its standard input is left open. */
  start(args: readonly string[], options: CommandOptions = {}): ChildProcess {
    return spawn(process.execPath, [HOLM, ...args], {
      cwd: options.cwd ?? this.home,
      env: { ...process.env, ...this.env, ...options.env },
      stdio: 'pipe',
    });
  }

  holm(args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
    const child = this.start(args, options);
    child.stdin!.on('error', () => undefined); // it may end without reading
    child.stdin!.end(options.input ?? '');
    return finished(child);
  }
}

/** What a command leaves. */
export function finished(child: ChildProcess): Promise<Finished> {
  const text = { stdout: '', stderr: '' };
  child.stdout!.on('data', (bytes: Buffer) => (text.stdout += bytes.toString()));
  child.stderr!.on('data', (bytes: Buffer) => (text.stderr += bytes.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
}
