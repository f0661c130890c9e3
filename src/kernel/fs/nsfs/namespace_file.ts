/** An open file that stands for a namespace: /proc/[pid]/ns/* after open(2). See namespaces(7), ioctl_nsfs(2). */

import { EINVAL, ENOTTY, EPERM, isErrno } from '../../../abi/errno.ts';
import { O_RDONLY } from '../../../abi/fcntl.ts';
import { type Namespace, namespaceKinds } from '../../namespace/kinds.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import { newFd } from '../../syscall/new_fd.ts';
import type { Task } from '../../task/task.ts';
import { File } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import { openInode } from '../../vfs/open.ts';

const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_NSTYPE = 0xb703;
const NS_GET_OWNER_UID = 0xb704;
const O_CLOEXEC = 0o2000000;

export class NamespaceFile extends File {
  readonly namespace: Namespace;
  readonly inode: Inode;

  constructor(task: Task, namespace: Namespace, inode: Inode) {
    super(task.kernel, O_RDONLY);
    this.namespace = namespace;
    this.inode = inode;
  }

  override ioctl(task: Task, request: number, argument: number): number {
    const { namespace } = this;
    switch (request) {
      case NS_GET_USERNS:
        return this.related(task, namespace.kind === 'user' ? namespace.parent : namespace.owner);
      case NS_GET_PARENT:
        return namespace.kind === 'user' || namespace.kind === 'pid' ? this.related(task, namespace.parent) : -EINVAL;
      case NS_GET_NSTYPE:
        return namespaceKinds.find((kind) => kind.name === namespace.kind)!.flag;
      case NS_GET_OWNER_UID:
        if (namespace.kind !== 'user') return -EINVAL;
        return task.mm!.writeU32(argument, task.cred.userNs.uid(namespace.ownerUid));
      default:
        return -ENOTTY;
    }
  }

  /** A descriptor for a namespace that this one belongs to; only what lies inside the caller's own may be seen. */
  private related(task: Task, target: Namespace | null): number {
    if (target === null) return -EPERM;
    const visible =
      target.kind === 'user'
        ? (target as UserNamespace).isWithin(task.cred.userNs)
        : target.kind === 'pid' && task.pid.namespace.isAncestorOf(target);
    if (!visible) return -EPERM;
    const file = openInode(task, task.kernel.nsfs.path(target), O_RDONLY);
    return isErrno(file) ? file : newFd(task, file, O_CLOEXEC);
  }
}
