/** Advice on memory, locking, synchronising and looking at it. */

import { CAP_IPC_LOCK } from '../../abi/capability.ts';
import { EBADF, EFAULT, EINVAL, ENOMEM, EPERM } from '../../abi/errno.ts';
import { MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT, MLOCK_ONFAULT } from '../../abi/mman.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import { OverlayInode } from '../fs/overlayfs/overlay_inode.ts';
import { advise, isAdvice, lockedPages, lockRange, mayLock, populateLocked, residency, sealRange, syncRange } from '../mm/advice.ts';
import { TASK_PAGES, TASK_SIZE, untagged } from '../mm/mm.ts';
import { VM_LOCKED } from '../mm/vma.ts';
import type { Task } from '../task/task.ts';
import { MAY_WRITE, ownerOrCapable, permission } from '../vfs/permission.ts';
import { fd, flags, int, ptr, size } from './args.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';

/** mincore(2) works through this many pages at a time. */
const MINCORE_BATCH = 4096;

const pageAfter = (address: number, length: number): number => Math.ceil((address + length) / FRAME_SIZE);

const madvise = defineSyscall('madvise', [ptr('addr'), size('length'), int('advice')], (task, tagged, length, advice) => {
  const address = untagged(tagged);
  if (!isAdvice(advice) || address % FRAME_SIZE !== 0) return -EINVAL;
  const end = pageAfter(address, length);
  if (end * FRAME_SIZE >= 2 ** 64) return -EINVAL;
  if (length === 0) return 0;
  return advise(task.mm!, address / FRAME_SIZE, Math.min(end, 2 ** 52), advice);
});

const privileged = (task: Task): boolean => task.cred.capable(CAP_IPC_LOCK, task.cred.userNs);

/** Linux: do_mlock. */
function lock(task: Task, tagged: number, length: number, onFault: boolean): number {
  const address = untagged(tagged);
  const mm = task.mm!;
  const first = Math.floor(address / FRAME_SIZE);
  const end = pageAfter(address, length);
  const admin = privileged(task);
  if (end >= 2 ** 52) return length === 0 ? 0 : -EINVAL;
  const refused = mayLock(mm, end - first - lockedPages(mm, first, end), admin, -ENOMEM);
  if (refused < 0) return refused;
  const failed = lockRange(mm, first, end, true);
  if (failed < 0 || onFault) return failed;
  return populateLocked(mm, first, end);
}

const mlock = defineSyscall('mlock', [ptr('addr'), size('len')], (task, address, length) => lock(task, address, length, false));

const mlock2 = defineSyscall('mlock2', [ptr('addr'), size('len'), flags('flags')], (task, address, length, lockFlags) =>
  (lockFlags & ~MLOCK_ONFAULT) !== 0 ? -EINVAL : lock(task, address, length, lockFlags !== 0),
);

const munlock = defineSyscall('munlock', [ptr('addr'), size('len')], (task, tagged, length) => {
  const address = untagged(tagged);
  const end = pageAfter(address, length);
  if (end >= 2 ** 52) return -EINVAL;
  return lockRange(task.mm!, Math.floor(address / FRAME_SIZE), end, false);
});

