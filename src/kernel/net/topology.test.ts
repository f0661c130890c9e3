import { beforeEach, describe, expect, it } from 'vitest';
import { ASLEEP, type Guest, World } from '../../../tests/support/guest.ts';
import * as e from '../../abi/errno.ts';
import { IFF_UP } from '../../abi/net_device.ts';
import { RT_SCOPE_UNIVERSE, RT_TABLE_MAIN, RTN_UNICAST } from '../../abi/netlink.ts';
import * as s from '../../abi/socket.ts';
import { NetNamespace } from '../namespace/net_namespace.ts';
import type { Syscall } from '../syscall/define.ts';
import { messageCalls } from '../syscall/sys_message.ts';
import { socketCalls } from '../syscall/sys_socket.ts';
import { FdTable } from '../vfs/fd_table.ts';
import { addAddress, makeAddress } from './device/addresses.ts';
import { setFlags } from './device/change_device.ts';
import { addPort, makeDevice, registerDevice } from './device/device_table.ts';
import type { NetDevice } from './device/net_device.ts';
import { sockaddr } from './inet/sockaddr.ts';
import { type Arrival, findPath, LOST, NO_NEIGHBOUR } from './route/path.ts';
import { makeRoute } from './route/route.ts';

const sys = Object.fromEntries([...socketCalls, ...messageCalls].map((call) => [call.name, call])) as Record<string, Syscall>;
const HOST = '0a000001';
const GUEST = '0a000002';

let world: World;
let host: Guest;
let guest: Guest;
let inside: NetNamespace;

const up = (device: NetDevice): void => setFlags(device, device.flags | IFF_UP);
const down = (device: NetDevice): void => setFlags(device, device.flags & ~IFF_UP);
const call = (user: Guest, name: string, ...args: number[]): unknown => user.call(sys[name]!, ...args);

/** A veth pair, both ends up. */
function veth(a: NetNamespace, b: NetNamespace): [NetDevice, NetDevice] {
  const payer = world.kernel.memory.root;
  const one = makeDevice(a, 'veth', `to${b.inode}`, payer) as NetDevice;
  const other = makeDevice(b, 'veth', `to${a.inode}`, payer) as NetDevice;
  registerDevice(one);
  registerDevice(other);
  one.peer = other;
  other.peer = one;
  up(one);
  up(other);
  return [one, other];
}

const address = (device: NetDevice, ip: string, length = 24): number =>
  addAddress(device, makeAddress(device, ip, length, { scope: RT_SCOPE_UNIVERSE }));

function namespace(): NetNamespace {
  const { kernel } = world;
  const net = new NetNamespace(kernel, kernel.namespaceNumbers.allocate(), kernel.initialUserNs);
  up(net.loopback);
  return net;
}

/** A guest in `net`. */
function member(net: NetNamespace): Guest {
  const made = world.guest();
  made.task.nsproxy = made.task.nsproxy.with({ net });
  return made;
}

const endpoint = (user: Guest, ip: string, port: number): [number, number] => {
  const bytes = sockaddr(s.AF_INET, ip, port);
  return [user.put(bytes, 0x8000), bytes.length];
};

const socket = (user: Guest, type: number = s.SOCK_STREAM): number => call(user, 'socket', s.AF_INET, type, 0) as number;

function listener(user: Guest, ip: string, port: number): number {
  const fd = socket(user);
  expect(call(user, 'bind', fd, ...endpoint(user, ip, port))).toBe(0);
  expect(call(user, 'listen', fd, 5)).toBe(0);
  return fd;
}

beforeEach(() => {
  world = new World();
  inside = namespace();
  host = member(namespace());
  guest = member(inside);
});

const arrival = (net: NetNamespace, ip: string): Arrival => findPath(net, ip, null, 64) as Arrival;
const outside = (): NetNamespace => host.task.nsproxy.net;

