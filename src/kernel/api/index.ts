/** The kernel as the engine sees it: operations on behalf of a runtime task, shaped like the system calls that guests have. */

export { Kernel } from '../kernel.ts';
export { type Change, changesBelow } from './changes.ts';
export { type ContainerSpec, type FolderMount, type ProcessSpec, type Started, startContainer, startProcess } from './container.ts';
export { createKernel, type KernelOptions } from './create.ts';
export { RuntimeProcess } from './runtime_process.ts';
