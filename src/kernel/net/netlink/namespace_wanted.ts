/** The network namespace that a message names by a process or a descriptor. Linux: rtnl_link_get_net_capable. */

import { CAP_NET_ADMIN } from '../../../abi/capability.ts';
import { EBADF, EINVAL, EPERM, ESRCH } from '../../../abi/errno.ts';
import { IFLA_NET_NS_FD, IFLA_NET_NS_PID } from '../../../abi/netlink.ts';
import { NamespaceFile } from '../../fs/nsfs/namespace_file.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { Task } from '../../task/task.ts';
import type { Attributes } from './attributes.ts';
import type { NetlinkRequest } from './request.ts';

/** The namespace of a process of the caller's, or -ESRCH. */
export const namespaceByPid = (task: Task, pid: number): NetNamespace | number => task.pid.namespace.find(pid)?.task?.nsproxy.net ?? -ESRCH;

/** The namespace that a descriptor stands for, -EBADF or -EINVAL. */
export function namespaceByFd(task: Task, fd: number): NetNamespace | number {
  const file = task.files!.get(fd);
  if (file === null) return -EBADF;
  return file instanceof NamespaceFile && file.namespace.kind === 'net' ? (file.namespace as NetNamespace) : -EINVAL;
}

/** Where a device shall be; null if the message does not say, -EPERM without CAP_NET_ADMIN there. */
export function namespaceWanted({ task }: NetlinkRequest, attributes: Attributes): NetNamespace | number | null {
  const pid = attributes.number(IFLA_NET_NS_PID);
  const fd = attributes.number(IFLA_NET_NS_FD);
  if (pid === null && fd === null) return null;
  const net = pid !== null ? namespaceByPid(task, pid) : namespaceByFd(task, fd!);
  if (typeof net === 'number') return net;
  return task.cred.capable(CAP_NET_ADMIN, net.owner) ? net : -EPERM;
}
