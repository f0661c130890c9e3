/** Writing down a whole kernel, and making it again on the same or another platform. The contents of RAM are not part of it. */

import type { Platform } from '../../platform/platform.ts';
import { procRoot } from '../fs/procfs/root.ts';
import type { Kernel } from '../kernel.ts';
import { releaseSpace } from '../mm/space_table.ts';
import { namespaceKinds } from '../namespace/kinds.ts';
import { allCalls } from '../syscall/table.ts';
import { GraphReader } from './graph_reader.ts';
import { GraphWriter } from './graph_writer.ts';
import { type ClassRegistry, ExternalRegistry } from './registry.ts';

/** What the state may refer to without containing it: the platform's parts and the program's own tables. */
function externalsOf(platform: Platform): ExternalRegistry {
  const externals = new ExternalRegistry();
  externals.add('platform', platform);
  for (const [name, part] of Object.entries(platform))
    if (typeof part === 'object' || typeof part === 'function') externals.add(`platform.${name}`, part);
  const { machine } = platform;
  for (const [name, part] of Object.entries({ ram: machine.ram, cpu: machine.cpu, features: machine.features, vdso: machine.vdso })) {
    externals.add(`platform.machine.${name}`, part);
  }
  externals.addTable('procRoot', procRoot);
  externals.addTable('namespaceKinds', namespaceKinds);
  for (const call of allCalls) externals.add(`syscall.${call.name}`, call);
  return externals;
}

/** The kernel, and with it whatever else its embedder wants to find again (`companion`), as bytes. The kernel must not be running. */
export function saveKernel(kernel: Kernel, companion: unknown, classes: ClassRegistry): Uint8Array {
  kernel.scheduler.release();
  return new GraphWriter(classes, externalsOf(kernel.platform)).write({ kernel, companion });
}

export interface RestoredKernel {
  readonly kernel: Kernel;
  readonly companion: unknown;
}

/** A kernel from the bytes of saveKernel; RAM must hold what it held then. Panics when the bytes are not those of such a kernel. */
export function restoreKernel(bytes: Uint8Array, platform: Platform, classes: ClassRegistry): RestoredKernel {
  return new GraphReader(classes, externalsOf(platform)).read(bytes) as RestoredKernel;
}

/** A restored kernel has taken over the machine: the processor's side of this one's address spaces is given back. */
export function abandonKernel(kernel: Kernel): void {
  for (const { task } of kernel.initialPidNs.list()) if (task !== null && task.mm !== null) releaseSpace(task.mm);
}
