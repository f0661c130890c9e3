/** Inodes without a place in any directory: pipes, sockets, event files. Linux: fs/anon_inodes.c, pipefs, sockfs. */

import { EINVAL, EPERM } from '../../../abi/errno.ts';
import { ANON_INODE_FS_MAGIC, S_IFDIR } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { Pid } from '../../task/pid.ts';
import type { Task } from '../../task/task.ts';
import { Dentry } from '../../vfs/dentry.ts';
import { File } from '../../vfs/file.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import { type Attributes, Inode } from '../../vfs/inode.ts';
import { Mount } from '../../vfs/mount.ts';
import { Path } from '../../vfs/path.ts';
import { type StatFs, SuperBlock } from '../../vfs/super_block.ts';

const PIPEFS_MAGIC = 0x50495045;
const PID_FS_MAGIC = 0x50494446;
const SOCKFS_MAGIC = 0x534f434b;

/** A file system that the kernel alone mounts. */
class InternalType extends FileSystemType {
  readonly name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }
  mount(): number {
    return -EINVAL;
  }
}

class AnonymousSuperBlock extends SuperBlock {
  readonly mount: Mount;

  constructor(kernel: Kernel, type: InternalType, magic: number) {
    super(kernel, type, magic, 0);
    this.setRoot(new AnonymousInode(this, S_IFDIR | 0o755, '/'));
    this.mount = new Mount(this, this.root, 'none', 0);
    this.mount.get();
  }

  override statfs(): StatFs {
    return { blocks: 0, blocksFree: 0, files: 0, filesFree: 0 };
  }
}

/** An inode that only descriptors lead to; `label` is what /proc/[pid]/fd shows. */
export class AnonymousInode extends Inode {
  declare readonly sb: AnonymousSuperBlock;
  readonly label: string;

  /** A label that ends in ":" is completed with the inode number: pipe:[123]. */
  constructor(sb: AnonymousSuperBlock, mode: number, label: string) {
    super(sb, sb.kernel.allocateInode(), mode);
    this.label = label.endsWith(':') ? `${label}[${this.ino}]` : label;
  }

  /** Linux: simple_setattr; sizes do not change. */
  override setattr(_task: Task, { mode, uid, gid, atime, mtime, size }: Attributes): number {
    if (size !== undefined) return -EINVAL;
    if (mode !== undefined) this.mode = (this.mode & ~0o7777) | (mode & 0o7777);
    if (uid !== undefined) this.uid = uid;
    if (gid !== undefined) this.gid = gid;
    if (atime !== undefined) this.atime = atime;
    if (mtime !== undefined) this.mtime = mtime;
    this.ctime = this.sb.kernel.now();
    return 0;
  }
}

/** The inode of all descriptors of one process or thread. Linux: fs/pidfs.c. */
class PidInode extends AnonymousInode {
  override setattr(): number {
    return -EPERM;
  }
}

/** The kernel's own mounts. */
export class AnonymousFs {
  readonly pipefs: AnonymousSuperBlock;
  readonly sockfs: AnonymousSuperBlock;
  private readonly pidfs: AnonymousSuperBlock;
  private readonly events: AnonymousSuperBlock;
  /** eventfd, epoll, timerfd and signalfd have no attributes of their own: one inode a kind. */
  private readonly kinds: Map<string, AnonymousInode> = new Map();

  constructor(kernel: Kernel) {
    const pipefs = new InternalType('pipefs');
    const sockfs = new InternalType('sockfs');
    kernel.vfs.registerFileSystem(pipefs);
    kernel.vfs.registerFileSystem(sockfs);
    this.pipefs = new AnonymousSuperBlock(kernel, pipefs, PIPEFS_MAGIC);
    this.sockfs = new AnonymousSuperBlock(kernel, sockfs, SOCKFS_MAGIC);
    this.pidfs = new AnonymousSuperBlock(kernel, new InternalType('pidfs'), PID_FS_MAGIC);
    this.events = new AnonymousSuperBlock(kernel, new InternalType('anon_inodefs'), ANON_INODE_FS_MAGIC);
  }

  pidInode(pid: Pid): AnonymousInode {
    pid.inode ??= new PidInode(this.pidfs, 0o700, 'anon_inode:[pidfd]');
    return pid.inode;
  }

  /** The inode of files of `kind`, say "eventpoll". */
  eventInode(kind: string, label = `[${kind}]`): AnonymousInode {
    let inode = this.kinds.get(kind);
    if (inode === undefined) {
      inode = new AnonymousInode(this.events, 0o600, `anon_inode:${label}`);
      this.kinds.set(kind, inode);
    }
    return inode;
  }
}

/** A file whose inode it shares with all of its kind. */
export abstract class AnonymousFile extends File {
  abstract readonly kind: string;

  override get inode(): AnonymousInode {
    return this.kernel.anonymous.eventInode(this.kind);
  }

  /** Linux: noop_llseek. */
  override seek(): number {
    return this.pos;
  }
}

/** The path through which /proc/[pid]/fd leads to a file: its own, or one made up for an anonymous file. */
export function pathOfFile(file: File): Path | null {
  if (file.path !== null) return file.path;
  const { inode } = file;
  if (!(inode instanceof AnonymousInode)) return null;
  return new Path(inode.sb.mount, new Dentry(inode.sb, inode.sb.root, inode.label, inode));
}
