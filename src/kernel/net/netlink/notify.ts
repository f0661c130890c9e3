/** What members of rtnetlink's multicast groups are told. Linux: rtmsg_ifinfo, rtmsg_ifa, rtmsg_fib. See rtnetlink(7). */

import * as n from '../../../abi/netlink.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { InetAddress } from '../device/inet_address.ts';
import type { NetDevice } from '../device/net_device.ts';
import { isIp4 } from '../ip_address.ts';
import type { Route } from '../route/route.ts';
import { fillAddress } from './fill_address.ts';
import { fillLink } from './fill_link.ts';
import { fillRoute } from './fill_route.ts';
import { tellGroup } from './multicast.ts';

const ENVELOPE = { flags: 0, sequence: 0, port: 0 };

export function notifyLink(device: NetDevice, type: number): void {
  const { net } = device;
  tellGroup(net, n.NETLINK_ROUTE, n.RTNLGRP_LINK, () => fillLink(device, type, ENVELOPE));
}

export function notifyAddress(device: NetDevice, address: InetAddress, type: number): void {
  const { net } = device;
  const group = isIp4(address.local) ? n.RTNLGRP_IPV4_IFADDR : n.RTNLGRP_IPV6_IFADDR;
  tellGroup(net, n.NETLINK_ROUTE, group, () => fillAddress(device, address, type, ENVELOPE));
}

export function notifyRoute(net: NetNamespace, route: Route, type: number): void {
  const group = isIp4(route.destination) ? n.RTNLGRP_IPV4_ROUTE : n.RTNLGRP_IPV6_ROUTE;
  tellGroup(net, n.NETLINK_ROUTE, group, () => fillRoute(route, type, ENVELOPE));
}
