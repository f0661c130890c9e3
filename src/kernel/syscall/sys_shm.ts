/** shmget, shmat, shmdt, shmctl. See the manual page of each. */

import { CAP_IPC_LOCK } from '../../abi/capability.ts';
import { EINVAL, ENOMEM, ENOSPC, EPERM, isErrno } from '../../abi/errno.ts';
import { O_RDONLY, O_RDWR } from '../../abi/fcntl.ts';
import * as ipc from '../../abi/ipc.ts';
import { RLIMIT_MEMLOCK } from '../../abi/process.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import { SegmentMapping, SharedSegment } from '../ipc/shm.ts';
import { type Mm, TASK_SIZE, untagged } from '../mm/mm.ts';
import { type Fixed, mapRange, unmapRange } from '../mm/mmap.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE, VM_SHARED, type Vma } from '../mm/vma.ts';
import type { IpcNamespace } from '../namespace/ipc_namespace.ts';
import { accountOf, addUcount, exceedsRlimit } from '../namespace/ucounts.ts';
import type { Task } from '../task/task.ts';
import { flags, int, ptr, size } from './args.ts';
import { longs } from './copy.ts';
import { defineSyscall, type Syscall } from './define.ts';

const PRICE_SEGMENT = 1536;

/** Sizes of huge pages that there are, as powers of two; 0 is the usual one. */
const HUGE_SIZES: ReadonlySet<number> = new Set([0, 16, 21, 25, 30]);

/** The pool of huge pages is empty. Linux: hugetlb_file_setup. */
function hugeSegment({ cred, kernel }: Task, flag: number): number {
  if (!HUGE_SIZES.has((flag >>> ipc.SHM_HUGE_SHIFT) & ipc.SHM_HUGE_MASK)) return -EINVAL;
  // Of those who belong to the group hugetlb_shm_group, or may lock memory.
  return cred.inGroup(0) || cred.capable(CAP_IPC_LOCK, kernel.initialUserNs) ? -ENOMEM : -EPERM;
}

const shmget = defineSyscall('shmget', [int('key'), size('size'), flags('shmflg')], (task, key, bytes, flag) => {
  const ns = task.nsproxy.ipc;
  const { shmmax, shmall, shmmni } = ns.limits;
  return ns.segments.getOrCreate(task, {
    key,
    flags: flag,
    limit: shmmni,
    price: PRICE_SEGMENT,
    check: (segment) => (segment.size < bytes ? -EINVAL : 0),
    create: () => {
      const pages = Math.ceil(bytes / FRAME_SIZE);
      if (bytes < 1 || BigInt(bytes) > shmmax) return -EINVAL;
      if (BigInt(ns.segmentPages + pages) > shmall) return -ENOSPC;
      if ((flag & ipc.SHM_HUGETLB) !== 0) return hugeSegment(task, flag);
      const { memory } = task.kernel;
      if (memory.overcommit !== 1 && (flag & ipc.SHM_NORESERVE) === 0 && pages > memory.frames.limit) return -ENOMEM;
      return new SharedSegment(task, key, flag, bytes);
    },
  });
});

/** Linux: do_shmat. */
const shmat = defineSyscall('shmat', [int('shmid'), ptr('shmaddr'), flags('shmflg')], (task, id, where, flag) => {
  if (id < 0) return -EINVAL;
  let address = where;
  const remap = (flag & ipc.SHM_REMAP) !== 0;
  if (address % FRAME_SIZE !== 0) {
    if ((flag & ipc.SHM_RND) === 0) return -EINVAL;
    address -= address % FRAME_SIZE;
  }
  if (address === 0 && remap) return -EINVAL;
  const readOnly = (flag & ipc.SHM_RDONLY) !== 0;
  const exec = (flag & ipc.SHM_EXEC) !== 0;
  const segment = task.nsproxy.ipc.segments.get(id);
  if (isErrno(segment)) return segment;
  const refused = segment.permission(task, (readOnly ? 0o444 : 0o666) | (exec ? 0o111 : 0));
  if (refused < 0) return refused;
  const mm = task.mm!;
  let fixed: Fixed = 'hint';
  if (where !== 0) {
    fixed = remap ? 'fixed' : 'noreplace';
    if (!remap && (address + segment.size >= 2 ** 64 || overlaps(mm, address, segment.size))) return -EINVAL;
    if (address + segment.size > TASK_SIZE) return -ENOMEM;
  }
  const file = segment.open(readOnly ? O_RDONLY : O_RDWR);
  if (isErrno(file)) return file;
  const page = mapRange(mm, {
    page: address / FRAME_SIZE,
    pages: segment.pages,
    prot: PROT_READ | (readOnly ? 0 : PROT_WRITE) | (exec ? PROT_EXEC : 0),
    flags: VM_SHARED,
    fixed,
    mapping: segment.mapping,
    file,
    mayProt: PROT_READ | PROT_EXEC | (readOnly ? 0 : PROT_WRITE),
  });
  file.put();
  return page < 0 ? page : page * FRAME_SIZE;
});

function overlaps(mm: Mm, address: number, bytes: number): boolean {
  const next = mm.vmas.at(mm.indexAfter(address / FRAME_SIZE));
  return next !== undefined && next.start * FRAME_SIZE < address + bytes;
}

/** Whether `vma` is part of an attachment that begins at `page`. */
const isAttachedAt = (vma: Vma, page: number): boolean => vma.mapping instanceof SegmentMapping && vma.start - page === vma.offset;

