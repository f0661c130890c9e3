/** Devices by rtnetlink: RTM_NEWLINK, RTM_SETLINK, RTM_DELLINK, RTM_GETLINK. Linux: net/core/rtnetlink.c. */

import { EEXIST, EINVAL, ENODEV, EOPNOTSUPP, isErrno } from '../../../abi/errno.ts';
import * as n from '../../../abi/netlink.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import { chooseName, discardDevice, findDevice, makeDevice, registerDevice, unregisterDevice } from '../device/device_table.ts';
import { kindByInfo, linkKinds } from '../device/link_kinds.ts';
import type { LinkKind, NetDevice } from '../device/net_device.ts';
import { Attributes } from './attributes.ts';
import { changeLink, setNewLink } from './change_link.ts';
import { fillLink } from './fill_link.ts';
import { namespaceWanted } from './namespace_wanted.ts';
import { notifyLink } from './notify.ts';
import type { NetlinkRequest } from './request.ts';

interface LinkRequest {
  readonly header: DataView;
  readonly attributes: Attributes;
}

function parse(request: NetlinkRequest): LinkRequest | number {
  if (request.body.length < n.IFINFOMSG_SIZE) return -EINVAL;
  const attributes = Attributes.parse(request.body.subarray(n.IFINFOMSG_SIZE));
  return isErrno(attributes) ? attributes : { header: request.header(n.IFINFOMSG_SIZE), attributes: attributes as Attributes };
}

/** The device that a message names by index or by name; null if there is none. */
function findLink({ net }: NetlinkRequest, { header, attributes }: LinkRequest): NetDevice | null {
  const index = header.getInt32(4, true);
  if (index > 0) return net.devices.get(index) ?? null;
  const name = attributes.text(n.IFLA_IFNAME);
  return name === null ? null : findDevice(net, name);
}

export function setLink(request: NetlinkRequest): number {
  const parsed = parse(request);
  if (isErrno(parsed)) return parsed;
  const link = parsed as LinkRequest;
  const device = findLink(request, link);
  return device === null ? -ENODEV : changeLink(request, device, link.header, link.attributes);
}

/** Change a device, or make one with NLM_F_CREATE. Linux: __rtnl_newlink. */
export function newLink(request: NetlinkRequest): number {
  const parsed = parse(request);
  if (isErrno(parsed)) return parsed;
  const link = parsed as LinkRequest;
  const device = findLink(request, link);
  const info = link.attributes.nested(n.IFLA_LINKINFO) ?? new Attributes();
  if (isErrno(info)) return info;
  const kind = (info as Attributes).text(n.IFLA_INFO_KIND);
  if (device !== null) {
    if ((request.requested & n.NLM_F_EXCL) !== 0) return -EEXIST;
    if ((request.requested & n.NLM_F_REPLACE) !== 0) return -EOPNOTSUPP;
    if (kind !== null && kind !== linkKinds[device.kind].info) return -EOPNOTSUPP;
    if ((info as Attributes).has(n.IFLA_INFO_DATA) || (info as Attributes).has(n.IFLA_INFO_SLAVE_DATA)) return -EOPNOTSUPP;
    return changeLink(request, device, link.header, link.attributes);
  }
  if ((request.requested & n.NLM_F_CREATE) === 0) return -ENODEV;
  if (kind === null) return -EOPNOTSUPP;
  const wanted = kindByInfo(kind);
  if (wanted === null) return request.refuse(EOPNOTSUPP, 'Unknown device type');
  return createLink(request, link, wanted, info as Attributes);
}

function createLink(request: NetlinkRequest, link: LinkRequest, kind: LinkKind, info: Attributes): number {
  const { attributes, header } = link;
  const net = namespaceWanted(request, attributes) ?? request.net;
  if (typeof net === 'number') return net;
  const data = info.nested(n.IFLA_INFO_DATA) ?? new Attributes();
  if (isErrno(data)) return data;
  if (kind === 'veth') return createVeth(request, link, net, data as Attributes);
  if ([...(data as Attributes).types()].length > 0) return request.refuse(EOPNOTSUPP, 'Parameters of new devices are not supported');
  const device = prepare(request, net, kind, link, attributes.text(n.IFLA_IFNAME) ?? `${kind}%d`);
  if (isErrno(device)) return device;
  registerDevice(device as NetDevice, Math.max(0, header.getInt32(4, true)));
  return finish(request, device as NetDevice, link);
}

