/** Anonymous files in memory, and seals on them. Linux: mm/memfd.c. See memfd_create(2), fcntl(2) F_ADD_SEALS. */

import { EBUSY, EINVAL, EPERM, isErrno } from '../../../abi/errno.ts';
import {
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  FALLOC_FL_PUNCH_HOLE,
  O_ACCMODE,
  O_RDONLY,
  O_RDWR,
} from '../../../abi/fcntl.ts';
import { S_IFREG } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE, VM_SHARED } from '../../mm/vma.ts';
import type { Task } from '../../task/task.ts';
import { Dentry } from '../../vfs/dentry.ts';
import type { File } from '../../vfs/file.ts';
import type { Attributes } from '../../vfs/inode.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { Mount } from '../../vfs/mount.ts';
import { Path } from '../../vfs/path.ts';
import { RegularFile } from '../../vfs/regular_file.ts';
import { TmpfsSuperBlock, TmpfsType } from './tmpfs.ts';
import { TmpfsInode } from './tmpfs_inode.ts';

const F_ALL_SEALS = 0x3f;
const MAX_FOLIO = 2 ** 21;
const NO_WRITES = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;

export class MemfdInode extends TmpfsInode {
  private sealed: number;

  constructor(sb: TmpfsSuperBlock, mode: number, payer: MemoryGroup, seals: number) {
    super(sb, S_IFREG | mode, payer);
    this.sealed = seals;
    this.nlink = 0;
  }

  override get seals(): number {
    return this.sealed;
  }

  override open(_task: Task, _path: Path, flags: number): File {
    return new MemfdFile(this, flags);
  }

  override setattr(task: Task, changes: Attributes): number {
    const { size, mode } = changes;
    if (size !== undefined && size < this.size && (this.seals & F_SEAL_SHRINK) !== 0) return -EPERM;
    if (size !== undefined && size > this.size && (this.seals & F_SEAL_GROW) !== 0) return -EPERM;
    if (mode !== undefined && ((mode ^ this.mode) & 0o111) !== 0 && (this.seals & F_SEAL_EXEC) !== 0) return -EPERM;
    return super.setattr(task, changes);
  }

  override fallocate(task: Task, mode: number, offset: number, length: number): number {
    if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0) {
      if ((this.seals & NO_WRITES) !== 0) return -EPERM;
    } else if ((this.seals & F_SEAL_GROW) !== 0 && offset + length > this.size) return -EPERM;
    return super.fallocate(task, mode, offset, length);
  }

  /** Linux: memfd_add_seals. */
  addSeals(seals: number): number {
    if ((seals & ~F_ALL_SEALS) !== 0) return -EINVAL;
    if ((this.seals & F_SEAL_SEAL) !== 0) return -EPERM;
    if ((seals & F_SEAL_WRITE & ~this.seals) !== 0) {
      for (const vma of this.mapping!.vmas) if (vma.shared && (vma.mayProt & PROT_WRITE) !== 0) return -EBUSY;
    }
    const more = (seals & F_SEAL_EXEC) !== 0 && (this.mode & 0o111) !== 0 ? F_SEAL_SHRINK | F_SEAL_GROW | NO_WRITES : 0;
    this.sealed |= seals | more;
    return 0;
  }
}

export class MemfdFile extends RegularFile {
  declare protected readonly node: MemfdInode;

  override write(task: Task, iter: IovIter, pos: number): number {
    const { seals, size } = this.node;
    if ((seals & NO_WRITES) !== 0) return -EPERM;
    if ((seals & F_SEAL_GROW) === 0 || pos + iter.remaining <= size) return super.write(task, iter, pos);
    // Linux writes in chunks of the largest folio, and refuses the one that would grow the file.
    const room = Math.floor(size / MAX_FOLIO) * MAX_FOLIO - pos;
    return room <= 0 ? -EPERM : this.node.mapping!.writeFrom(iter, pos, room);
  }

  override mmapCheck(task: Task, prot: number, flags: number): number {
    if ((this.node.seals & NO_WRITES) !== 0 && (flags & VM_SHARED) !== 0 && (prot & PROT_WRITE) !== 0) return -EPERM;
    return super.mmapCheck(task, prot, flags);
  }

  override mayProtect(shared: boolean): number {
    return shared && (this.node.seals & NO_WRITES) !== 0 ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE | PROT_EXEC;
  }

  override addSeals(seals: number): number {
    return (this.flags & O_ACCMODE) === O_RDONLY ? -EPERM : this.node.addSeals(seals);
  }
}

/** The kernel's own mount for files that no directory holds. Linux: shm_mnt. */
export function internalMount(kernel: Kernel): Mount | number {
  const { memory } = kernel;
  if (memory.shmemMount === null) {
    const sb = TmpfsSuperBlock.create(kernel, new TmpfsType());
    if (isErrno(sb)) return sb;
    memory.shmemMount = new Mount(sb, sb.root, 'none', 0).get();
  }
  return memory.shmemMount;
}

/** A new file called `memfd:${name}`, open for reading and writing; or -ENOMEM. */
export function createMemfd(task: Task, name: string, mode: number, seals: number): File | number {
  const mount = internalMount(task.kernel);
  if (isErrno(mount)) return mount;
  const sb = mount.sb as TmpfsSuperBlock;
  const payer = task.group.cgroup.memory;
  const failed = sb.addInode(payer);
  if (failed < 0) return failed;
  const inode = new MemfdInode(sb, mode, payer, seals);
  inode.uid = task.cred.fsuid;
  inode.gid = task.cred.fsgid;
  const dentry = new Dentry(sb, sb.root, `memfd:${name}`, inode);
  dentry.unlinked = true;
  const file = new MemfdFile(inode, O_RDWR);
  file.path = new Path(mount, dentry).get();
  return file;
}
