/** fsopen, fspick, fsconfig, fsmount: a mount in steps. Linux: fs/fsopen.c. */

import { EBADF, EBUSY, EINVAL, ENAMETOOLONG, ENODEV, EOPNOTSUPP, EPERM, isErrno } from '../../abi/errno.ts';
import { AT_FDCWD, O_CLOEXEC, PATH_MAX } from '../../abi/fcntl.ts';
import * as m from '../../abi/mount.ts';
import type { Task } from '../task/task.ts';
import { openDetached } from '../vfs/detached_tree.ts';
import { isMountRoot, mayMount } from '../vfs/do_mount.ts';
import { atimeFlags, flagsOfAttributes, PLAIN_ATTRIBUTES } from '../vfs/mount_attributes.ts';
import { FsContextFile, type Parameter } from '../vfs/mount_context.ts';
import { newMount } from '../vfs/mount_copy.ts';
import { revealedFlags } from '../vfs/mount_visible.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, userPath } from '../vfs/namei.ts';
import { fd, flags, int, ptr, str } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';

const PAGE_SIZE = 4096;
/** Longest key or value, with its NUL. */
const MAX_STRING = 256;
const MAX_BLOB = 1024 * 1024;

/** Linux: strndup_user. */
function userString(task: Task, address: number, length: number): string | number {
  const text = task.mm!.readString(address, length - 1);
  return text === -ENAMETOOLONG ? -EINVAL : text;
}

const fsopen = defineSyscall('fsopen', [str('fs_name'), flags('flags')], (task, address, flag) => {
  if (!mayMount(task)) return -EPERM;
  if ((flag & ~m.FSOPEN_CLOEXEC) !== 0) return -EINVAL;
  const name = userString(task, address, PAGE_SIZE);
  if (typeof name === 'number') return name;
  const type = task.kernel.vfs.fileSystems.get(name);
  if (type === undefined) return -ENODEV;
  return newFd(task, new FsContextFile(task.kernel, type, null), (flag & m.FSOPEN_CLOEXEC) !== 0 ? O_CLOEXEC : 0);
});

const FSPICK_FLAGS = m.FSPICK_CLOEXEC | m.FSPICK_SYMLINK_NOFOLLOW | m.FSPICK_NO_AUTOMOUNT | m.FSPICK_EMPTY_PATH;

const fspick = defineSyscall('fspick', [fd('dfd'), str('path'), flags('flags')], (task, dirfd, address, flag) => {
  if (!mayMount(task)) return -EPERM;
  if ((flag & ~FSPICK_FLAGS) !== 0) return -EINVAL;
  const lookup = ((flag & m.FSPICK_SYMLINK_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW) | ((flag & m.FSPICK_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
  const path = userPath(task, dirfd, address, lookup);
  if (isErrno(path)) return path;
  if (!isMountRoot(path)) return -EINVAL;
  const { sb } = path.mount;
  return newFd(task, new FsContextFile(task.kernel, sb.type, sb), (flag & m.FSPICK_CLOEXEC) !== 0 ? O_CLOEXEC : 0);
});

/** Which arguments a command takes: 0, -EINVAL or -EOPNOTSUPP. */
function checkCommand(command: number, key: number, value: number, aux: number): number {
  switch (command) {
    case m.FSCONFIG_SET_FLAG:
      return key === 0 || value !== 0 || aux !== 0 ? -EINVAL : 0;
    case m.FSCONFIG_SET_STRING:
      return key === 0 || value === 0 || aux !== 0 ? -EINVAL : 0;
    case m.FSCONFIG_SET_BINARY:
      return key === 0 || value === 0 || aux <= 0 || aux > MAX_BLOB ? -EINVAL : 0;
    case m.FSCONFIG_SET_PATH:
    case m.FSCONFIG_SET_PATH_EMPTY:
      return key === 0 || value === 0 || (aux !== AT_FDCWD && aux < 0) ? -EINVAL : 0;
    case m.FSCONFIG_SET_FD:
      return key === 0 || value !== 0 || aux < 0 ? -EINVAL : 0;
    case m.FSCONFIG_CMD_CREATE:
    case m.FSCONFIG_CMD_CREATE_EXCL:
    case m.FSCONFIG_CMD_RECONFIGURE:
      return key !== 0 || value !== 0 || aux !== 0 ? -EINVAL : 0;
  }
  return -EOPNOTSUPP;
}

/** The value of a FSCONFIG_SET_ command; undefined for kinds that no file system here takes. */
function readValue(task: Task, command: number, value: number, aux: number): Parameter | number {
  switch (command) {
    case m.FSCONFIG_SET_FLAG:
      return null;
    case m.FSCONFIG_SET_STRING:
      return userString(task, value, MAX_STRING);
    case m.FSCONFIG_SET_BINARY: {
      const blob = task.mm!.copyIn(value, aux);
      return typeof blob === 'number' ? blob : undefined;
    }
    case m.FSCONFIG_SET_FD:
      return task.files!.get(aux) === null ? -EBADF : undefined;
  }
  const name = task.mm!.readString(value, PATH_MAX - 1);
  return typeof name === 'number' ? name : undefined;
}

const fsconfig = defineSyscall(
  'fsconfig',
  [fd('fd'), int('cmd'), ptr('key'), ptr('value'), int('aux')],
  (task, number, command, keyAddress, valueAddress, aux) => {
    if (number < 0) return -EINVAL;
    const wrong = checkCommand(command >>> 0, keyAddress, valueAddress, aux);
    if (wrong < 0) return wrong;
    const file = task.files!.get(number);
    if (file === null) return -EBADF;
    if (!(file instanceof FsContextFile)) return -EINVAL;
    if (command === m.FSCONFIG_CMD_RECONFIGURE) return file.reconfigure(task);
    if (command === m.FSCONFIG_CMD_CREATE || command === m.FSCONFIG_CMD_CREATE_EXCL)
      return file.create(task, command === m.FSCONFIG_CMD_CREATE_EXCL);
    const key = userString(task, keyAddress, MAX_STRING);
    if (typeof key === 'number') return key;
    const value = readValue(task, command, valueAddress, aux);
    return typeof value === 'number' ? value : file.set(task, key, value);
  },
);

const fsmount = defineSyscall('fsmount', [fd('fs_fd'), flags('flags'), flags('attr_flags')], (task, number, flag, attributes) => {
  if (!mayMount(task)) return -EPERM;
  if ((flag & ~m.FSMOUNT_CLOEXEC) !== 0 || (attributes & ~(PLAIN_ATTRIBUTES | m.MOUNT_ATTR__ATIME)) !== 0) return -EINVAL;
  const atime = atimeFlags(attributes);
  if (atime === null) return -EINVAL;
  const context = task.files!.get(number);
  if (context === null) return -EBADF;
  if (!(context instanceof FsContextFile) || context.sb === null) return -EINVAL;
  const own = revealedFlags(task, context.sb, flagsOfAttributes(attributes) | atime);
  if (own === null) return -EPERM;
  if (context.phase !== 'awaiting mount') return -EBUSY;
  const mount = newMount(task, context.sb, context.source ?? 'none', own.flags);
  if (isErrno(mount)) return mount;
  mount.lockedFlags = own.locked;
  context.clean();
  const file = openDetached(task, mount);
  return isErrno(file) ? file : newFd(task, file, (flag & m.FSMOUNT_CLOEXEC) !== 0 ? O_CLOEXEC : 0);
});

export const fsconfigCalls: readonly Syscall[] = [fsopen, fspick, fsconfig, fsmount];
