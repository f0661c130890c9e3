/** Freezing the processes of a container. */

import { setFreeze } from '../cgroup/freezer.ts';
import type { RuntimeProcess } from './runtime_process.ts';

/** Whether the processes of the container whose first one this is are frozen, or about to be. */
export const isFrozen = ({ cgroup }: RuntimeProcess): boolean => cgroup.freeze;

/** Freeze them, or let them go on. */
export const setFrozen = ({ cgroup }: RuntimeProcess, frozen: boolean): void => setFreeze(cgroup, frozen);
