/** The routing tables of a namespace: longest prefix first. Linux: net/ipv4/fib_trie.c, net/ipv6/ip6_fib.c. See ip-route(8), ip-rule(8). */

import { EACCES, EHOSTUNREACH, EINVAL, ENETUNREACH } from '../../../abi/errno.ts';
import * as n from '../../../abi/netlink.ts';
import { PRICE_ROUTE, uncharge } from '../../mm/price.ts';
import type { NetDevice } from '../device/net_device.ts';
import { type Ip, isIp4, networkOf } from '../ip_address.ts';
import { notifyRoute } from '../netlink/notify.ts';
import type { Route } from './route.ts';

/** The rules: which tables are asked, in this order. */
const TABLES: readonly number[] = [n.RT_TABLE_LOCAL, n.RT_TABLE_MAIN, n.RT_TABLE_DEFAULT];

/** What a route that leads nowhere answers. */
const REFUSALS: ReadonlyMap<number, number> = new Map([
  [n.RTN_UNREACHABLE, -EHOSTUNREACH],
  [n.RTN_BLACKHOLE, -EINVAL],
  [n.RTN_PROHIBIT, -EACCES],
]);

/** The value of a key, made if it is missing. */
function obtain<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

export class Fib {
  /** Routes by family and table, length and destination. */
  private readonly tables: Map<string, Map<number, Map<Ip, Route[]>>> = new Map();

  private static tableKey(ip: Ip, table: number): string {
    return `${isIp4(ip) ? 4 : 6} ${table}`;
  }

  private siblings({ destination, length, table }: Route): Route[] {
    return this.tables.get(Fib.tableKey(destination, table))?.get(length)?.get(destination) ?? [];
  }

  /** Whether there is any local route of IPv4. */
  get hasLocal4(): boolean {
    return this.tables.has(`4 ${n.RT_TABLE_LOCAL}`);
  }

  /** The route with the same destination, priority and next hop. */
  find(route: Route): Route | null {
    const same = (other: Route): boolean =>
      other.priority === route.priority &&
      other.tos === route.tos &&
      other.type === route.type &&
      other.device === route.device &&
      other.gateway === route.gateway;
    return this.siblings(route).find(same) ?? null;
  }

  /** Routes to exactly this destination. */
  to(destination: Ip, length: number, table: number): readonly Route[] {
    return this.tables.get(Fib.tableKey(destination, table))?.get(length)?.get(destination) ?? [];
  }

  insert(route: Route): void {
    const lengths = obtain(this.tables, Fib.tableKey(route.destination, route.table), () => new Map<number, Map<Ip, Route[]>>());
    const networks = obtain(lengths, route.length, () => new Map<Ip, Route[]>());
    const routes = obtain(networks, route.destination, (): Route[] => []);
    const at = routes.findIndex(({ priority }) => priority > route.priority);
    routes.splice(at < 0 ? routes.length : at, 0, route);
    route.device?.net.topologyChanged();
    if (route.device !== null) notifyRoute(route.device.net, route, n.RTM_NEWROUTE);
  }

  /** Remove the route that `find` finds: false if there is none. */
  remove(wanted: Route): boolean {
    const route = this.find(wanted);
    if (route === null) return false;
    const key = Fib.tableKey(route.destination, route.table);
    const lengths = this.tables.get(key)!;
    const networks = lengths.get(route.length)!;
    const routes = networks.get(route.destination)!;
    routes.splice(routes.indexOf(route), 1);
    if (routes.length === 0) networks.delete(route.destination);
    if (networks.size === 0) lengths.delete(route.length);
    if (lengths.size === 0) this.tables.delete(key);
    if (route.payer !== null) uncharge(route.payer, PRICE_ROUTE);
    if (route.device !== null) {
      route.device.net.topologyChanged();
      notifyRoute(route.device.net, route, n.RTM_DELROUTE);
    }
    return true;
  }

  /** The way to `ip`, through `device` if it is given; or a negative errno. */
  lookup(ip: Ip, device: NetDevice | null = null): Route | number {
    for (const table of TABLES) {
      const route = this.lookupTable(ip, table, device);
      if (route !== null && route.type !== n.RTN_THROW) return REFUSALS.get(route.type) ?? route;
    }
    return -ENETUNREACH;
  }

  private lookupTable(ip: Ip, table: number, device: NetDevice | null): Route | null {
    const lengths = this.tables.get(Fib.tableKey(ip, table));
    if (lengths === undefined) return null;
    for (const length of [...lengths.keys()].sort((a, b) => b - a)) {
      for (const route of lengths.get(length)!.get(networkOf(ip, length)) ?? []) {
        if (route.device === null || ((device === null || device === route.device) && usable(route))) return route;
      }
    }
    return null;
  }

  /** All routes of a family, as they are listed. */
  list(family: 4 | 6): Route[] {
    const routes: Route[] = [];
    for (const [key, lengths] of this.tables) {
      if (!key.startsWith(`${family} `)) continue;
      for (const networks of lengths.values()) for (const some of networks.values()) routes.push(...some);
    }
    const order = (a: Route, b: Route): number =>
      a.table - b.table || (a.destination < b.destination ? -1 : a.destination > b.destination ? 1 : b.length - a.length);
    return routes.sort(order);
  }

  /** The device is down: what leads through it goes, but for its own addresses. */
  deviceDown(device: NetDevice): void {
    for (const route of [...this.list(4), ...this.list(6)])
      if (route.device === device && (route.type !== n.RTN_LOCAL || !isIp4(route.destination))) this.remove(route);
  }

  forgetDevice(device: NetDevice): void {
    for (const route of [...this.list(4), ...this.list(6)]) if (route.device === device) this.remove(route);
  }

  /** Everything ends: pay back. */
  destroy(): void {
    for (const route of [...this.list(4), ...this.list(6)]) if (route.payer !== null) uncharge(route.payer, PRICE_ROUTE);
    this.tables.clear();
  }
}

/** Local addresses work whatever the state of the device that has them. */
const usable = ({ type, device }: Route): boolean => type === n.RTN_LOCAL || device!.up;
