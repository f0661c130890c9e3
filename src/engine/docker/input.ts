/** Input of an attached client, with the keys that leave the container running behind. See docker-attach(1). */

import { HolmError } from '../error.ts';
import type { GuestProcess } from '../guest_process.ts';
import { concat } from '../streams.ts';
import { chunksOf } from './multiplex.ts';

const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/** Bytes of `ctrl-p,ctrl-q` and the like. */
export function parseDetachKeys(text: string | null): Uint8Array {
  return Uint8Array.from(
    (text || DEFAULT_DETACH_KEYS).split(',').map((key) => {
      const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
      if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
      if (key.length !== 1)
        throw new HolmError('EOPTION', `invalid detach keys "${text}": a letter, or ctrl- and a letter, separated by commas`);
      return key.charCodeAt(0);
    }),
  );
}

export interface InputOptions {
  /** Typed on a terminal, they end the connection. */
  readonly detachKeys: Uint8Array;
  /** The end of the input is the end of the process's. */
  readonly once: boolean;
}

/** Copy input to the process until it ends. True when the client has typed the keys to leave. */
export async function copyInput(source: ReadableStream<Uint8Array>, process: GuestProcess, options: InputOptions): Promise<boolean> {
  const writer = process.stdin.getWriter();
  const scan = process.tty ? new KeyScanner(options.detachKeys) : null;
  try {
    for await (const chunk of chunksOf(source)) {
      const passed = scan === null ? chunk : scan.push(chunk);
      if (passed.length > 0) await writer.write(passed);
      if (scan?.found) return true;
    }
    if (options.once && !process.tty) await writer.close();
  } catch {
    // The process has ended, or the client has gone.
  } finally {
    writer.releaseLock();
  }
  return false;
}

/** Passes bytes on, but for a sequence of keys. */
class KeyScanner {
  found = false;
  private readonly keys: Uint8Array;
  private matched = 0;

  constructor(keys: Uint8Array) {
    this.keys = keys;
  }

  push(chunk: Uint8Array): Uint8Array {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (byte !== this.keys[this.matched]) {
        passed.push(...this.keys.subarray(0, this.matched));
        this.matched = 0;
      }
      if (byte === this.keys[this.matched]) {
        this.matched += 1;
        if (this.matched === this.keys.length) {
          this.found = true;
          break;
        }
      } else passed.push(byte);
    }
    return passed.length === chunk.length ? chunk : concat([Uint8Array.from(passed)]);
  }
}
