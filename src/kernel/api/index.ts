/** The kernel as the engine sees it: operations on behalf of a runtime task, shaped like the system calls that guests have. */

export { Kernel } from '../kernel.ts';
export { type Change, changesBelow } from './changes.ts';
export { type FolderMount, type Started, startContainer, startProcess } from './container.ts';
export { createKernel } from './create.ts';
export { RuntimeProcess } from './runtime_process.ts';
