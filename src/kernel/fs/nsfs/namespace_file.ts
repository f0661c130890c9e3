/** An open file that stands for a namespace: /proc/[pid]/ns/* after open(2). See namespaces(7), ioctl_nsfs(2). Linux: ns_ioctl in fs/nsfs.c. */

import { CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import { EINVAL, ENOENT, ENOTTY, EPERM, ESRCH, isErrno } from '../../../abi/errno.ts';
import { O_CLOEXEC, O_RDONLY } from '../../../abi/fcntl.ts';
import { kindOf } from '../../namespace/kinds.ts';
import type { Namespace } from '../../namespace/namespace.ts';
import { PidNamespace } from '../../namespace/pid_namespace.ts';
import { UserNamespace } from '../../namespace/user_namespace.ts';
import { newFd } from '../../syscall/new_fd.ts';
import type { Task } from '../../task/task.ts';
import { File } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import { MountNamespace } from '../../vfs/mount_namespace.ts';
import { openInode } from '../../vfs/open.ts';

const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_NSTYPE = 0xb703;
const NS_GET_OWNER_UID = 0xb704;
const NS_GET_MNTNS_ID = 0x8008b705;
const NS_GET_PID_FROM_PIDNS = 0x8004b706;
const NS_GET_TGID_FROM_PIDNS = 0x8004b707;
const NS_GET_PID_IN_PIDNS = 0x8004b708;
const NS_GET_TGID_IN_PIDNS = 0x8004b709;
/** These say in the request how long the caller's struct mnt_ns_info is. */
const NS_MNT_GET_INFO = 10;
const NS_MNT_GET_NEXT = 11;
const NS_MNT_GET_PREV = 12;
const MNT_NS_INFO_SIZE_VER0 = 16;

/** A new descriptor for a namespace. */
export function openNamespace(task: Task, namespace: Namespace): number {
  const file = openInode(task, task.kernel.nsfs.path(namespace), O_RDONLY);
  return isErrno(file) ? file : newFd(task, file, O_CLOEXEC);
}

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
        return openOwner(task, namespace.owner);
      case NS_GET_PARENT:
        return openParent(task, namespace);
      case NS_GET_NSTYPE:
        return kindOf(namespace).flag;
      case NS_GET_OWNER_UID:
        if (!(namespace instanceof UserNamespace)) return -EINVAL;
        return task.mm!.writeU32(argument, task.cred.userNs.uid(namespace.ownerUid));
      case NS_GET_MNTNS_ID:
        if (!(namespace instanceof MountNamespace)) return -EINVAL;
        return task.mm!.writeU64(argument, namespace.id, 0);
      case NS_GET_PID_FROM_PIDNS:
      case NS_GET_TGID_FROM_PIDNS:
      case NS_GET_PID_IN_PIDNS:
      case NS_GET_TGID_IN_PIDNS:
        return namespace instanceof PidNamespace ? translatePid(task, namespace, request, argument | 0) : -EINVAL;
    }
    const number = request & 0xff;
    if (number !== NS_MNT_GET_INFO && number !== NS_MNT_GET_NEXT && number !== NS_MNT_GET_PREV) return -ENOTTY;
    const size = (request >>> 16) & 0x3fff;
    if (!(namespace instanceof MountNamespace) || size < MNT_NS_INFO_SIZE_VER0) return -EINVAL;
    if (number === NS_MNT_GET_INFO) return argument === 0 ? -EINVAL : writeInfo(task, namespace, argument);
    return openNeighbour(task, namespace, number === NS_MNT_GET_PREV, argument);
  }
}

/** Only what lies inside the caller's own user namespace may be seen. Linux: ns_get_owner. */
const openOwner = (task: Task, owner: UserNamespace | null): number =>
  owner?.isWithin(task.cred.userNs) === true ? openNamespace(task, owner) : -EPERM;

function openParent(task: Task, namespace: Namespace): number {
  if (namespace instanceof UserNamespace) return openOwner(task, namespace.parent);
  if (!(namespace instanceof PidNamespace)) return -EINVAL;
  const { parent } = namespace;
  return parent !== null && task.pid.namespace.isAncestorOf(parent) ? openNamespace(task, parent) : -EPERM;
}

/** A thread or process by its number in one of the caller's and this namespace: its number in the other. */
function translatePid(task: Task, namespace: PidNamespace, request: number, number: number): number {
  const own = task.pid.namespace;
  const from = request === NS_GET_PID_FROM_PIDNS || request === NS_GET_TGID_FROM_PIDNS;
  const target = (from ? namespace : own).find(number)?.task ?? null;
  if (target === null) return -ESRCH;
  const whole = request === NS_GET_TGID_FROM_PIDNS || request === NS_GET_TGID_IN_PIDNS;
  return (whole ? target.group.leader.pid : target.pid).in(from ? own : namespace) || -ESRCH;
}

/** struct mnt_ns_info: its size, mounts below the root, and the namespace's id. */
function writeInfo(task: Task, namespace: MountNamespace, address: number): number {
  const view = new DataView(new ArrayBuffer(MNT_NS_INFO_SIZE_VER0));
  view.setUint32(0, MNT_NS_INFO_SIZE_VER0, true);
  view.setUint32(4, Math.max(0, namespace.count - 1), true);
  view.setUint32(8, namespace.id, true);
  return task.mm!.copyOut(address, new Uint8Array(view.buffer));
}

/** The mount namespace made next or before, among those that the caller controls. Linux: get_sequential_mnt_ns. */
function openNeighbour(task: Task, namespace: MountNamespace, previous: boolean, address: number): number {
  if (!task.cred.capable(CAP_SYS_ADMIN, namespace.owner)) return -EPERM;
  const { mountNamespaces } = task.kernel.vfs;
  const ids = [...mountNamespaces.keys()].filter((id) => (previous ? id < namespace.id : id > namespace.id));
  if (previous) ids.reverse();
  for (const id of ids) {
    const found = mountNamespaces.get(id)!;
    if (!task.cred.capable(CAP_SYS_ADMIN, found.owner)) continue;
    const failed = address === 0 ? 0 : writeInfo(task, found, address);
    return failed < 0 ? failed : openNamespace(task, found);
  }
  return -ENOENT;
}
