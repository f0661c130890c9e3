/** The kernel as the engine sees it: operations on behalf of a runtime task, shaped like the system calls that guests have. */

export { Kernel } from '../kernel.ts';
export { ALL_CAPABILITIES, capabilityMask, DEFAULT_CAPABILITIES } from './capabilities.ts';
export { type Change, changesBelow } from './changes.ts';
export { startContainer, startProcess } from './container.ts';
export { createKernel } from './create.ts';
export { isFrozen, setFrozen } from './freeze.ts';
export { describeProcess, type ProcessInfo, processesIn } from './processes.ts';
export { limitResources, type ResourceUse, resourcesOf } from './resources.ts';
export { RuntimeProcess, type WritableLayer } from './runtime_process.ts';
export type { ContainerSpec, FolderMount, NamespaceSource, Started, TmpfsMount } from './spec.ts';
