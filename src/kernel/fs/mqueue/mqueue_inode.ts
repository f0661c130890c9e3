/** Message queues and the directory of their names. Linux: ipc/mqueue.c, mqueue_get_inode and the operations of its inodes. */

import { CAP_SYS_RESOURCE } from '../../../abi/capability.ts';
import { EACCES, EINVAL, EMFILE, ENOENT, ENOMEM, ENOSPC } from '../../../abi/errno.ts';
import { HARD_MSGMAX, HARD_MSGSIZEMAX, MQ_PRIO_MAX } from '../../../abi/mqueue.ts';
import { RLIMIT_MSGQUEUE } from '../../../abi/process.ts';
import { S_IFDIR, S_ISVTX } from '../../../abi/stat.ts';
import { Mqueue } from '../../ipc/mqueue.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import { charge, PRICE_INODE, uncharge } from '../../mm/price.ts';
import { accountOf, addUcount, exceedsRlimit, type Ucounts } from '../../namespace/ucounts.ts';
import type { Task } from '../../task/task.ts';
import { DirEntries } from '../../vfs/dir_entries.ts';
import { DirectoryFile } from '../../vfs/directory_file.ts';
import type { DirEmit, File } from '../../vfs/file.ts';
import { type Attributes, Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { copyAttributes } from '../../vfs/simple_attributes.ts';
import { MqueueFile } from './mqueue_file.ts';
import type { MqueueSuperBlock } from './mqueuefs.ts';

/** What a directory's size counts for a name, and the size of every queue. Linux: DIRENT_SIZE, FILENT_SIZE. */
const DIRENT_SIZE = 20;
export const FILENT_SIZE = 80;
/** struct msg_msg and struct posix_msg_tree_node, which RLIMIT_MSGQUEUE counts too. See mq_overview(7). */
const MSG_MSG_SIZE = 48;
const TREE_NODE_SIZE = 48;
const PRICE_QUEUE: number = PRICE_INODE + 640;

/** What mq_open(3) asks of a new queue. */
export interface MqueueAttributes {
  readonly maxMessages: number;
  readonly maxSize: number;
}

abstract class MqueueNode extends Inode {
  declare readonly sb: MqueueSuperBlock;

  /** Linux: simple_setattr; the size of a queue means nothing. */
  override setattr(_task: Task, changes: Attributes): number {
    if (changes.size !== undefined) this.size = changes.size;
    copyAttributes(this, changes);
    return 0;
  }
}

export class MqueueInode extends MqueueNode {
  readonly queue: Mqueue;
  private readonly payer: MemoryGroup;
  /** Whose RLIMIT_MSGQUEUE counts it, and the bytes it counts. */
  private readonly account: Ucounts;
  private readonly limited: number;
  private ended = false;

  /** The caller has charged `payer` PRICE_QUEUE and `account` the bytes. */
  constructor(sb: MqueueSuperBlock, mode: number, queue: Mqueue, payer: MemoryGroup, account: Ucounts) {
    super(sb, sb.kernel.allocateInode(), mode);
    this.size = FILENT_SIZE;
    this.queue = queue;
    this.payer = payer;
    this.account = account;
    this.limited = limitedBytes(queue.maxMessages, queue.maxSize);
  }

  override open(_task: Task, _path: Path, flags: number): File {
    return new MqueueFile(this, flags);
  }

  /** A message was sent or received. Linux: simple_inode_init_ts. */
  exchanged(): void {
    this.atime = this.mtime = this.ctime = this.sb.kernel.now();
  }

  /** Its status was read, or a registration or the flags of a description have changed. */
  override accessed(): void {
    this.atime = this.ctime = this.sb.kernel.now();
  }

  /** Linux: mqueue_evict_inode. */
  override evict(): void {
    if (this.ended) return;
    this.ended = true;
    this.queue.destroy();
    addUcount(this.account, 'messageQueueBytes', -this.limited);
    uncharge(this.payer, PRICE_QUEUE);
    if (this.sb.namespace !== null) this.sb.namespace.mqueueCount--;
  }
}

const limitedBytes = (maxMessages: number, maxSize: number): number =>
  maxMessages * (maxSize + MSG_MSG_SIZE) + Math.min(maxMessages, MQ_PRIO_MAX) * TREE_NODE_SIZE;

export class MqueueDirectory extends MqueueNode {
  private readonly names: DirEntries = new DirEntries();

  constructor(sb: MqueueSuperBlock) {
    super(sb, sb.kernel.allocateInode(), S_IFDIR | S_ISVTX | 0o777);
    this.nlink = 2;
    this.size = 2 * DIRENT_SIZE;
  }

  override lookup(_task: Task, name: string): Inode | number {
    return this.names.get(name) ?? -ENOENT;
  }

  override iterate(_task: Task, pos: number, emit: DirEmit): number {
    return this.names.iterate(pos, emit);
  }

  override open(_task: Task, _path: Path, flags: number): File {
    return new DirectoryFile(this, flags);
  }

  override create(task: Task, name: string, mode: number): Inode | number {
    return this.createQueue(task, name, mode, null);
  }

  /** A new queue, with the default attributes if none are asked for. Linux: mqueue_create_attr, mqueue_get_inode. */
  createQueue(task: Task, name: string, mode: number, attributes: MqueueAttributes | null): MqueueInode | number {
    const { kernel, namespace } = this.sb;
    const { cred, group } = task;
    if (namespace === null) return -EACCES;
    const { limits } = namespace;
    const mayExceed = cred.capable(CAP_SYS_RESOURCE, kernel.initialUserNs);
    // An unsigned int on Linux: a negative limit is none.
    if (namespace.mqueueCount >= limits.mqQueuesMax >>> 0 && !mayExceed) return -ENOSPC;
    const maxMessages = attributes?.maxMessages ?? Math.min(limits.mqMsgMax, limits.mqMsgDefault);
    const maxSize = attributes?.maxSize ?? Math.min(limits.mqMsgsizeMax, limits.mqMsgsizeDefault);
    if (maxMessages <= 0 || maxSize <= 0) return -EINVAL;
    if (maxMessages > (mayExceed ? HARD_MSGMAX : limits.mqMsgMax)) return -EINVAL;
    if (maxSize > (mayExceed ? HARD_MSGSIZEMAX : limits.mqMsgsizeMax)) return -EINVAL;
    const account = accountOf(cred);
    const bytes = limitedBytes(maxMessages, maxSize);
    if (exceedsRlimit(account, 'messageQueueBytes', bytes, group.softLimit(RLIMIT_MSGQUEUE))) return -EMFILE;
    const payer = group.cgroup.memory;
    if (!charge(kernel, payer, PRICE_QUEUE)) return -ENOMEM;
    addUcount(account, 'messageQueueBytes', bytes);
    const inode = new MqueueInode(this.sb, mode, new Mqueue(maxMessages, maxSize), payer, account);
    inode.uid = cred.fsuid;
    inode.gid = cred.fsgid;
    namespace.mqueueCount++;
    this.names.set(name, inode);
    this.resize(DIRENT_SIZE);
    return inode;
  }

  override unlink(_task: Task, name: string): number {
    const inode = this.names.get(name);
    if (inode === undefined) return -ENOENT;
    this.names.delete(name);
    this.resize(-DIRENT_SIZE);
    inode.nlink--;
    inode.ctime = this.ctime;
    if (inode.refs === 0) inode.evict();
    return 0;
  }

  /** A name has come or gone: Linux counts that as an access too. */
  private resize(change: number): void {
    this.size += change;
    this.atime = this.mtime = this.ctime = this.sb.kernel.now();
  }

  /** The file system ends, and what is left in it. */
  override evict(): void {
    for (const inode of this.names.inodes()) inode.evict();
  }
}
