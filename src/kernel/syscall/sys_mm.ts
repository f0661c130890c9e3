/** Mapping memory: mmap, munmap, mprotect, mremap, brk. */

import { CAP_IPC_LOCK } from '../../abi/capability.ts';
import { EACCES, EAGAIN, EBADF, EINVAL, ENOMEM, EOPNOTSUPP, EOVERFLOW } from '../../abi/errno.ts';
import {
  MAP_ANONYMOUS,
  MAP_DENYWRITE,
  MAP_EXECUTABLE,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_HUGETLB,
  MAP_LOCKED,
  MAP_NONBLOCK,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_STACK,
  MAP_TYPE,
  PROT_BTI,
  PROT_EXEC,
  PROT_GROWSDOWN,
  PROT_GROWSUP,
  PROT_READ,
  PROT_SEM,
  PROT_WRITE,
} from '../../abi/mman.ts';
import { MS_NOEXEC } from '../../abi/mount.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import { mayLock, populateLocked } from '../mm/advice.ts';
import { TASK_SIZE, untagged } from '../mm/mm.ts';
import { setBrk } from '../mm/mm_brk.ts';
import { type Fixed, mapRange, protectRange, unmapRange } from '../mm/mmap.ts';
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE, remapRange } from '../mm/mremap.ts';
import { SharedAnonymousMapping } from '../mm/shmem.ts';
import { VM_GROWSDOWN, VM_LOCKED, VM_NORESERVE, VM_SHARED } from '../mm/vma.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { isAppendOnly } from '../vfs/file_flags.ts';
import { flags, int, long, ptr, size } from './args.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';

const O_ACCMODE = 3;
const O_WRONLY = 1;
const O_RDWR = 2;

/** Flags that MAP_SHARED_VALIDATE accepts. Linux: LEGACY_MAP_MASK. */
const LEGACY_MAP_MASK =
  MAP_SHARED |
  MAP_PRIVATE |
  MAP_FIXED |
  MAP_ANONYMOUS |
  MAP_DENYWRITE |
  MAP_EXECUTABLE |
  MAP_GROWSDOWN |
  MAP_LOCKED |
  MAP_NORESERVE |
  MAP_POPULATE |
  MAP_NONBLOCK |
  MAP_STACK |
  MAP_HUGETLB;

const mmap = defineSyscall(
  'mmap',
  [ptr('addr'), size('length'), flags('prot'), flags('flags'), int('fd'), long('offset')],
  (task, address, length, prot, mapFlags, fd, offset) => {
    if (offset % FRAME_SIZE !== 0) return -EINVAL;
    if ((mapFlags & MAP_ANONYMOUS) !== 0) return mapMemory(task, address, length, prot, mapFlags, null, 0);
    const file = task.files!.get(fd);
    if (file === null) return -EBADF;
    // There are no huge pages.
    if ((mapFlags & MAP_HUGETLB) !== 0) return -EINVAL;
    return mapMemory(task, address, length, prot, mapFlags, file, offset);
  },
);

