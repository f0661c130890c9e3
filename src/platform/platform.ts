/** Everything the kernel needs from below, handed over by the composition root. */

import type { BlockStore } from './blocks.ts';
import type { Clock, Random } from './clock.ts';
import type { Console } from './console.ts';
import type { Machine } from './cpu.ts';
import type { HostFolder } from './host_folder.ts';
import type { LayerStore } from './layer.ts';

export interface Platform {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  readonly blocks: BlockStore;
  readonly layers: LayerStore;
  /** The host's end of the stream called `name`; null when nothing is bound to it now. */
  console(name: string): Console | null;
  /** The host's folder called `name`; null when there is none. */
  folder(name: string): HostFolder | null;
  /** One line of a system call trace; `container` is the name of the traced cgroup. */
  trace(container: string, line: string): void;
  /** A kernel message (printk), one line. */
  log(line: string): void;
}
