/** sync, fsync, fdatasync, syncfs, sync_file_range, fadvise64, readahead. See the manual page of each. Linux: fs/sync.c, mm/fadvise.c. */

import { EBADF, EINVAL, ESPIPE } from '../../abi/errno.ts';
import { S_IFBLK, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { fd, flags, int, long, size } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

/** Bytes that one readahead(2) or POSIX_FADV_WILLNEED fetches at most. Linux: VM_READAHEAD_PAGES, doubled. */
const MAX_READAHEAD = 256 * 1024;
const POSIX_FADV_WILLNEED = 3;
const POSIX_FADV_DONTNEED = 4;
const POSIX_FADV_NOREUSE = 5;

const sync = defineSyscall('sync', [], (task) => {
  for (const mount of task.nsproxy.mnt.list()) mount.sb.sync();
  return 0;
});

function syncFile(task: Task, number: number, dataOnly: boolean): number {
  const file = task.files!.io(number);
  return file === null ? -EBADF : file.fsync(task, dataOnly);
}

const fsync = defineSyscall('fsync', [fd('fd')], (task, number) => syncFile(task, number, false));
const fdatasync = defineSyscall('fdatasync', [fd('fd')], (task, number) => syncFile(task, number, true));

const syncfs = defineSyscall('syncfs', [fd('fd')], (task, number) => {
  const file = task.files!.io(number);
  return file === null ? -EBADF : file.inode.sb.sync();
});

const SYNC_FILE_RANGE_ALL = 7;

const syncFileRange = defineSyscall(
  'sync_file_range',
  [fd('fd'), long('offset'), long('nbytes'), flags('flags')],
  (task, number, offset, count, flag) => {
    const file = task.files!.io(number);
    if (file === null) return -EBADF;
    if ((flag & ~SYNC_FILE_RANGE_ALL) !== 0 || offset < 0 || count < 0) return -EINVAL;
    const type = file.inode.mode & S_IFMT;
    if (type !== S_IFREG && type !== S_IFBLK && type !== S_IFDIR && type !== S_IFLNK) return -ESPIPE;
    const end = count === 0 ? Number.POSITIVE_INFINITY : Math.ceil((offset + count) / FRAME_SIZE);
    return file.inode.mapping?.sync(Math.floor(offset / FRAME_SIZE), end) ?? 0;
  },
);

/** Bring pages into the cache, as far as memory goes: a failure is nobody's business. */
function fetch(task: Task, file: File, offset: number, count: number): number {
  const { mapping, size: length } = file.inode;
  if (mapping === null) return 0;
  const end = Math.min(length, offset + Math.min(count, MAX_READAHEAD));
  const result = mapping.request(Math.floor(offset / FRAME_SIZE), Math.ceil(end / FRAME_SIZE), task.group.cgroup.memory);
  return result === NOT_RESIDENT ? result : 0;
}

const fadvise64 = defineSyscall(
  'fadvise64',
  [fd('fd'), long('offset'), long('len'), int('advice')],
  (task, number, offset, length, advice) => {
    const file = task.files!.io(number);
    if (file === null) return -EBADF;
    if ((file.inode.mode & S_IFMT) === S_IFIFO) return -ESPIPE;
    if (length < 0 || advice < 0 || advice > POSIX_FADV_NOREUSE) return -EINVAL;
    if (advice === POSIX_FADV_WILLNEED) return fetch(task, file, Math.max(0, offset), length === 0 ? MAX_READAHEAD : length);
    if (advice === POSIX_FADV_DONTNEED) file.inode.mapping?.sync();
    return 0;
  },
);

const readahead = defineSyscall('readahead', [fd('fd'), long('offset'), size('count')], (task, number, offset, count) => {
  const file = task.files!.io(number);
  if (file === null || !file.readable) return -EBADF;
  if ((file.inode.mode & S_IFMT) !== S_IFREG || offset < 0) return -EINVAL;
  return fetch(task, file, offset, count);
});

export const syncCalls: readonly Syscall[] = [sync, fsync, fdatasync, syncfs, syncFileRange, fadvise64, readahead];
