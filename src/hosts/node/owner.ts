/** Names of processes that survive the reuse of process ids. */

import { readFileSync } from 'node:fs';
import { fillRandom } from './random.ts';

const UNKNOWN = '0';

/** When a process was started, as far as the host tells; null for one that has ended. See proc(5), /proc/[pid]/stat, fields 3 and 22. */
function startTime(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie waits for a parent that may never ask.
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? UNKNOWN);
  } catch {
    return UNKNOWN;
  }
}

export function createOwner(): string {
  const suffix = Buffer.alloc(4);
  fillRandom(suffix);
  return `${process.pid}.${startTime(process.pid) ?? UNKNOWN}.${suffix.toString('hex')}`;
}

/** Whether the process that was given this name still runs. */
export function ownerAlive(owner: string): boolean {
  const [pid, started] = owner.split('.');
  const number = Number(pid);
  if (!Number.isInteger(number) || number <= 0) return false;
  try {
    process.kill(number, 0);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EPERM') return false;
  }
  const now = startTime(number);
  return now === UNKNOWN || started === UNKNOWN || now === started;
}
