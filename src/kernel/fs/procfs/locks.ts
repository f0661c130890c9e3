/** Locks on files as text: /proc/locks, and what /proc/[pid]/fdinfo says of them. See proc_locks(5). Linux: fs/locks.c. */

import { F_RDLCK, F_WRLCK } from '../../../abi/fcntl.ts';
import { majorOf, minorOf } from '../../../abi/stat.ts';
import type { PidNamespace } from '../../namespace/pid_namespace.ts';
import type { FdTable } from '../../vfs/fd_table.ts';
import type { File } from '../../vfs/file.ts';
import type { FileLock, FileLocks } from '../../vfs/file_locks.ts';
import type { ProcContext } from './entry.ts';

const KINDS = { POSIX: 'POSIX  ADVISORY ', OFDLCK: 'OFDLCK ADVISORY ', FLOCK: 'FLOCK  ADVISORY ' };

/** The process as the namespace knows it: 0 if it cannot be seen there, -1 for locks of descriptions. Linux: locks_translate_pid. */
function pidOf({ kind, pid, file }: FileLock, namespace: PidNamespace): number {
  if (kind === 'OFDLCK') return -1;
  const { initialPidNs } = file.kernel;
  return namespace === initialPidNs ? pid : (initialPidNs.find(pid)?.in(namespace) ?? 0);
}

/** Linux: lock_get_status. */
function lockText(lock: FileLock, id: number, level: number, namespace: PidNamespace): string {
  const { inode } = lock.file;
  const arrow = level === 0 ? '' : '-> '.padStart(level + 2);
  const type = lock.type === F_WRLCK ? 'WRITE' : lock.type === F_RDLCK ? 'READ' : 'UNLCK';
  const [major, minor] = [majorOf, minorOf].map((of) => of(inode.sb.dev).toString(16).padStart(2, '0'));
  const last = lock.end === Number.POSITIVE_INFINITY ? 'EOF' : lock.end - 1;
  return `${id}: ${arrow}${KINDS[lock.kind]} ${type} ${pidOf(lock, namespace)} ${major}:${minor}:${inode.ino} ${lock.start} ${last}\n`;
}

/** A lock and, below it, the wishes that it stands in the way of. */
interface Blocker {
  readonly lock: FileLock;
  readonly blocked: Blocker[];
}

/** Whether a lock that is held or wished for stands in the way of a wish. */
function blocks(lock: FileLock, wish: FileLock): boolean {
  if (lock.owner === wish.owner || (lock.kind === 'FLOCK') !== (wish.kind === 'FLOCK')) return false;
  return (lock.type === F_WRLCK || wish.type === F_WRLCK) && lock.start < wish.end && wish.start < lock.end;
}

/** The wishes for an inode's locks below what they wait for: an earlier wish that they cannot live with either, or a lock. Linux: __locks_insert_block. */
function blockersOf(locks: FileLocks): Map<FileLock, Blocker> {
  const roots = new Map<FileLock, Blocker>();
  for (const { lock: wish } of locks.waiting) {
    const first = wish.kind === 'FLOCK' ? locks.flockConflict(wish) : locks.conflict(wish);
    if (first === null) continue;
    let at = roots.get(first) ?? { lock: first, blocked: [] };
    roots.set(first, at);
    for (let next: Blocker | undefined = at; next !== undefined; next = at.blocked.find(({ lock }) => blocks(lock, wish))) at = next;
    at.blocked.push({ lock: wish, blocked: [] });
  }
  return roots;
}

/** The newest first; those of processes that the mount's namespace does not know are left out, but numbered. */
export function locksText({ kernel, sb }: ProcContext): string {
  const namespace = sb.pidNamespace;
  const blockers = new Map<FileLocks, Map<FileLock, Blocker>>();
  let text = '';
  const show = ({ lock, blocked }: Blocker, id: number, level: number): void => {
    text += lockText(lock, id, level, namespace);
    for (const below of blocked) show(below, id, level + 1);
  };
  for (const [index, lock] of [...kernel.vfs.fileLocks].reverse().entries()) {
    if (pidOf(lock, namespace) === 0) continue;
    const locks = lock.file.inode.locks!;
    if (!blockers.has(locks)) blockers.set(locks, blockersOf(locks));
    show(blockers.get(locks)!.get(lock) ?? { lock, blocked: [] }, index + 1, 0);
  }
  return text;
}

/** Those that were taken through `file` by itself or by the process with this table. Linux: show_fd_locks. */
export function fdLocksText(file: File, files: FdTable, namespace: PidNamespace): string {
  const { locks } = file.inode;
  if (locks === null) return '';
  const flock = locks.flocks.get(file);
  const records = [...locks.records].flatMap(([owner, list]) => (owner === files || owner === file ? [...list] : []));
  return [...(flock === undefined ? [] : [flock]), ...records.filter((lock) => lock.file === file)]
    .map((lock, index) => `lock:\t${lockText(lock, index + 1, 0, namespace)}`)
    .join('');
}
