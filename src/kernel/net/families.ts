/** The families of protocols that socket(2) knows. */

import { AF_INET, AF_INET6, AF_NETLINK, AF_UNIX } from '../../abi/socket.ts';
import { InetFamily } from './inet/family.ts';
import { NetlinkFamily } from './netlink/family.ts';
import type { SocketFamily } from './socket.ts';
import { UnixFamily } from './unix/family.ts';

export const families: ReadonlyMap<number, SocketFamily> = new Map<number, SocketFamily>([
  [AF_UNIX, new UnixFamily()],
  [AF_INET, new InetFamily(AF_INET)],
  [AF_INET6, new InetFamily(AF_INET6)],
  [AF_NETLINK, new NetlinkFamily()],
]);