/** The device without its place in a namespace, with what attributes say of it; or a negative errno. */
function prepare(request: NetlinkRequest, net: NetNamespace, kind: LinkKind, link: LinkRequest, wanted: string): NetDevice | number {
  const name = chooseName(net, wanted);
  if (isErrno(name)) return name;
  const device = makeDevice(net, kind, name as string, request.task.group.cgroup.memory);
  if (isErrno(device)) return device;
  const failed = setNewLink(request, device as NetDevice, link.attributes);
  if (failed === 0) return device;
  discardDevice(device as NetDevice);
  return failed;
}

/** It is there: flags, master, and whoever listens hears of it. */
function finish(request: NetlinkRequest, device: NetDevice, { header, attributes }: LinkRequest): number {
  notifyLink(device, n.RTM_NEWLINK);
  const flags = header.getUint32(8, true);
  const change = header.getUint32(12, true);
  if (flags === 0 && change === 0 && !attributes.has(n.IFLA_MASTER)) return 0;
  const only = new Attributes();
  only.copy(attributes, [n.IFLA_MASTER]);
  const failed = changeLink(request, device, header, only);
  if (failed < 0) unregisterDevice(device);
  return failed;
}

/** Linux: veth_newlink: the other end first. */
function createVeth(request: NetlinkRequest, link: LinkRequest, net: NetNamespace, data: Attributes): number {
  const peerBytes = data.get(n.VETH_INFO_PEER);
  const peerAttributes = Attributes.parse(peerBytes?.subarray(n.IFINFOMSG_SIZE) ?? new Uint8Array(0));
  if ((peerBytes !== null && peerBytes.length < n.IFINFOMSG_SIZE) || isErrno(peerAttributes)) return -EINVAL;
  const header = new DataView(peerBytes?.slice(0, n.IFINFOMSG_SIZE).buffer ?? new ArrayBuffer(n.IFINFOMSG_SIZE));
  const peerLink: LinkRequest = { header, attributes: peerAttributes as Attributes };
  const peerNet = namespaceWanted(request, peerLink.attributes) ?? net;
  if (typeof peerNet === 'number') return peerNet;
  const peer = prepare(request, peerNet, 'veth', peerLink, peerLink.attributes.text(n.IFLA_IFNAME) ?? 'veth%d');
  if (isErrno(peer)) return peer;
  registerDevice(peer as NetDevice, Math.max(0, header.getInt32(4, true)));
  const device = prepare(request, net, 'veth', link, link.attributes.text(n.IFLA_IFNAME) ?? 'veth%d');
  if (isErrno(device)) {
    unregisterDevice(peer as NetDevice);
    return device;
  }
  registerDevice(device as NetDevice, Math.max(0, link.header.getInt32(4, true)));
  (device as NetDevice).peer = peer as NetDevice;
  (peer as NetDevice).peer = device as NetDevice;
  return finish(request, peer as NetDevice, peerLink) || finish(request, device as NetDevice, link);
}

export function deleteLink(request: NetlinkRequest): number {
  const parsed = parse(request);
  if (isErrno(parsed)) return parsed;
  const link = parsed as LinkRequest;
  const device = findLink(request, link);
  if (device === null) return link.header.getInt32(4, true) > 0 || link.attributes.has(n.IFLA_IFNAME) ? -ENODEV : -EINVAL;
  if (linkKinds[device.kind].info === null) return -EOPNOTSUPP;
  unregisterDevice(device);
  return 0;
}

export function getLink(request: NetlinkRequest): number {
  const parsed = parse(request);
  if (isErrno(parsed)) return parsed;
  const link = parsed as LinkRequest;
  if (link.header.getInt32(4, true) <= 0 && !link.attributes.has(n.IFLA_IFNAME)) return -EINVAL;
  const device = findLink(request, link);
  if (device === null) return -ENODEV;
  request.answers.push(fillLink(device, n.RTM_NEWLINK, request));
  return 0;
}

/** Those of a bridge (IFLA_MASTER), of a kind (IFLA_LINKINFO), or all. */
export function listLinks(request: NetlinkRequest): number {
  const attributes = Attributes.parse(request.body.subarray(n.IFINFOMSG_SIZE));
  if (request.header(n.IFINFOMSG_SIZE).getUint8(0) !== 0 && request.strict && request.body.length < n.IFINFOMSG_SIZE) return -EINVAL;
  const wanted = isErrno(attributes) ? new Attributes() : (attributes as Attributes);
  const master = wanted.number(n.IFLA_MASTER);
  const info = wanted.nested(n.IFLA_LINKINFO);
  const kind = info === null || isErrno(info) ? null : (info as Attributes).text(n.IFLA_INFO_KIND);
  for (const device of request.net.devices.values()) {
    if (master !== null && device.master?.index !== master) continue;
    if (kind !== null && linkKinds[device.kind].info !== kind) continue;
    request.answers.push(fillLink(device, n.RTM_NEWLINK, request));
  }
  return 0;
}
