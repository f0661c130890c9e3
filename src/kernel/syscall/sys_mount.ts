/** mount, umount2, pivot_root. See the manual page of each. Linux: fs/namespace.c. */

import { EFAULT, EINVAL, EPERM, isErrno } from '../../abi/errno.ts';
import { AT_FDCWD, PATH_MAX } from '../../abi/fcntl.ts';
import * as m from '../../abi/mount.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import type { Task } from '../task/task.ts';
import * as mounts from '../vfs/do_mount.ts';
import { pivotRoot, unmount } from '../vfs/do_umount.ts';
import { moveMount } from '../vfs/move_mount.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, LOOKUP_MOUNTPOINT, userPath } from '../vfs/namei.ts';
import { latin1Text } from '../vfs/text.ts';
import { flags, ptr, str } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

const PAGE_SIZE = 4096;

/** A string argument that may be absent. */
const optional = (task: Task, address: number): string | number => (address === 0 ? '' : task.mm!.readString(address, PATH_MAX - 1));

/** The options: one page at most, as much of it as can be read, up to the first NUL. Linux: copy_mount_options. */
function readData(task: Task, address: number): string | number {
  if (address === 0) return '';
  const text = task.mm!.readString(address, PAGE_SIZE - 1);
  if (typeof text === 'string' || text === NOT_RESIDENT) return text;
  const ready = task.mm!.faultIn(address, PAGE_SIZE, false);
  if (ready < 0) return ready === NOT_RESIDENT ? ready : -EFAULT;
  const bytes = task.mm!.copyIn(address, ready);
  return typeof bytes === 'number' ? bytes : latin1Text(bytes);
}

const mount = defineSyscall(
  'mount',
  [str('source'), str('target'), str('filesystemtype'), flags('mountflags'), ptr('data')],
  (task, sourceAddress, target, typeAddress, given, data) => {
    const type = optional(task, typeAddress);
    if (typeof type === 'number') return type;
    const source = optional(task, sourceAddress);
    if (typeof source === 'number') return source;
    const options = readData(task, data);
    if (typeof options === 'number') return options;
    const path = userPath(task, AT_FDCWD, target, LOOKUP_FOLLOW);
    if (isErrno(path)) return path;
    const flag = (given & m.MS_MGC_MSK) >>> 0 === m.MS_MGC_VAL ? given & ~m.MS_MGC_MSK : given;
    if ((flag & m.MS_NOUSER) !== 0) return -EINVAL;
    if (!mounts.mayMount(task)) return -EPERM;
    if ((flag & (m.MS_REMOUNT | m.MS_BIND)) === (m.MS_REMOUNT | m.MS_BIND)) return mounts.remount(task, path, flag, '');
    if ((flag & m.MS_REMOUNT) !== 0) return mounts.remount(task, path, flag, options);
    if ((flag & m.MS_BIND) !== 0) {
      if (source === '') return -EINVAL;
      const from = userPath(task, AT_FDCWD, sourceAddress, LOOKUP_FOLLOW);
      return isErrno(from) ? from : mounts.mountBind(task, from, path, (flag & m.MS_REC) !== 0);
    }
    if (mounts.isPropagationChange(flag)) return mounts.changeType(task, path, flag);
    if ((flag & m.MS_MOVE) !== 0) {
      if (source === '') return -EINVAL;
      const from = userPath(task, AT_FDCWD, sourceAddress, LOOKUP_FOLLOW);
      return isErrno(from) ? from : moveMount(task, from, path, false);
    }
    return typeAddress === 0 ? -EINVAL : mounts.mountNew(task, path, type, source, flag, options);
  },
);

const umount2 = defineSyscall('umount2', [str('target'), flags('flags')], (task, address, flag) => {
  if ((flag & ~(m.MNT_FORCE | m.MNT_DETACH | m.MNT_EXPIRE | m.UMOUNT_NOFOLLOW)) !== 0) return -EINVAL;
  const path = userPath(task, AT_FDCWD, address, LOOKUP_MOUNTPOINT | ((flag & m.UMOUNT_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW));
  if (isErrno(path)) return path;
  return mounts.mayMount(task) ? unmount(task, path, flag) : -EPERM;
});

const pivotRootCall = defineSyscall('pivot_root', [str('new_root'), str('put_old')], (task, newRoot, putOld) => {
  if (!mounts.mayMount(task)) return -EPERM;
  const next = userPath(task, AT_FDCWD, newRoot, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  if (isErrno(next)) return next;
  const old = userPath(task, AT_FDCWD, putOld, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  return isErrno(old) ? old : pivotRoot(task, next, old);
});

export const mountCalls: readonly Syscall[] = [mount, umount2, pivotRootCall];
