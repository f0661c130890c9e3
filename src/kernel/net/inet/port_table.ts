/** Which sockets of a namespace have which ports. Linux: inet_csk_get_port, udp_lib_get_port, inet_hash_connect. See ip(7). */

import { EADDRINUSE, EADDRNOTAVAIL } from '../../../abi/errno.ts';
import { IPPROTO_TCP, TCP_LISTEN } from '../../../abi/inet.ts';
import { AF_INET } from '../../../abi/socket.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import { ANY4, ANY6, type Ip, isAny, isIp4 } from '../ip_address.ts';

/** Whoever has a port: a socket, or a closed connection that waits for its last packets. */
export interface PortHolder {
  readonly family: number;
  readonly protocol: number;
  readonly local: Ip;
  readonly localPort: number;
  readonly remote: Ip | null;
  readonly remotePort: number;
  readonly v6Only: boolean;
  /** TCP_; TCP_CLOSE for other protocols. */
  readonly state: number;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  readonly uid: number;
  readonly boundDevice: number;
}

/** Whether two local addresses can get the same packets. Linux: ipv6_rcv_saddr_equal. */
function overlap(a: PortHolder, b: PortHolder): boolean {
  if (a.boundDevice !== 0 && b.boundDevice !== 0 && a.boundDevice !== b.boundDevice) return false;
  if (a.local === b.local) return true;
  if (isIp4(a.local) && isIp4(b.local)) return isAny(a.local) || isAny(b.local);
  if (a.local === ANY6) return isIp4(b.local) ? !a.v6Only : true;
  if (b.local === ANY6) return isIp4(a.local) ? !b.v6Only : true;
  return false;
}

/** Whether `one` cannot have the same port as `other`. Linux: inet_bind_conflict. */
function conflicts(one: PortHolder, other: PortHolder): boolean {
  if (!overlap(one, other)) return false;
  if (one.reusePort && other.reusePort && one.uid === other.uid) return false;
  return !(
    one.reuseAddress &&
    other.reuseAddress &&
    (one.protocol !== IPPROTO_TCP || (other.state !== TCP_LISTEN && one.state !== TCP_LISTEN))
  );
}

export class PortTable {
  private readonly holders: Map<string, PortHolder[]> = new Map();

  on(protocol: number, port: number): readonly PortHolder[] {
    return this.holders.get(`${protocol}:${port}`) ?? [];
  }

  all(): Iterable<readonly PortHolder[]> {
    return this.holders.values();
  }

  add(holder: PortHolder): void {
    const key = `${holder.protocol}:${holder.localPort}`;
    const list = this.holders.get(key);
    if (list === undefined) this.holders.set(key, [holder]);
    else list.push(holder);
  }

  remove(holder: PortHolder): void {
    const key = `${holder.protocol}:${holder.localPort}`;
    const list = this.holders.get(key);
    const at = list?.indexOf(holder) ?? -1;
    if (at < 0) return;
    list!.splice(at, 1);
    if (list!.length === 0) this.holders.delete(key);
  }

  /** Whether the holder may have `port`. */
  isFree(holder: PortHolder, port: number): boolean {
    return !this.on(holder.protocol, port).some((other) => other !== holder && conflicts(holder, other));
  }

  /** A port for a socket that binds to any, or -EADDRINUSE. */
  choose(net: NetNamespace, holder: PortHolder): number {
    return (
      this.search(net, (port) => this.on(holder.protocol, port).length === 0 || (!holder.reuseAddress && this.isFree(holder, port))) ??
      -EADDRINUSE
    );
  }

  /** A port for a connection from `local` to an endpoint, or -EADDRNOTAVAIL. */
  chooseForConnection(net: NetNamespace, holder: PortHolder, local: Ip, remote: Ip, remotePort: number): number {
    const distinct = (port: number): boolean =>
      this.on(holder.protocol, port).every(
        (other) => other.remote !== null && !(other.remote === remote && other.remotePort === remotePort && other.local === local),
      );
    return this.search(net, (port) => this.on(holder.protocol, port).length === 0) ?? this.search(net, distinct) ?? -EADDRNOTAVAIL;
  }

  /** Whether a connection with these four is there already. */
  isConnected(protocol: number, local: Ip, localPort: number, remote: Ip, remotePort: number, except: PortHolder): boolean {
    return this.on(protocol, localPort).some(
      (other) => other !== except && other.local === local && other.remote === remote && other.remotePort === remotePort,
    );
  }

  private search(net: NetNamespace, wanted: (port: number) => boolean): number | null {
    const [low, high] = net.sysctls.localPorts;
    const count = high - low + 1;
    const random = new Uint8Array(4);
    net.kernel.platform.random.fill(random);
    const start = new DataView(random.buffer).getUint32(0) % count;
    for (let i = 0; i < count; i++) {
      const port = low + ((start + i) % count);
      if (wanted(port)) return port;
    }
    return null;
  }

  /**
   * Who gets a packet from `source` to `destination`: the one that is bound most closely, the last of equals; among those that share a port with
   * SO_REUSEPORT the source decides. Linux: udp4_lib_lookup2, inet_lhash2_lookup.
   */
  find<T extends PortHolder>(
    candidates: readonly PortHolder[],
    accepts: (holder: PortHolder) => holder is T,
    packet: { readonly source: Ip; readonly sourcePort: number; readonly destination: Ip; readonly device: number },
  ): T | null {
    let best: T[] = [];
    let bestScore = -1;
    for (const holder of candidates) {
      if (!accepts(holder)) continue;
      const score = scoreOf(holder, packet);
      if (score < 0 || score < bestScore) continue;
      if (score > bestScore) best = [];
      bestScore = score;
      best.push(holder);
    }
    const shared = best.filter(({ reusePort }) => reusePort);
    if (shared.length > 1) return shared[packet.sourcePort % shared.length]!;
    return best.at(-1) ?? null;
  }
}

function scoreOf(
  holder: PortHolder,
  {
    source,
    sourcePort,
    destination,
    device,
  }: { readonly source: Ip; readonly sourcePort: number; readonly destination: Ip; readonly device: number },
): number {
  const four = isIp4(destination);
  if (four ? holder.family !== AF_INET && holder.v6Only : holder.family === AF_INET) return -1;
  let score = holder.family === AF_INET ? 1 : 0;
  if (holder.local !== (four ? ANY4 : ANY6) && holder.local !== ANY6) {
    if (holder.local !== destination) return -1;
    score += 4;
  }
  if (holder.remote !== null) {
    if (holder.remote !== source || (holder.remotePort !== 0 && holder.remotePort !== sourcePort)) return -1;
    score += 8;
  }
  if (holder.boundDevice !== 0) {
    if (holder.boundDevice !== device) return -1;
    score += 4;
  }
  return score;
}
