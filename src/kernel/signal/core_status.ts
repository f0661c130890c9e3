/** The wait status of a process that a signal ends with a core dump. See core(5). */

import { RLIMIT_CORE } from '../../abi/process.ts';
import type { ThreadGroup } from '../task/thread_group.ts';

/** Below this limit no core is dumped (none ever is written here, but a status says so). Linux: ELF_EXEC_PAGESIZE. */
const CORE_MINIMUM = 4096;

export const coreStatus = (group: ThreadGroup, signo: number): number =>
  group.softLimit(RLIMIT_CORE) >= CORE_MINIMUM ? signo | 0x80 : signo;
