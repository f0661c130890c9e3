/** Opening a file to run it. Linux: do_open_execat in fs/exec.c. */

import { CAP_SYS_PTRACE } from '../../abi/capability.ts';
import { EACCES, ELOOP, ETXTBSY, isErrno } from '../../abi/errno.ts';
import { AT_FDCWD } from '../../abi/fcntl.ts';
import { MS_NOEXEC, MS_NOSUID } from '../../abi/mount.ts';
import { S_IFLNK, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, lookupPath } from '../vfs/namei.ts';
import { type OpenHow, openPath } from '../vfs/open.ts';
import { MAY_EXEC, MAY_READ, permission } from '../vfs/permission.ts';
import type { ExecSubject } from './exec_creds.ts';

const EXEC_OPEN: OpenHow = { flags: 0, mode: 0, resolve: 0, exec: true };

/** The file called `name`, open for reading by the kernel, if the task may execute it. An empty name is `dirfd` itself. */
export function openExec(task: Task, name: string, dirfd: number = AT_FDCWD, follow = true): File | number {
  const path = lookupPath(task, dirfd, name, (follow ? LOOKUP_FOLLOW : 0) | (dirfd !== AT_FDCWD ? LOOKUP_EMPTY : 0));
  if (isErrno(path)) return path;
  const { inode, mount } = path;
  const type = inode.mode & S_IFMT;
  if (type === S_IFLNK) return -ELOOP;
  if (type !== S_IFREG || ((mount.flags | mount.sb.impliedFlags) & MS_NOEXEC) !== 0) return -EACCES;
  const denied = permission(task, inode, MAY_EXEC);
  if (denied < 0) return denied;
  if (inode.writers > 0) return -ETXTBSY;
  return openPath(task, path, EXEC_OPEN, false);
}

/** Whether the caller may read the program too. Linux: would_dump. */
export const isReadable = (task: Task, file: File): boolean => permission(task, file.inode, MAY_READ) >= 0;

/** Whether a tracer could use what the program gains. Linux: LSM_UNSAFE_PTRACE, ptracer_capable. */
const isTracedByOthers = ({ tracee, cred }: Task): boolean => tracee !== null && !tracee.cred.capable(CAP_SYS_PTRACE, cred.userNs);

/** What of the file decides about the program's credentials; or a negative errno or NOT_RESIDENT. */
export function execSubject(task: Task, file: File): ExecSubject | number {
  const { inode } = file;
  const mount = file.path?.mount ?? null;
  const capability = inode.getxattr(task, 'security.capability');
  if (capability === NOT_RESIDENT) return NOT_RESIDENT;
  const owner = inode.sb.userNs ?? task.kernel.initialUserNs;
  const maySuid =
    mount !== null &&
    mount.namespace === task.nsproxy.mnt &&
    ((mount.flags | mount.sb.impliedFlags) & MS_NOSUID) === 0 &&
    task.cred.userNs.isWithin(owner);
  return {
    mode: inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    capability: typeof capability === 'number' ? null : capability,
    maySuid,
    owner,
    unsafe: (task.fs !== null && task.fs.users > task.group.live) || isTracedByOthers(task),
  };
}
