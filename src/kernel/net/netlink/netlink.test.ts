import { expect, it } from 'vitest';
import { World } from '../../../../tests/support/guest.ts';
import * as n from '../../../abi/netlink.ts';
import { AF_NETLINK, SOCK_RAW } from '../../../abi/socket.ts';
import type { Syscall } from '../../syscall/define.ts';
import { messageCalls } from '../../syscall/sys_message.ts';
import { socketCalls } from '../../syscall/sys_socket.ts';
import { MessageWriter } from './attributes.ts';

const sys = Object.fromEntries([...socketCalls, ...messageCalls].map((call) => [call.name, call])) as Record<string, Syscall>;
const TYPES = [16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 30, 32, 34, 88, 90];
const FLAGS = [0, n.NLM_F_CREATE, n.NLM_F_CREATE | n.NLM_F_EXCL, n.NLM_F_DUMP, n.NLM_F_REPLACE | n.NLM_F_CREATE];

it('answers every message, whatever is in it, and devices pay back what they cost', () => {
  const world = new World();
  const guest = world.guest();
  const { kernel } = world;
  const net = guest.task.nsproxy.net.get();
  for (let page = 0; page < 256; page += 16) guest.put('touched', page * 4096);
  const before = kernel.memory.root.kernelBytes;
  const fd = guest.call(sys['socket']!, AF_NETLINK, SOCK_RAW, n.NETLINK_ROUTE) as number;
  let seed = 11;
  const random = (below: number): number => {
    seed = (seed + 0x6d2b79f5) | 0;
    const mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => (random(3) === 0 ? random(256) : random(4)));
  for (let i = 0; i < 4000; i++) {
    const message = new MessageWriter(TYPES[random(TYPES.length)]!, n.NLM_F_REQUEST | n.NLM_F_ACK | FLAGS[random(FLAGS.length)]!, i, 0);
    const plain = random(2) === 0;
    message.u8([0, 2, 10, 2, 10, 7][random(6)]!).raw(plain ? new Uint8Array(15) : randomBytes([3, 7, 11, 15, 15][random(5)]!));
    for (let k = random(6); k > 0; k--) {
      const at = random(plain ? 2 : 5);
      if (at === 0) message.text(n.IFLA_IFNAME, ['lo', 'a', 'b%d', 'veth0', '../x', 'a name that is too long for a device'][random(6)]!);
      else if (at === 1) {
        const info = message.open(n.IFLA_LINKINFO);
        message.text(n.IFLA_INFO_KIND, ['veth', 'bridge', 'dummy', 'vlan'][random(4)]!);
        if (random(2) === 0) message.attribute(n.IFLA_INFO_DATA, randomBytes(random(24)));
        message.close(info);
      } else if (at === 2) message.attribute32(random(30), random(6));
      else message.attribute(random(64), randomBytes([0, 1, 4, 4, 6, 16, 16][random(7)]!));
    }
    const bytes = message.finish();
    if (random(20) === 0) bytes[0] = random(256);
    expect(guest.call(sys['sendto']!, fd, guest.put(bytes), bytes.length, 0, 0, 0)).toBe(bytes.length);
    while ((guest.call(sys['recvfrom']!, fd, guest.memory + 65536, 60000, 0x40, 0, 0) as number) > 0);
  }
  expect(net.nextIndex()).toBeGreaterThan(10);
  guest.task.files!.put(guest.task);
  net.put();
  expect(net.devices.size).toBe(0);
  expect(kernel.memory.root.kernelBytes).toBe(before);
});