/** Linux: do_mmap. */
function mapMemory(task: Task, address: number, length: number, prot: number, mapFlags: number, file: File | null, offset: number): number {
  const mm = task.mm!;
  if (length === 0) return -EINVAL;
  const pages = Math.ceil(length / FRAME_SIZE);
  if (length > TASK_SIZE) return -ENOMEM;
  if (offset < 0 || offset / FRAME_SIZE + pages > 2 ** 52) return -EOVERFLOW;
  if (file === null && (mapFlags & MAP_HUGETLB) !== 0) return -ENOMEM;
  const fixed: Fixed = (mapFlags & MAP_FIXED_NOREPLACE) !== 0 ? 'noreplace' : (mapFlags & MAP_FIXED) !== 0 ? 'fixed' : 'hint';
  if (fixed !== 'hint' && address % FRAME_SIZE !== 0) return -EINVAL;
  if (fixed !== 'hint' && address + length > TASK_SIZE) return -ENOMEM;
  const locked = (mapFlags & MAP_LOCKED) !== 0 || (mm.defaultFlags & VM_LOCKED) !== 0;
  if (locked) {
    const refused = mayLock(mm, pages, task.cred.capable(CAP_IPC_LOCK, task.cred.userNs), -EAGAIN);
    if (refused < 0) return refused;
  }
  let vmFlags = locked ? VM_LOCKED : 0;
  if ((mapFlags & MAP_NORESERVE) !== 0 && mm.kernel.memory.overcommit !== 2) vmFlags |= VM_NORESERVE;
  const type = mapFlags & MAP_TYPE;
  const shared = type === MAP_SHARED || (type === MAP_SHARED_VALIDATE && file !== null);
  if (!shared && type !== MAP_PRIVATE) return -EINVAL;
  if ((mapFlags & MAP_GROWSDOWN) !== 0) {
    if (file !== null || shared) return -EINVAL;
    vmFlags |= VM_GROWSDOWN;
  }
  if (shared) vmFlags |= VM_SHARED;
  let mapping = null;
  let mayProt = PROT_READ | PROT_WRITE | PROT_EXEC;
  if (file !== null) {
    if (type === MAP_SHARED_VALIDATE && (mapFlags & ~LEGACY_MAP_MASK) !== 0) return -EOPNOTSUPP;
    const access = file.flags & O_ACCMODE;
    if (access === O_WRONLY) return -EACCES;
    if (shared && access !== O_RDWR) {
      if ((prot & PROT_WRITE) !== 0) return -EACCES;
      mayProt &= ~PROT_WRITE;
    }
    if (shared && file.writable && isAppendOnly(file.inode)) return -EACCES;
    const refused = file.mmapCheck(task, prot, vmFlags);
    if (refused < 0) return refused;
    if (file.path !== null && (file.path.mount.flags & MS_NOEXEC) !== 0) mayProt &= ~PROT_EXEC;
    mayProt &= file.mayProtect(shared);
    mapping = file.inode.mapping;
  }
  if (mapping === null && shared) {
    const host = { size: pages * FRAME_SIZE, ino: mm.kernel.allocateInode() };
    if (mm.kernel.memory.overcommit === 0 && (mapFlags & MAP_NORESERVE) === 0 && pages > mm.kernel.memory.frames.limit) return -ENOMEM;
    mapping = new SharedAnonymousMapping(mm.kernel, host);
  }
  const hint =
    fixed === 'hint' && address !== 0
      ? Math.max(Math.ceil(address / FRAME_SIZE), mm.kernel.memory.mmapMinAddress / FRAME_SIZE)
      : address / FRAME_SIZE;
  const page = mapRange(mm, {
    page: Math.floor(hint),
    pages,
    prot: prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
    flags: vmFlags,
    fixed,
    mapping,
    // What is shared without pages of its own (/dev/zero) gets a nameless file instead. Linux: shmem_zero_setup.
    file: shared && file?.inode.mapping == null ? null : file,
    offset: offset / FRAME_SIZE,
    mayProt,
  });
  if (page < 0) return page;
  if (locked || (mapFlags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE) populateLocked(mm, page, page + pages);
  return page * FRAME_SIZE;
}

const munmap = defineSyscall('munmap', [ptr('addr'), size('length')], (task, tagged, length) => {
  const address = untagged(tagged);
  if (address % FRAME_SIZE !== 0 || address > TASK_SIZE || length > TASK_SIZE - address || length === 0) return -EINVAL;
  return unmapRange(task.mm!, address / FRAME_SIZE, Math.ceil((address + length) / FRAME_SIZE));
});

const mprotect = defineSyscall('mprotect', [ptr('addr'), size('length'), flags('prot')], (task, tagged, length, prot) => {
  const address = untagged(tagged);
  const grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
  if (grows === (PROT_GROWSDOWN | PROT_GROWSUP) || address % FRAME_SIZE !== 0) return -EINVAL;
  if (length === 0) return 0;
  const end = Math.ceil((address + length) / FRAME_SIZE);
  if (end * FRAME_SIZE > 2 ** 63) return -ENOMEM;
  if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_BTI | grows)) !== 0) return -EINVAL;
  if (grows === PROT_GROWSUP) return -EINVAL;
  return protectRange(task.mm!, address / FRAME_SIZE, end, prot & 7, grows === PROT_GROWSDOWN);
});

const mremap = defineSyscall(
  'mremap',
  [ptr('old_address'), size('old_size'), size('new_size'), flags('flags'), ptr('new_address')],
  (task, tagged, oldSize, newSize, remapFlags, newAddress) => {
    const oldAddress = untagged(tagged);
    if ((remapFlags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return -EINVAL;
    if ((remapFlags & MREMAP_FIXED) !== 0 && (remapFlags & MREMAP_MAYMOVE) === 0) return -EINVAL;
    const oldPages = Math.ceil(oldSize / FRAME_SIZE);
    const newPages = Math.ceil(newSize / FRAME_SIZE);
    if ((remapFlags & MREMAP_DONTUNMAP) !== 0 && ((remapFlags & MREMAP_MAYMOVE) === 0 || oldPages !== newPages)) return -EINVAL;
    if (oldAddress % FRAME_SIZE !== 0 || newPages === 0) return -EINVAL;
    if ((remapFlags & MREMAP_FIXED) !== 0 && newAddress % FRAME_SIZE !== 0) return -EINVAL;
    const hint = (remapFlags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0 ? Math.floor(newAddress / FRAME_SIZE) : 0;
    const page = remapRange(task.mm!, oldAddress / FRAME_SIZE, oldPages, newPages, remapFlags, hint);
    return page < 0 ? page : page * FRAME_SIZE;
  },
);

const brk = defineSyscall('brk', [ptr('addr')], (task, address) => setBrk(task.mm!, address));

export const mmCalls: readonly Syscall[] = [
  partial(mmap, 'MAP_HUGETLB: there are no huge pages, ENOMEM or EINVAL'),
  munmap,
  mprotect,
  mremap,
  brk,
];
