/** Names of processes that survive the reuse of process ids. */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** When a process was started, as far as the host tells. See proc(5), /proc/[pid]/stat, field 22. */
async function startTime(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
  } catch {
    return '0';
  }
}

export async function createOwner(): Promise<string> {
  return `${process.pid}.${await startTime(process.pid)}.${randomBytes(4).toString('hex')}`;
}

/** Whether the process that was given this name still runs. */
export async function ownerAlive(owner: string): Promise<boolean> {
  const [pid, started] = owner.split('.');
  const number = Number(pid);
  if (!Number.isInteger(number) || number <= 0) return false;
  try {
    process.kill(number, 0);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EPERM') return false;
  }
  const now = await startTime(number);
  return now === '0' || started === '0' || now === started;
}
