/** Smaller parts of rtnetlink: rules, which are Linux's first ones and cannot be changed, and numbers of namespaces. Linux: net/core/fib_rules.c, net_namespace.c. */

import { EEXIST, EINVAL, EOPNOTSUPP, isErrno } from '../../../abi/errno.ts';
import * as n from '../../../abi/netlink.ts';
import { AF_INET, AF_INET6, AF_UNSPEC } from '../../../abi/socket.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import { Attributes, MessageWriter } from './attributes.ts';
import { namespaceByFd, namespaceByPid } from './namespace_wanted.ts';
import type { NetlinkRequest } from './request.ts';

/** Family, priority, table. */
const RULES: readonly (readonly [number, number, number])[] = [
  [AF_INET, 0, n.RT_TABLE_LOCAL],
  [AF_INET, 32766, n.RT_TABLE_MAIN],
  [AF_INET, 32767, n.RT_TABLE_DEFAULT],
  [AF_INET6, 0, n.RT_TABLE_LOCAL],
  [AF_INET6, 32766, n.RT_TABLE_MAIN],
];

/** Where messages of namespace ids have their attributes. */
const RTGENMSG_SIZE = 4;

export function listRules(request: NetlinkRequest): number {
  const wanted = request.header(n.RTMSG_SIZE).getUint8(0);
  if (wanted !== AF_UNSPEC && wanted !== AF_INET && wanted !== AF_INET6) return -EOPNOTSUPP;
  for (const [family, priority, table] of RULES) {
    if (wanted !== AF_UNSPEC && wanted !== family) continue;
    const message = new MessageWriter(n.RTM_NEWRULE, n.NLM_F_MULTI, request.sequence, request.port);
    message.u8(family).u8(0).u8(0).u8(0).u8(table).u8(0).u8(0).u8(n.FR_ACT_TO_TBL).u32(0);
    message.attribute32(n.FRA_TABLE, table).attribute32(n.FRA_SUPPRESS_PREFIXLEN, -1).attribute8(n.FRA_PROTOCOL, n.RTPROT_KERNEL);
    if (priority !== 0) message.attribute32(n.FRA_PRIORITY, priority);
    request.answers.push(message.finish());
  }
  return 0;
}

/** There is no cache of neighbours: frames find their receivers by themselves. */
export const listNothing = (_request: NetlinkRequest): number => 0;

function otherNamespace(request: NetlinkRequest, attributes: Attributes): NetNamespace | number {
  const pid = attributes.number(n.NETNSA_PID);
  const fd = attributes.number(n.NETNSA_FD);
  if (pid !== null) return namespaceByPid(request.task, pid);
  return fd !== null ? namespaceByFd(request.task, fd) : -EINVAL;
}

/** Linux: rtnl_net_getid. */
export function getNsid(request: NetlinkRequest): number {
  const attributes = Attributes.parse(request.body.subarray(RTGENMSG_SIZE));
  if (isErrno(attributes)) return attributes;
  const other = otherNamespace(request, attributes as Attributes);
  if (typeof other === 'number') return other;
  const message = new MessageWriter(n.RTM_NEWNSID, 0, request.sequence, request.port).u32(0);
  request.answers.push(message.attribute32(n.NETNSA_NSID, request.net.nsid(other, false)).finish());
  return 0;
}

/** Linux: rtnl_net_newid. */
export function newNsid(request: NetlinkRequest): number {
  const attributes = Attributes.parse(request.body.subarray(RTGENMSG_SIZE));
  if (isErrno(attributes)) return attributes;
  const wanted = (attributes as Attributes).number(n.NETNSA_NSID);
  if (wanted === null) return -EINVAL;
  const other = otherNamespace(request, attributes as Attributes);
  if (typeof other === 'number') return other;
  if (request.net.nsids.has(other)) return request.refuse(EEXIST, 'Peer netns already has a nsid assigned');
  const any = (wanted | 0) < 0;
  if (!any && [...request.net.nsids.values()].includes(wanted)) return request.refuse(EEXIST, 'The specified nsid is already used');
  if (any) request.net.nsid(other, true);
  else request.net.setNsid(other, wanted);
  return 0;
}