describe('a network of namespaces', () => {
  it('connects over a veth pair, a bridge and a router', () => {
    const [h, g] = veth(outside(), inside);
    address(h, HOST);
    address(g, GUEST);
    const router = outside();
    const far = namespace();
    const bridge = makeDevice(router, 'bridge', 'br0', null) as NetDevice;
    registerDevice(bridge);
    up(bridge);
    const [port, f] = veth(router, far);
    addPort(bridge, port);
    address(bridge, '0a010001');
    address(f, '0a010002');
    const route = (net: NetNamespace, device: NetDevice, gateway: string): void =>
      net.fib.insert(makeRoute('00000000', 0, { table: RT_TABLE_MAIN, type: RTN_UNICAST, device, gateway }));
    route(inside, g, HOST);
    route(far, f, '0a010001');
    expect(arrival(far, '0a010001').net === router).toBe(true);
    expect(findPath(far, GUEST, null, 64)).toBe(LOST);
    router.sysctls.ip4Forward = true;
    const hops = arrival(far, GUEST).hops.map(({ name }) => name);
    expect(hops).toEqual([f, bridge, h, g].map(({ name }) => name));
    expect(findPath(far, GUEST, null, 1)).toBe(-e.EHOSTUNREACH);
    expect(findPath(far, '0a010063', null, 64)).toBe(NO_NEIGHBOUR);
    const server = listener(guest, '00000000', 80);
    const visitor = member(far);
    const client = socket(visitor);
    expect(call(visitor, 'connect', client, ...endpoint(visitor, GUEST, 80))).toBe(0);
    expect(visitor.write(client, 'through a router')).toBe(16);
    const accepted = call(guest, 'accept', server, 0, 0) as number;
    expect(guest.readText(accepted)).toBe('through a router');
    down(bridge);
    expect(findPath(far, GUEST, null, 64)).toBe(NO_NEIGHBOUR);
  });

  it('keeps what is sent while a link is down', () => {
    const [h, g] = veth(outside(), inside);
    address(h, HOST);
    address(g, GUEST);
    const server = listener(guest, GUEST, 80);
    const client = socket(host);
    expect(call(host, 'connect', client, ...endpoint(host, GUEST, 80))).toBe(0);
    const accepted = call(guest, 'accept', server, 0, 0) as number;
    down(g);
    expect(host.write(client, 'later')).toBe(5);
    expect(guest.readText(accepted)).toBe(ASLEEP);
    up(g);
    world.pass(1e9);
    expect(guest.againText()).toBe('later');
    down(g);
    expect(host.write(client, 'never')).toBe(5);
    for (let i = 0; i < 40; i++) world.pass(120e9);
    expect(host.readText(client)).toBe(-e.ETIMEDOUT);
  });

  it('gives up on neighbours that are not there, and on hosts that do not answer', () => {
    const [h, g] = veth(outside(), inside);
    address(h, HOST);
    address(g, GUEST);
    const client = socket(host);
    expect(call(host, 'connect', client, ...endpoint(host, '0a000063', 80))).toBe(ASLEEP);
    world.pass(1.1e9);
    world.pass(2.1e9);
    expect(host.again()).toBe(-e.EHOSTUNREACH);
    down(g);
    expect(call(host, 'connect', client, ...endpoint(host, GUEST, 80))).toBe(ASLEEP);
    for (let i = 0; i < 7; i++) world.pass(70e9);
    expect(host.again()).toBe(-e.ETIMEDOUT);
    up(g);
    expect(call(host, 'connect', client, ...endpoint(host, GUEST, 80))).toBe(-e.ECONNREFUSED);
  });

  it('moves bytes as they are, whatever the sizes of reads and writes', () => {
    const server = listener(guest, '7f000001', 80);
    const client = socket(guest);
    expect(call(guest, 'connect', client, ...endpoint(guest, '7f000001', 80))).toBe(0);
    const accepted = call(guest, 'accept', server, 0, 0) as number;
    let seed = 3;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor(seed / 65536) % below;
    };
    let sent = 0;
    let got = 0;
    const byteAt = (at: number): number => (at * 7 + (at >> 8)) & 0xff;
    for (let i = 0; i < 2000; i++) {
      if (random(2) === 0 && sent - got < 1_000_000) {
        const size = 1 + random(random(4) === 0 ? 60000 : 200);
        sent += guest.write(
          client,
          Uint8Array.from({ length: size }, (_, k) => byteAt(sent + k)),
        ) as number;
      } else if (sent > got) {
        const count = guest.read(accepted, 1 + random(60000)) as number;
        const bytes = guest.get(65536, count);
        expect(bytes.every((byte, k) => byte === byteAt(got + k))).toBe(true);
        got += count;
      }
    }
    expect(call(guest, 'shutdown', client, s.SHUT_WR)).toBe(0);
    while (got < sent) got += guest.read(accepted, 60000) as number;
    expect(guest.read(accepted, 10)).toBe(0);
  });

  it('leaves nothing behind when its namespaces end', () => {
    const { kernel } = world;
    const [x, y] = [host, guest];
    x.put('touched', 131072);
    x.put('touched', 0x8000);
    y.put('touched', 0x8000);
    const before = kernel.memory.root.kernelBytes;
    for (let round = 0; round < 200; round++) {
      const a = namespace().get();
      const b = namespace().get();
      const [one, other] = veth(a, b);
      address(one, HOST);
      address(other, GUEST);
      x.task.nsproxy = x.task.nsproxy.with({ net: a });
      y.task.nsproxy = y.task.nsproxy.with({ net: b });
      x.task.files = new FdTable(x.task.kernel, x.task.group.cgroup.memory);
      y.task.files = new FdTable(y.task.kernel, y.task.group.cgroup.memory);
      const server = listener(y, GUEST, 80);
      const client = socket(x);
      expect(call(x, 'connect', client, ...endpoint(x, GUEST, 80))).toBe(0);
      x.write(client, 'unread');
      const udp = socket(x, s.SOCK_DGRAM);
      call(x, 'sendto', udp, x.put('lost', 0), 4, 0, ...endpoint(x, GUEST, 53));
      if (round % 2 === 0) y.close(call(y, 'accept', server, 0, 0) as number);
      if (round % 3 === 0) x.close(client);
      y.close(server);
      x.task.files!.put(x.task);
      y.task.files!.put(y.task);
      expect(b.devices.size).toBe(2);
      a.put();
      expect(a.devices.size).toBe(0);
      expect([...b.devices.values()].map(({ name }) => name)).toEqual(['lo']);
      b.put();
      expect(b.devices.size).toBe(0);
    }
    expect(kernel.memory.root.kernelBytes).toBe(before);
  });
});
