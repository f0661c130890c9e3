/** /proc/sys/net: parameters of a network namespace. Linux: net/sysctl_net.c, net/ipv4/sysctl_net_ipv4.c. See ip(7), tcp(7). */

import { CAP_NET_ADMIN } from '../../../abi/capability.ts';
import { EINVAL, EPERM } from '../../../abi/errno.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import type { NetSysctls } from '../../net/inet/net_sysctls.ts';
import type { Task } from '../../task/task.ts';
import { constant, directory, file, type ProcContext, type ProcDirectoryEntry, type ProcFileEntry } from './entry.ts';
import { parseIntegers } from './sysctl_value.ts';

const PORT_MAX = 65535;
const INT_MAX = 2147483647;

/** The namespace in which the parameter was looked up. */
const netOf = ({ namespace }: ProcContext): NetNamespace => namespace as NetNamespace;
const sysctls = (context: ProcContext): NetSysctls => netOf(context).sysctls;
const mayAdminister = (context: ProcContext): boolean => context.reader.cred.capable(CAP_NET_ADMIN, netOf(context).owner);
const OPTIONS = {
  namespace: ({ nsproxy }: Task): NetNamespace => nsproxy.net,
  owner: (context: ProcContext): UserNamespace => netOf(context).owner,
  grants: (context: ProcContext): number => (mayAdminister(context) ? 0o666 : 0o444),
};

/** As many integers as there are, each within its bounds. */
const integers = (
  count: number,
  [min, max]: readonly [number, number],
  get: (values: NetSysctls) => readonly number[],
  set: (values: NetSysctls, written: readonly number[]) => number,
): ProcFileEntry =>
  file(
    0o644,
    (context) => `${get(sysctls(context)).join('\t')}\n`,
    (context, text) => {
      if (!mayAdminister(context)) return -EPERM;
      const written = parseIntegers(text)?.map(Number) ?? null;
      if (written === null) return -EINVAL;
      if (written.length === 0) return 0;
      if (written.length < count || written.slice(0, count).some((value) => value < min || value > max)) return -EINVAL;
      return set(sysctls(context), written);
    },
    OPTIONS,
  );

type KeysOf<T> = { [K in keyof NetSysctls]: NetSysctls[K] extends T ? K : never }[keyof NetSysctls];

const toggle = (key: KeysOf<boolean>): ProcFileEntry =>
  integers(
    1,
    [-INT_MAX, INT_MAX],
    (values) => [Number(values[key])],
    (values, [value]) => {
      values[key] = value !== 0;
      return 0;
    },
  );

const integer = (key: KeysOf<number>, min: number, max: number): ProcFileEntry =>
  integers(
    1,
    [min, max],
    (values) => [values[key]],
    (values, [value]) => {
      values[key] = value!;
      return 0;
    },
  );

/** The first and the last of something. */
const range = (key: KeysOf<[number, number]>, min: number, max: number): ProcFileEntry =>
  integers(
    2,
    [min, max],
    (values) => values[key],
    (values, [low, high]) => {
      if (key === 'localPorts' && (low! > high! || low! < values.unprivilegedPortStart)) return -EINVAL;
      // An empty range is written with its ends exchanged.
      values[key] = low! > high! ? [1, 0] : [low!, high!];
      return 0;
    },
  );

/** What cannot be changed: nothing here depends on it, or always does the same. */
const fixed = (...values: readonly (number | string)[]): ProcFileEntry => constant(`${values.join('\t')}\n`);

const BUFFER = 212992;

export const netParameters: ProcDirectoryEntry = directory({
  core: directory({
    optmem_max: fixed(131072),
    rmem_default: fixed(BUFFER),
    rmem_max: fixed(BUFFER),
    somaxconn: integer('maxConnections', 0, INT_MAX),
    wmem_default: fixed(BUFFER),
    wmem_max: fixed(BUFFER),
  }),
  ipv4: directory({
    conf: directory({
      all: directory({ forwarding: toggle('ip4Forward'), rp_filter: fixed(0) }),
      default: directory({ rp_filter: fixed(0) }),
    }),
    icmp_echo_ignore_all: toggle('echoIgnoreAll'),
    ip_default_ttl: integer('defaultTtl', 1, 255),
    ip_forward: toggle('ip4Forward'),
    ip_local_port_range: range('localPorts', 1, PORT_MAX),
    ip_nonlocal_bind: toggle('nonlocalBind'),
    ip_unprivileged_port_start: integer('unprivilegedPortStart', 0, PORT_MAX),
    ping_group_range: range('pingGroups', 0, INT_MAX),
    tcp_available_congestion_control: fixed('reno cubic'),
    tcp_congestion_control: fixed('cubic'),
    tcp_fin_timeout: fixed(60),
    tcp_keepalive_intvl: fixed(75),
    tcp_keepalive_probes: fixed(9),
    tcp_keepalive_time: fixed(7200),
    tcp_retries2: fixed(15),
    tcp_rmem: fixed(4096, 131072, 6291456),
    tcp_syn_retries: fixed(6),
    tcp_wmem: fixed(4096, 16384, 4194304),
  }),
  ipv6: directory({
    bindv6only: fixed(0),
    conf: directory({
      all: directory({ disable_ipv6: fixed(0), forwarding: toggle('ip6Forward') }),
      default: directory({ disable_ipv6: fixed(0) }),
    }),
  }),
  unix: directory({ max_dgram_qlen: fixed(10) }),
});
