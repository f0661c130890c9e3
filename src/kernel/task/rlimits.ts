/** Resource limits of a process. See getrlimit(2). */

import {
  RLIM_NLIMITS,
  RLIMIT_CORE,
  RLIMIT_MEMLOCK,
  RLIMIT_MSGQUEUE,
  RLIMIT_NICE,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_RTPRIO,
  RLIMIT_SIGPENDING,
  RLIMIT_STACK,
} from '../../abi/process.ts';

export interface Rlimit {
  /** rlim_cur and rlim_max; Infinity is RLIM_INFINITY. */
  readonly soft: number;
  readonly hard: number;
}

const UNLIMITED: Rlimit = { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY };

/** Threads and queued signals that one user may have: as Linux computes it for 4 GiB of RAM. */
const PROCESSES = 15600;
/** /proc/sys/kernel/threads-max. */
export const MAX_THREADS: number = 2 * PROCESSES;

/** The limits of the first process. Linux: INIT_RLIMITS. */
export function initialRlimits(): Rlimit[] {
  const limits = new Array<Rlimit>(RLIM_NLIMITS).fill(UNLIMITED);
  limits[RLIMIT_STACK] = { soft: 8 * 1024 * 1024, hard: Number.POSITIVE_INFINITY };
  limits[RLIMIT_CORE] = { soft: 0, hard: Number.POSITIVE_INFINITY };
  limits[RLIMIT_NPROC] = { soft: PROCESSES, hard: PROCESSES };
  limits[RLIMIT_NOFILE] = { soft: 1024, hard: 524288 };
  limits[RLIMIT_MEMLOCK] = { soft: 8 * 1024 * 1024, hard: 8 * 1024 * 1024 };
  limits[RLIMIT_SIGPENDING] = { soft: PROCESSES, hard: PROCESSES };
  limits[RLIMIT_MSGQUEUE] = { soft: 819200, hard: 819200 };
  limits[RLIMIT_NICE] = { soft: 0, hard: 0 };
  limits[RLIMIT_RTPRIO] = { soft: 0, hard: 0 };
  return limits;
}
