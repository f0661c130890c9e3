/** inotify_init1, inotify_add_watch, inotify_rm_watch. See inotify(7). Linux: fs/notify/inotify/inotify_user.c. */

import { EBADF, EEXIST, EINVAL, isErrno } from '../../abi/errno.ts';
import { AT_FDCWD, O_CLOEXEC, O_NONBLOCK } from '../../abi/fcntl.ts';
import * as i from '../../abi/inotify.ts';
import { InotifyFile } from '../vfs/inotify.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, userPath } from '../vfs/namei.ts';
import { MAY_READ, permission } from '../vfs/permission.ts';
import { fd, flags, int, str } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';

const KEPT = i.IN_ALL_EVENTS | i.IN_EXCL_UNLINK | i.IN_ONESHOT;

const inotifyInit1 = defineSyscall('inotify_init1', [flags('flags')], (task, flag) => {
  if ((flag & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -EINVAL;
  const file = InotifyFile.create(task, flag & O_NONBLOCK);
  return isErrno(file) ? file : newFd(task, file, flag);
});

const inotifyAddWatch = defineSyscall('inotify_add_watch', [fd('fd'), str('path'), flags('mask')], (task, number, address, mask) => {
  if ((mask & (KEPT | i.IN_ISDIR | i.IN_UNMOUNT | i.IN_Q_OVERFLOW | i.IN_IGNORED)) === 0) return -EINVAL;
  const file = task.files!.io(number);
  if (file === null) return -EBADF;
  if ((mask & i.IN_MASK_ADD) !== 0 && (mask & i.IN_MASK_CREATE) !== 0) return -EINVAL;
  if (!(file instanceof InotifyFile)) return -EINVAL;
  const lookup = ((mask & i.IN_DONT_FOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW) | ((mask & i.IN_ONLYDIR) !== 0 ? LOOKUP_DIRECTORY : 0);
  const path = userPath(task, AT_FDCWD, address, lookup);
  if (isErrno(path)) return path;
  const denied = permission(task, path.inode, MAY_READ);
  if (denied < 0) return denied;
  const known = file.find(path.inode);
  if (known === null) return file.watch(path.inode, mask & KEPT);
  if ((mask & i.IN_MASK_CREATE) !== 0) return -EEXIST;
  known.mask = (mask & i.IN_MASK_ADD) !== 0 ? known.mask | (mask & KEPT) : mask & KEPT;
  return known.wd;
});

const inotifyRmWatch = defineSyscall('inotify_rm_watch', [fd('fd'), int('wd')], (task, number, wd) => {
  const file = task.files!.io(number);
  if (file === null) return -EBADF;
  return file instanceof InotifyFile ? file.remove(wd) : -EINVAL;
});

export const inotifyCalls: readonly Syscall[] = [inotifyInit1, inotifyAddWatch, inotifyRmWatch];
