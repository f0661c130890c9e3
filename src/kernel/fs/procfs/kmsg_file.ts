/** Open /proc/kmsg: messages of the kernel, which the host's log has taken already; who reads waits. Linux: fs/proc/kmsg.c. See proc_kmsg(5). */

import { CAP_SYSLOG } from '../../../abi/capability.ts';
import { EAGAIN, EIO, EPERM } from '../../../abi/errno.ts';
import { O_NONBLOCK } from '../../../abi/fcntl.ts';
import type { Task } from '../../task/task.ts';
import { File } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { ProcContext } from './entry.ts';

class KmsgFile extends File {
  private readonly node: Inode;

  constructor(node: Inode, flags: number) {
    super(node.sb.kernel, flags);
    this.node = node;
  }

  override get inode(): Inode {
    return this.node;
  }

  override read(task: Task): number {
    return (this.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([]);
  }

  override write(): number {
    return -EIO;
  }

  override poll(): number {
    return 0;
  }
}

/** Linux: check_syslog_permissions. */
export const openKmsg = ({ kernel, reader }: ProcContext, node: Inode, flags: number): File | number =>
  reader.cred.capable(CAP_SYSLOG, kernel.initialUserNs) ? new KmsgFile(node, flags) : -EPERM;
