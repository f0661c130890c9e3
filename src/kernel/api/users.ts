/** `user[:group]` as a container names it, resolved by the container's own /etc/passwd and /etc/group. See passwd(5), group(5). */

import { isErrno } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import { openAt } from '../vfs/open.ts';
import { latin1Text } from '../vfs/text.ts';

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly home: string;
}

const AT_FDCWD = -100;
const MAX_FILE = 1 << 20;

/** The content of a file in the task's root; the empty string when it cannot be read. */
function readText(task: Task, path: string): string {
  const file = openAt(task, AT_FDCWD, path, { flags: 0, mode: 0, resolve: 0 });
  if (isErrno(file)) return '';
  const bytes = new Uint8Array(Math.min(file.inode.size, MAX_FILE));
  const count = file.read(task, IovIter.kernel(bytes), 0);
  file.put();
  return count > 0 ? latin1Text(bytes.subarray(0, count)) : '';
}

const rows = (text: string): string[][] => text.split('\n').map((line) => line.split(':'));
const isNumber = (text: string): boolean => /^\d+$/.test(text);

/** The ids, or a line that says what is unknown. */
export function resolveUser(task: Task, spec: string): ResolvedUser | string {
  const [user = '', group] = spec.split(':');
  const passwd = rows(readText(task, '/etc/passwd'));
  const entry =
    user === '' ? passwd.find((row) => row[2] === '0') : passwd.find((row) => row[0] === user || (isNumber(user) && row[2] === user));
  if (entry === undefined && user !== '' && !isNumber(user)) return `unable to find user ${user}: no matching entry in passwd file`;
  const uid = entry ? Number(entry[2]) : Number(user || 0);
  let gid = entry ? Number(entry[3]) : 0;
  const groups = rows(readText(task, '/etc/group'));
  if (group !== undefined && group !== '') {
    const found = groups.find((row) => row[0] === group || (isNumber(group) && row[2] === group));
    if (found === undefined && !isNumber(group)) return `unable to find group ${group}: no matching entry in group file`;
    gid = found ? Number(found[2]) : Number(group);
  }
  const name = entry?.[0];
  const supplementary =
    group !== undefined || name === undefined
      ? []
      : groups.filter((row) => (row[3] ?? '').split(',').includes(name)).map((row) => Number(row[2]));
  return { uid, gid, groups: [...new Set([gid, ...supplementary])], home: entry?.[5] || '/' };
}
