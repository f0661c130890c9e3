/** A route as a message of rtnetlink. Linux: fib_dump_info, rt6_fill_node. */

import * as n from '../../../abi/netlink.ts';
import { AF_INET, AF_INET6 } from '../../../abi/socket.ts';
import { ipBytes, isIp4 } from '../ip_address.ts';
import type { Route } from '../route/route.ts';
import { MessageWriter } from './attributes.ts';
import type { Envelope } from './request.ts';

/** The way is there, but nothing answers. The addresses of this host need no link. */
const isLinkDown = ({ device, scope }: Route): boolean => device?.up === true && !device.carrier && scope !== n.RT_SCOPE_HOST;

export function fillRoute(route: Route, type: number, { flags, sequence, port }: Envelope): Uint8Array {
  const { destination, length, table, priority, gateway, preferred, device, metrics } = route;
  const four = isIp4(destination);
  const message = new MessageWriter(type, flags, sequence, port);
  message
    .u8(four ? AF_INET : AF_INET6)
    .u8(length)
    .u8(0)
    .u8(route.tos);
  message
    .u8(table < 256 ? table : n.RT_TABLE_UNSPEC)
    .u8(route.protocol)
    .u8(route.scope)
    .u8(route.type)
    .u32(route.flags | (isLinkDown(route) ? n.RTNH_F_LINKDOWN : 0));
  message.attribute32(n.RTA_TABLE, table);
  if (length > 0) message.attribute(n.RTA_DST, ipBytes(destination));
  if (four && priority !== 0) message.attribute32(n.RTA_PRIORITY, priority);
  if (metrics !== null) message.attribute(n.RTA_METRICS, metrics);
  if (preferred !== null) message.attribute(n.RTA_PREFSRC, ipBytes(preferred));
  if (!four) message.attribute32(n.RTA_PRIORITY, priority);
  if (gateway !== null) message.attribute(n.RTA_GATEWAY, ipBytes(gateway));
  if (device !== null) message.attribute32(n.RTA_OIF, device.index);
  if (!four) message.attribute(n.RTA_CACHEINFO, new Uint8Array(32)).attribute8(n.RTA_PREF, 0);
  return message.finish();
}
