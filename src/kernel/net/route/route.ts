/** A route. Linux: struct fib_alias with struct fib_info, struct fib6_info. See ip-route(8). */

import { RT_SCOPE_UNIVERSE } from '../../../abi/netlink.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import type { NetDevice } from '../device/net_device.ts';
import type { Ip } from '../ip_address.ts';

export interface Route {
  readonly destination: Ip;
  /** Bits of the destination that count. */
  readonly length: number;
  readonly table: number;
  /** RTN_. */
  readonly type: number;
  readonly scope: number;
  /** RTPROT_. */
  readonly protocol: number;
  /** The smallest wins: the metric of ip-route(8). */
  readonly priority: number;
  readonly tos: number;
  /** Where it leads; null for those that only refuse. */
  readonly device: NetDevice | null;
  readonly gateway: Ip | null;
  /** The source address for what is sent this way. */
  readonly preferred: Ip | null;
  /** RTNH_F_. */
  readonly flags: number;
  /** RTA_METRICS as they came. */
  readonly metrics: Uint8Array | null;
  /** Null for routes that come with an address. */
  readonly payer: MemoryGroup | null;
}

type Details = Partial<Omit<Route, 'destination' | 'length'>> & Pick<Route, 'table' | 'type'>;

export const makeRoute = (destination: Ip, length: number, details: Details): Route => ({
  destination,
  length,
  scope: RT_SCOPE_UNIVERSE,
  protocol: 0,
  priority: 0,
  tos: 0,
  device: null,
  gateway: null,
  preferred: null,
  flags: 0,
  metrics: null,
  payer: null,
  ...details,
});
