/** An IP address of a device. Linux: struct in_ifaddr, struct inet6_ifaddr. */

import type { MemoryGroup } from '../../mm/memory_group.ts';
import type { Ip } from '../ip_address.ts';

export interface InetAddress {
  readonly local: Ip;
  readonly prefixLength: number;
  /** The other end of a point-to-point link; else the same as local. */
  readonly peer: Ip;
  broadcast: Ip | null;
  label: string;
  readonly scope: number;
  /** IFA_F_. */
  flags: number;
  /** IFA_PROTO. */
  readonly protocol: number;
  /** When it was made, in hundredths of a second since boot. */
  readonly created: number;
  /** Who pays for it and its routes; null if the device has it by itself. */
  readonly payer: MemoryGroup | null;
}
