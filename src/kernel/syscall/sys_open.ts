/** openat, openat2, close, close_range, dup, dup3. See the manual page of each. Linux: fs/open.c, fs/file.c. */

import { E2BIG, EBADF, EINVAL, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/fcntl.ts';
import { RLIMIT_NOFILE } from '../../abi/process.ts';
import type { Task } from '../task/task.ts';
import { unshareFiles } from '../vfs/fd_table.ts';
import { getName } from '../vfs/namei.ts';
import { openAt } from '../vfs/open.ts';
import { fd, flags, mode, ptr, size, str, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';

/** Linux: VALID_OPEN_FLAGS. */
const VALID_FLAGS =
  c.O_ACCMODE |
  c.O_CREAT |
  c.O_EXCL |
  c.O_NOCTTY |
  c.O_TRUNC |
  c.O_APPEND |
  c.O_NONBLOCK |
  c.O_SYNC |
  c.O_ASYNC |
  c.O_DIRECT |
  c.O_LARGEFILE |
  c.O_DIRECTORY |
  c.O_NOFOLLOW |
  c.O_NOATIME |
  c.O_CLOEXEC |
  c.O_PATH |
  c.__O_TMPFILE;
const PATH_FLAGS = c.O_DIRECTORY | c.O_NOFOLLOW | c.O_PATH | c.O_CLOEXEC;
const RESOLVE_FLAGS =
  c.RESOLVE_NO_XDEV | c.RESOLVE_NO_MAGICLINKS | c.RESOLVE_NO_SYMLINKS | c.RESOLVE_BENEATH | c.RESOLVE_IN_ROOT | c.RESOLVE_CACHED;
/** struct open_how as it was first. */
const OPEN_HOW_SIZE = 24;
const PAGE_SIZE = 4096;

/** Open and give a descriptor; `flags` are consistent. Linux: build_open_flags, do_sys_openat2. */
function open(task: Task, dirfd: number, address: number, requested: number, permissions: number, resolve: number): number {
  let flag = requested;
  if ((flag & c.__O_TMPFILE) !== 0) {
    if ((flag & c.O_TMPFILE) !== c.O_TMPFILE || (flag & c.O_CREAT) !== 0 || (flag & c.O_ACCMODE) === c.O_RDONLY) return -EINVAL;
  }
  if ((flag & (c.O_CREAT | c.O_DIRECTORY)) === (c.O_CREAT | c.O_DIRECTORY)) return -EINVAL;
  if ((flag & c.O_PATH) === 0) flag |= c.O_LARGEFILE;
  if ((flag & c.__O_SYNC) !== 0) flag |= c.O_DSYNC;
  if ((flag & c.O_EXCL) !== 0 && (flag & c.O_CREAT) !== 0) flag |= c.O_NOFOLLOW;
  const name = getName(task, address);
  if (typeof name === 'number') return name;
  const free = task.files!.lowestFree(0, task.group.softLimit(RLIMIT_NOFILE));
  if (free < 0) return free;
  const file = openAt(task, dirfd, name, { flags: flag, mode: permissions & 0o7777, resolve });
  return isErrno(file) ? file : newFd(task, file, flag);
}

const openat = defineSyscall('openat', [fd('dirfd'), str('path'), flags('flags'), mode('mode')], (task, dirfd, path, flag, permissions) => {
  let valid = flag & VALID_FLAGS;
  if ((valid & c.O_PATH) !== 0) valid &= PATH_FLAGS;
  return open(task, dirfd, path, valid, permissions, 0);
});

const openat2 = defineSyscall('openat2', [fd('dirfd'), str('path'), ptr('how'), size('size')], (task, dirfd, path, how, length) => {
  if (length < OPEN_HOW_SIZE) return -EINVAL;
  if (length > PAGE_SIZE) return -E2BIG;
  const bytes = task.mm!.copyIn(how, length);
  if (typeof bytes === 'number') return bytes;
  for (let i = OPEN_HOW_SIZE; i < length; i++) if (bytes[i] !== 0) return -E2BIG;
  const data = new DataView(bytes.buffer);
  const flag = data.getUint32(0, true);
  const permissions = data.getUint32(8, true);
  const resolve = data.getUint32(16, true);
  if (data.getUint32(4, true) !== 0 || data.getUint32(12, true) !== 0 || data.getUint32(20, true) !== 0) return -EINVAL;
  if ((flag & ~VALID_FLAGS) !== 0 || (resolve & ~RESOLVE_FLAGS) !== 0) return -EINVAL;
  if ((resolve & c.RESOLVE_BENEATH) !== 0 && (resolve & c.RESOLVE_IN_ROOT) !== 0) return -EINVAL;
  if ((permissions & ~0o7777) !== 0 || (permissions !== 0 && (flag & (c.O_CREAT | c.__O_TMPFILE)) === 0)) return -EINVAL;
  if ((flag & c.O_PATH) !== 0 && (flag & ~PATH_FLAGS) !== 0) return -EINVAL;
  return open(task, dirfd, path, flag, permissions, resolve);
});

const close = defineSyscall('close', [fd('fd')], (task, number) => task.files!.close(task, number));

const CLOSE_RANGE_UNSHARE = 2;
const CLOSE_RANGE_CLOEXEC = 4;

const closeRange = defineSyscall('close_range', [uint('first'), uint('last'), flags('flags')], (task, first, last, flag) => {
  if ((flag & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) !== 0 || first > last) return -EINVAL;
  const shared = (flag & CLOSE_RANGE_UNSHARE) === 0 ? 0 : unshareFiles(task);
  if (shared < 0) return shared;
  const files = task.files!;
  for (const number of [...files.descriptors()]) {
    if (number < first || number > last) continue;
    if ((flag & CLOSE_RANGE_CLOEXEC) !== 0) files.setCloseOnExec(number, true);
    else files.close(task, number);
  }
  return 0;
});

const dup = defineSyscall('dup', [fd('fd')], (task, number) => {
  const file = task.files!.get(number);
  return file === null ? -EBADF : newFd(task, file.get(), 0);
});

const dup3 = defineSyscall('dup3', [fd('oldfd'), fd('newfd'), flags('flags')], (task, old, number, flag) => {
  if ((flag & ~c.O_CLOEXEC) !== 0 || old === number) return -EINVAL;
  const files = task.files!;
  if (number < 0 || number >= task.group.softLimit(RLIMIT_NOFILE)) return -EBADF;
  const file = files.get(old);
  if (file === null) return -EBADF;
  const failed = files.reserve(number);
  if (failed < 0) return failed;
  file.get();
  if (files.get(number) !== null) files.close(task, number);
  files.install(number, file, (flag & c.O_CLOEXEC) !== 0);
  return number;
});

export const openCalls: readonly Syscall[] = [openat, openat2, close, closeRange, dup, dup3];
