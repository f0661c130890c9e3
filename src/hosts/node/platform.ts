/** The platform of Node: machine, clock, randomness, and the host's ends of named things. */

import { existsSync, readFileSync } from 'node:fs';
import type { JitOptions } from '../../machine/jit/jit.ts';
import { createMachine } from '../../machine/machine.ts';
import type { BlockStore } from '../../platform/blocks.ts';
import type { Clock, Random } from '../../platform/clock.ts';
import type { Console } from '../../platform/console.ts';
import type { LayerStore } from '../../platform/layer.ts';
import type { Platform } from '../../platform/platform.ts';
import { openHostFolder } from './host_folder.ts';
import { fillRandom } from './random.ts';

/** Milliseconds as Node counts them, in whole nanoseconds. */
const nanoseconds = (milliseconds: number): number => Math.round(milliseconds * 1e6);

export const clock: Clock = {
  monotonic: () => nanoseconds(performance.now()),
  realtime: () => {
    const now = performance.timeOrigin + performance.now();
    const seconds = Math.floor(now / 1000);
    return { seconds, nanoseconds: Math.min(999_999_999, nanoseconds(now - seconds * 1000)) };
  },
};

export const random: Random = {
  fill: fillRandom,
};

export interface NodePlatformOptions {
  readonly blocks: BlockStore;
  readonly layers: LayerStore;
  readonly jit?: Partial<JitOptions>;
  console(name: string): Console | null;
  /** The host path of a folder that was given to a container, by its name in the kernel. */
  folder(name: string): string | null;
  trace(container: string, line: string): void;
}

/** Kernel messages are for people who look for bugs: HOLM_LOG=1 shows them. */
const log = process.env['HOLM_LOG'] ? (line: string): boolean => process.stderr.write(`[holm] ${line}\n`) : (): void => undefined;

/** The interpreter as the build left it, beside the bundle or (when the sources run as they are) in dist/; undefined: it is generated. */
function builtInterpreter(): Uint8Array | undefined {
  for (const place of ['./interpreter.bin', '../../../dist/interpreter.bin']) {
    const path = new URL(place, import.meta.url);
    if (existsSync(path)) return readFileSync(path);
  }
  return undefined;
}

export function createPlatform(options: NodePlatformOptions): Platform {
  return {
    machine: createMachine({ clock, interpreter: builtInterpreter(), jit: options.jit ?? {} }),
    clock,
    random,
    blocks: options.blocks,
    layers: options.layers,
    console: options.console,
    folder: (name) => {
      const path = options.folder(name);
      return path === null ? null : openHostFolder(path);
    },
    log,
    trace: options.trace,
  };
}
