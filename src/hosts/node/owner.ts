/** Names of processes that survive the reuse of process ids. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** When a process was started, as far as the host tells. See proc(5), /proc/[pid]/stat, field 22. */
function startTime(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
  } catch {
    return '0';
  }
}

export function createOwner(): string {
  return `${process.pid}.${startTime(process.pid)}.${randomBytes(4).toString('hex')}`;
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
  return now === '0' || started === '0' || now === started;
}