const mlockall = defineSyscall('mlockall', [flags('flags')], (task, lockFlags) => {
  const mm = task.mm!;
  if (lockFlags === 0 || (lockFlags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !== 0 || lockFlags === MCL_ONFAULT) return -EINVAL;
  const pages = (lockFlags & MCL_CURRENT) !== 0 ? mm.counts.total - mm.counts.locked : 0;
  const refused = mayLock(mm, pages, privileged(task), -ENOMEM);
  if (refused < 0) return refused;
  mm.defaultFlags = (lockFlags & MCL_FUTURE) !== 0 ? VM_LOCKED : 0;
  if ((lockFlags & MCL_CURRENT) === 0) return 0;
  for (const vma of [...mm.vmas]) lockRange(mm, vma.start, vma.end, true);
  return (lockFlags & MCL_ONFAULT) !== 0 ? 0 : populateLocked(mm, 0, TASK_PAGES);
});

const munlockall = defineSyscall('munlockall', [], (task) => {
  const mm = task.mm!;
  mm.defaultFlags = 0;
  for (const vma of [...mm.vmas]) lockRange(mm, vma.start, vma.end, false);
  return 0;
});

const mseal = defineSyscall('mseal', [ptr('addr'), size('len'), flags('flags')], (task, tagged, length, sealFlags) => {
  const address = untagged(tagged);
  if (sealFlags !== 0 || address % FRAME_SIZE !== 0) return -EINVAL;
  const end = pageAfter(address, length);
  if (end * FRAME_SIZE >= 2 ** 64) return -EINVAL;
  return sealRange(task.mm!, address / FRAME_SIZE, end);
});

const msync = defineSyscall('msync', [ptr('addr'), size('length'), flags('flags')], (task, tagged, length, syncFlags) => {
  const address = untagged(tagged);
  if (address % FRAME_SIZE !== 0) return -EINVAL;
  const end = pageAfter(address, length);
  if (end > 2 ** 52) return -ENOMEM;
  return syncRange(task.mm!, address / FRAME_SIZE, end, syncFlags);
});

const mincore = defineSyscall('mincore', [ptr('addr'), size('length'), ptr('vec')], (task, tagged, length, vec) => {
  const address = untagged(tagged);
  const mm = task.mm!;
  if (address % FRAME_SIZE !== 0) return -EINVAL;
  if (address + length > TASK_SIZE) return -ENOMEM;
  const first = address / FRAME_SIZE;
  const end = pageAfter(address, length);
  if (vec + (end - first) > TASK_SIZE) return -EFAULT;
  for (let page = first; page < end; page += MINCORE_BATCH) {
    const bytes = residency(mm, page, Math.min(end, page + MINCORE_BATCH));
    if (typeof bytes === 'number') return bytes;
    const failed = mm.copyOut(vec + (page - first), bytes);
    if (failed < 0) return failed === NOT_RESIDENT ? failed : -EFAULT;
  }
  return 0;
});

/** struct cachestat_range: `length` bytes from `offset`, all that follow if it is 0. */
const cachestat = partial(
  defineSyscall('cachestat', [fd('fd'), ptr('cstat_range'), ptr('cstat'), flags('flags')], (task, number, range, result, statFlags) => {
    const file = task.files!.io(number);
    if (file === null) return -EBADF;
    const mm = task.mm!;
    const bytes = mm.copyIn(range, 16);
    if (typeof bytes === 'number') return bytes;
    const { inode } = file;
    if (!file.writable && !ownerOrCapable(task.cred, inode) && permission(task, inode, MAY_WRITE) < 0) return -EPERM;
    if (statFlags !== 0) return -EINVAL;
    const data = new DataView(bytes.buffer, bytes.byteOffset);
    const [offset, length] = [data.getBigUint64(0, true), data.getBigUint64(8, true)].map(Number) as [number, number];
    const first = Math.floor(offset / FRAME_SIZE);
    const end = length === 0 ? Number.POSITIVE_INFINITY : pageAfter(offset, length);
    const counts = new BigUint64Array(5);
    // Linux: the pages of a file of an overlay belong to the file below.
    const mapping = inode instanceof OverlayInode ? null : inode.mapping;
    if (mapping !== null) {
      const { cached, dirty } = mapping.census(first, end);
      counts.set([BigInt(cached), BigInt(dirty)]);
    }
    return mm.copyOut(result, new Uint8Array(counts.buffer));
  }),
  'pages that were evicted are not remembered: their numbers are 0',
);

export const mmAdviceCalls: readonly Syscall[] = [madvise, mlock, mlock2, munlock, mlockall, munlockall, mseal, msync, mincore, cachestat];
