/** Parameters of a namespace's IP, in /proc/sys/net. See ip(7), tcp(7). */

export interface NetSysctls {
  ip4Forward: boolean;
  ip6Forward: boolean;
  nonlocalBind: boolean;
  defaultTtl: number;
  unprivilegedPortStart: number;
  /** The first and the last port that the kernel chooses. */
  localPorts: [number, number];
  /** Groups that may have ping sockets. */
  pingGroups: [number, number];
  echoIgnoreAll: boolean;
  maxConnections: number;
}

export const defaultSysctls = (): NetSysctls => ({
  ip4Forward: false,
  ip6Forward: false,
  nonlocalBind: false,
  defaultTtl: 64,
  unprivilegedPortStart: 1024,
  localPorts: [32768, 60999],
  pingGroups: [1, 0],
  echoIgnoreAll: false,
  maxConnections: 4096,
});
