/** The pids controller: how many threads a group may have. Linux: kernel/cgroup/pids.c. See cgroup-v2.rst, PID. */

import type { Cgroup } from './cgroup.ts';
import { type CgroupFile, limitText, parseLimit } from './cgroup_file.ts';

/** Linux: PIDS_MAX. */
const PIDS_MAX = 4194305;

export class PidsGroup {
  max: number = Number.POSITIVE_INFINITY;
  peak: number;
  /** Forks refused because of a limit here or below, and because of the limit here. */
  refusals = 0;
  localRefusals = 0;

  constructor(threads: number) {
    this.peak = threads;
  }
}

/** A thread is about to be made in `cgroup`: count it there and above, or, if a limit refuses it, nowhere. Linux: pids_can_fork. */
export function tryChargeThread(cgroup: Cgroup): boolean {
  for (let at: Cgroup | null = cgroup; at !== null; at = at.parent) {
    if (at.pids !== null && at.threads >= at.pids.max) {
      refuse(at);
      return false;
    }
  }
  chargeThread(cgroup);
  return true;
}

/** Count a thread that exists already, whatever the limits are. */
export function chargeThread(cgroup: Cgroup): void {
  for (let at: Cgroup | null = cgroup; at !== null; at = at.parent) {
    at.threads++;
    if (at.pids !== null && at.threads > at.pids.peak) at.pids.peak = at.threads;
  }
}

export function unchargeThread(cgroup: Cgroup): void {
  for (let at: Cgroup | null = cgroup; at !== null; at = at.parent) at.threads--;
}

/** Linux: pids_event. */
function refuse(limited: Cgroup): void {
  limited.pids!.localRefusals++;
  limited.notify('pids.events.local');
  for (let at: Cgroup | null = limited; at?.pids != null && at.parent !== null; at = at.parent) {
    at.pids.refusals++;
    at.notify('pids.events');
  }
}

function writeMax({ pids }: Cgroup, text: string): number {
  const max = parseLimit(text, PIDS_MAX - 1);
  if (max < 0) return max;
  pids!.max = max;
  return 0;
}

export const pidsFiles: readonly CgroupFile[] = [
  { name: 'pids.max', mode: 0o644, read: ({ pids }) => limitText(pids!.max), write: writeMax },
  { name: 'pids.current', mode: 0o444, read: ({ threads }) => `${threads}\n` },
  { name: 'pids.peak', mode: 0o444, read: ({ pids }) => `${pids!.peak}\n` },
  { name: 'pids.events', mode: 0o444, read: ({ pids }) => `max ${pids!.refusals}\n` },
  { name: 'pids.events.local', mode: 0o444, read: ({ pids }) => `max ${pids!.localRefusals}\n` },
];