/** Linux: ksys_shmdt: the first piece of an attachment made at this address names the segment, all its pieces go. */
const shmdt = defineSyscall('shmdt', [ptr('shmaddr')], (task, tagged) => {
  const address = untagged(tagged);
  if (address % FRAME_SIZE !== 0) return -EINVAL;
  const mm = task.mm!;
  const page = address / FRAME_SIZE;
  const first = [...mm.vmas].find((vma) => isAttachedAt(vma, page));
  if (first === undefined) return -EINVAL;
  const { file } = first;
  const end = page + (first.mapping as SegmentMapping).segment.pages;
  const pieces = [...mm.vmas].filter((vma) => vma.file === file && vma.start < end && isAttachedAt(vma, page));
  for (const { start, end: stop } of pieces) {
    const failed = unmapRange(mm, start, stop);
    // What is sealed stays, and nobody is told.
    if (failed < 0 && failed !== -EPERM) return failed;
  }
  return 0;
});

const shmctl = defineSyscall('shmctl', [int('shmid'), int('cmd'), ptr('buf')], (task, id, command, address) => {
  if (id < 0 || command < 0) return -EINVAL;
  const ns = task.nsproxy.ipc;
  switch (command) {
    case ipc.IPC_INFO:
      return task.mm!.copyOut(address, shmInfo64(ns)) || ns.segments.maxIndex;
    case ipc.SHM_INFO:
      return task.mm!.copyOut(address, shmInfo(ns)) || ns.segments.maxIndex;
    case ipc.IPC_STAT:
    case ipc.SHM_STAT:
    case ipc.SHM_STAT_ANY: {
      const segment = command === ipc.IPC_STAT ? ns.segments.get(id) : ns.segments.at(id);
      if (isErrno(segment)) return segment;
      const refused = command === ipc.SHM_STAT_ANY ? 0 : segment.permission(task, 0o444);
      if (refused < 0) return refused;
      return task.mm!.copyOut(address, shmidDs(task, segment)) || (command === ipc.IPC_STAT ? 0 : segment.id);
    }
    case ipc.IPC_SET: {
      const bytes = task.mm!.copyIn(address, ipc.SHMID_DS_SIZE);
      if (isErrno(bytes)) return bytes;
      const segment = ns.segments.get(id);
      if (isErrno(segment)) return segment;
      const refused = segment.mayControl(task) || segment.setPerm(task, new DataView(bytes.buffer, bytes.byteOffset));
      if (refused < 0) return refused;
      segment.ctime = task.kernel.now().seconds;
      return 0;
    }
    case ipc.IPC_RMID: {
      const segment = ns.segments.get(id);
      if (isErrno(segment)) return segment;
      const refused = segment.mayControl(task);
      if (refused < 0) return refused;
      segment.destroy();
      return 0;
    }
    case ipc.SHM_LOCK:
    case ipc.SHM_UNLOCK: {
      const segment = ns.segments.get(id);
      return isErrno(segment) ? segment : lock(task, segment, command === ipc.SHM_LOCK);
    }
    default:
      return -EINVAL;
  }
});

/** Pages are never swapped: locking only counts against RLIMIT_MEMLOCK. Linux: shmctl_do_lock. */
function lock(task: Task, segment: SharedSegment, on: boolean): number {
  const { cred, group, kernel } = task;
  const limit = group.softLimit(RLIMIT_MEMLOCK);
  const capable = cred.capable(CAP_IPC_LOCK, segment.namespace.owner);
  if (!capable && cred.euid !== segment.uid && cred.euid !== segment.cuid) return -EPERM;
  if (!on) {
    segment.unlock();
    segment.mode &= ~ipc.SHM_LOCKED;
    return 0;
  }
  if (!capable && limit === 0) return -EPERM;
  if ((segment.mode & ipc.SHM_LOCKED) !== 0) return 0;
  const account = accountOf(cred);
  const mayExceed = cred.capable(CAP_IPC_LOCK, kernel.initialUserNs);
  if (!mayExceed && exceedsRlimit(account, 'lockedPages', segment.pages, Math.floor(limit / FRAME_SIZE))) return -ENOMEM;
  addUcount(account, 'lockedPages', segment.pages);
  segment.locker = account;
  segment.mode |= ipc.SHM_LOCKED;
  return 0;
}

/** struct shminfo64. */
function shmInfo64(ns: IpcNamespace): Uint8Array {
  const { shmmax, shmmni, shmall } = ns.limits;
  const view = new DataView(new ArrayBuffer(72));
  const fields = [shmmax, 1n, BigInt(shmmni), BigInt(shmmni), shmall];
  for (const [i, value] of fields.entries()) view.setBigUint64(8 * i, value, true);
  return new Uint8Array(view.buffer);
}

/** struct shm_info. */
function shmInfo(ns: IpcNamespace): Uint8Array {
  let resident = 0;
  for (const segment of ns.segments) resident += segment.mapping.residentPages;
  return longs([ns.segments.count, ns.segmentPages, resident, 0, 0, 0]);
}

/** struct shmid64_ds. */
function shmidDs(task: Task, segment: SharedSegment): Uint8Array {
  const view = new DataView(new ArrayBuffer(ipc.SHMID_DS_SIZE));
  const { namespace } = task.pid;
  segment.writePerm(task, view);
  for (const [i, value] of [segment.size, segment.atime, segment.dtime, segment.ctime].entries())
    view.setBigInt64(48 + 8 * i, BigInt(value), true);
  view.setInt32(80, segment.creatorPid.in(namespace), true);
  view.setInt32(84, segment.lastPid?.in(namespace) ?? 0, true);
  view.setBigInt64(88, BigInt(segment.attachments), true);
  return new Uint8Array(view.buffer);
}

export const shmCalls: readonly Syscall[] = [shmget, shmat, shmdt, shmctl];
