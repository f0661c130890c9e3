import { beforeEach, describe, expect, it } from 'vitest';
import { ASLEEP, type Guest, World } from '../../../../tests/support/guest.ts';
import * as e from '../../../abi/errno.ts';
import { SIGPIPE } from '../../../abi/signal.ts';
import * as s from '../../../abi/socket.ts';
import type { Syscall } from '../../syscall/define.ts';
import { messageCalls } from '../../syscall/sys_message.ts';
import { pipeCalls } from '../../syscall/sys_pipe.ts';
import { socketCalls } from '../../syscall/sys_socket.ts';
import { POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import { latin1Bytes } from '../../vfs/text.ts';

const sys = Object.fromEntries([...socketCalls, ...messageCalls, ...pipeCalls].map((call) => [call.name, call])) as Record<string, Syscall>;
const ADDRESS = 0x8000;
const LENGTH = 0x8100;

let world: World;
let guest: Guest;
let other: Guest;

beforeEach(() => {
  world = new World();
  guest = world.guest();
  other = world.guest(guest);
  other.task.files = guest.task.files;
});

function pair(type: number): [number, number] {
  expect(other.call(sys['socketpair']!, s.AF_UNIX, type, 0, other.memory)).toBe(0);
  return [other.int(0), other.int(4)];
}

const socket = (type: number): number => other.call(sys['socket']!, s.AF_UNIX, type, 0) as number;

/** An abstract address: its place and length. */
function abstract(user: Guest, name: string): [number, number] {
  const bytes = latin1Bytes(`\x01\0\0${name}`);
  return [user.put(bytes, ADDRESS), bytes.length];
}
const call = (user: Guest, name: string, ...args: number[]): unknown => user.call(sys[name]!, ...args);
const option = (fd: number, name: number): unknown => {
  other.put(Uint8Array.of(4, 0, 0, 0), LENGTH);
  const failed = call(other, 'getsockopt', fd, s.SOL_SOCKET, name, other.memory + ADDRESS, other.memory + LENGTH);
  return failed === 0 ? other.int(ADDRESS) : failed;
};

/** sendmsg with descriptors; recvmsg: the text, the descriptors and the flags. */
function sendFds(user: Guest, fd: number, text: string, fds: number[]): unknown {
  const memory = user.memory;
  user.put(text, 0x1000);
  user.put(new Uint8Array(BigUint64Array.of(BigInt(memory + 0x1000), BigInt(text.length)).buffer), 0x2000);
  const cmsg = Int32Array.of(16 + 4 * fds.length, 0, s.SOL_SOCKET, s.SCM_RIGHTS, ...fds);
  user.put(new Uint8Array(cmsg.buffer), 0x3000);
  const longs = [0, 0, memory + 0x2000, 1, memory + 0x3000, cmsg.byteLength, 0];
  user.put(new Uint8Array(BigUint64Array.from(longs, BigInt).buffer), 0x4000);
  return call(user, 'sendmsg', fd, memory + 0x4000, 0);
}
function receive(user: Guest, fd: number, room = 64, flags = 0): { text: string; fds: number[]; flags: number } | number {
  const memory = user.memory;
  user.put(new Uint8Array(BigUint64Array.of(BigInt(memory + 0x1000), 100n).buffer), 0x2000);
  const longs = [0, 0, memory + 0x2000, 1, memory + 0x3000, room, 0];
  user.put(new Uint8Array(BigUint64Array.from(longs, BigInt).buffer), 0x4000);
  const count = call(user, 'recvmsg', fd, memory + 0x4000, flags) as number;
  if (count < 0) return count;
  const length = user.int(0x4000 + 40);
  const fds =
    length < 16 || user.int(0x3000 + 12) !== s.SCM_RIGHTS ? [] : [...new Int32Array(user.get(0x3010, user.int(0x3000) - 16).buffer)];
  return { text: user.text(0x1000, count), fds, flags: user.int(0x4000 + 48) };
}

describe('stream sockets', () => {
  it('carry bytes both ways and end', () => {
    const [a, b] = pair(s.SOCK_STREAM);
    expect(guest.readText(b)).toBe(ASLEEP);
    other.write(a, 'one');
    expect(guest.againText()).toBe('one');
    other.write(a, 'two');
    other.write(a, 'three');
    expect(guest.readText(b, 5)).toBe('twoth');
    expect(guest.file(b).poll(guest.task)).toBe(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
    expect(call(other, 'shutdown', a, s.SHUT_WR)).toBe(0);
    expect(guest.readText(b)).toBe('ree');
    expect(guest.readText(b)).toBe('');
    expect(guest.file(b).poll(guest.task)).toBe(POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM);
    guest.write(b, 'back');
    other.close(a);
    expect(guest.file(b).poll(guest.task) & POLLHUP).toBe(POLLHUP);
    expect(guest.readText(b)).toBe(-e.ECONNRESET);
    expect(guest.readText(b)).toBe('');
    expect(guest.write(b, 'x')).toBe(-e.EPIPE);
    expect(guest.task.pending.has(SIGPIPE)).toBe(true);
  });

  it('make writers wait and go on', () => {
    const [a, b] = pair(s.SOCK_STREAM);
    const big = Uint8Array.from({ length: 600000 }, (_, i) => i % 251);
    guest.task.mm!.copyOut(guest.memory + 131072, big);
    expect(guest.write(a, big)).toBe(ASLEEP);
    const got: number[] = [];
    let result: unknown = ASLEEP;
    while (got.length < big.length) {
      const count = other.read(b, 50000) as number;
      got.push(...other.get(65536, count));
      if (result === ASLEEP) result = guest.again();
    }
    expect(result).toBe(big.length);
    expect(Uint8Array.from(got)).toEqual(big);
    expect(guest.call(sys['recvfrom']!, b, guest.memory, 10, s.MSG_DONTWAIT, 0, 0)).toBe(-e.EAGAIN);
    expect(guest.call(sys['recvfrom']!, b, guest.memory, 10, s.MSG_WAITALL, 0, 0)).toBe(ASLEEP);
    other.write(a, '12345');
    expect(guest.again()).toBe(ASLEEP);
    other.write(a, '67890');
    expect(guest.again()).toBe(10);
    expect(guest.text(0, 10)).toBe('1234567890');
  });

  it('connect by abstract name, with a backlog', () => {
    const listener = socket(s.SOCK_STREAM);
    expect(call(other, 'listen', listener, 1)).toBe(-e.EINVAL);
    expect(call(other, 'bind', listener, ...abstract(other, 'name'))).toBe(0);
    expect(call(other, 'bind', socket(s.SOCK_STREAM), ...abstract(other, 'name'))).toBe(-e.EADDRINUSE);
    expect(call(other, 'bind', socket(s.SOCK_DGRAM), ...abstract(other, 'name'))).toBe(0);
    const client = socket(s.SOCK_STREAM);
    expect(call(guest, 'connect', client, ...abstract(guest, 'name'))).toBe(-e.ECONNREFUSED);
    expect(call(other, 'listen', listener, 0)).toBe(0);
    expect(option(listener, s.SO_ACCEPTCONN)).toBe(1);
    expect(call(guest, 'accept4', listener, 0, 0, 0)).toBe(ASLEEP);
    expect(call(other, 'connect', client, ...abstract(other, 'name'))).toBe(0);
    const accepted = guest.again() as number;
    expect(call(other, 'connect', client, ...abstract(other, 'name'))).toBe(-e.EISCONN);
    other.write(client, 'hello');
    expect(guest.readText(accepted)).toBe('hello');
    other.put(Uint8Array.of(110, 0, 0, 0), LENGTH);
    expect(call(other, 'getpeername', client, other.memory + ADDRESS, other.memory + LENGTH)).toBe(0);
    expect(other.text(ADDRESS, other.int(LENGTH))).toBe('\x01\0\0name');
    expect(option(client, s.SO_PEERCRED)).toBe(other.task.tgid);
    expect(call(guest, 'connect', socket(s.SOCK_STREAM), ...abstract(guest, 'name'))).toBe(0);
    const third = socket(s.SOCK_STREAM);
    expect(call(guest, 'connect', third, ...abstract(guest, 'name'))).toBe(ASLEEP);
    expect(call(other, 'accept4', listener, 0, 0, 0)).toBeGreaterThan(0);
    expect(guest.again()).toBe(0);
    other.close(listener);
    expect(guest.readText(third)).toBe(-e.ECONNRESET);
    expect(call(guest, 'connect', socket(s.SOCK_STREAM), ...abstract(guest, 'name'))).toBe(-e.ECONNREFUSED);
  });
});

describe('datagram and packet sockets', () => {
  it('keep messages apart', () => {
    for (const type of [s.SOCK_DGRAM, s.SOCK_SEQPACKET]) {
      const [a, b] = pair(type);
      guest.write(a, 'first');
      guest.write(a, '');
      guest.write(a, 'third');
      expect(guest.call(sys['recvfrom']!, b, guest.memory, 2, s.MSG_PEEK | s.MSG_TRUNC, 0, 0)).toBe(5);
      expect(guest.readText(b, 2)).toBe('fi');
      expect(guest.readText(b)).toBe('');
      const message = receive(guest, b);
      expect(message).toMatchObject({ text: 'third', flags: 0 });
      expect(guest.write(a, 'x'.repeat(213000))).toBe(-e.EMSGSIZE);
    }
  });

  it('find receivers by name and wait for room in their queues', () => {
    const receiver = socket(s.SOCK_DGRAM);
    const sender = socket(s.SOCK_DGRAM);
    expect(call(other, 'bind', sender, other.put(Uint8Array.of(1, 0), ADDRESS), 2)).toBe(0);
    expect(call(other, 'sendto', sender, other.memory, 3, 0, ...abstract(other, 'sink'))).toBe(-e.ECONNREFUSED);
    call(other, 'bind', receiver, ...abstract(other, 'sink'));
    for (let i = 0; i < 11; i++) expect(call(other, 'sendto', sender, other.put(`m${i}`), 2, 0, ...abstract(other, 'sink'))).toBe(2);
    expect(call(guest, 'sendto', sender, guest.put('mm'), 2, 0, ...abstract(guest, 'sink'))).toBe(ASLEEP);
    other.put(Uint8Array.of(110, 0, 0, 0), LENGTH);
    expect(call(other, 'recvfrom', receiver, other.memory, 10, 0, other.memory + ADDRESS, other.memory + LENGTH)).toBe(2);
    expect(other.text(ADDRESS, other.int(LENGTH))).toBe('\x01\0\x0000001');
    expect(guest.again()).toBe(2);
    expect(call(other, 'connect', sender, ...abstract(other, 'sink'))).toBe(0);
    other.close(receiver);
    expect(guest.write(sender, 'x')).toBe(-e.ECONNREFUSED);
    expect(guest.write(sender, 'x')).toBe(-e.ENOTCONN);
  });
});

describe('passed descriptors', () => {
  it('arrive with the byte they were sent with', () => {
    const [a, b] = pair(s.SOCK_STREAM);
    const [r, w] = ((): [number, number] => {
      other.call(sys['pipe2']!, other.memory, 0);
      return [other.int(0), other.int(4)];
    })();
    guest.write(a, 'before');
    expect(sendFds(guest, a, 'with', [w])).toBe(4);
    guest.write(a, 'after');
    guest.close(w);
    const message = receive(guest, b);
    expect(message).toMatchObject({ text: 'beforewith' });
    const [copy] = (message as { fds: number[] }).fds as [number];
    guest.write(copy, 'through');
    expect(guest.readText(r)).toBe('through');
    expect(receive(guest, b)).toMatchObject({ text: 'after', fds: [] });
    sendFds(guest, a, 'x', [copy, copy, copy]);
    const cut = receive(guest, b, 24);
    expect(cut).toMatchObject({ flags: s.MSG_CTRUNC });
    expect((cut as { fds: number[] }).fds.length).toBe(2);
    expect(sendFds(guest, a, 'x', [999])).toBe(-e.EBADF);
  });

  it('are closed with the socket, even in circles', () => {
    const [a, b] = pair(s.SOCK_STREAM);
    const [c, d] = pair(s.SOCK_STREAM);
    const peer = guest.file(b);
    // b waits in its own queue, and in the queue of d, which waits in the queue of b.
    sendFds(guest, a, 'x', [b, d]);
    sendFds(guest, c, 'x', [b]);
    guest.close(b);
    guest.close(d);
    expect(peer.refs).toBe(2);
    guest.close(a);
    world.pass(10e6);
    expect(peer.refs).toBe(0);
    expect(guest.write(c, 'x')).toBe(-e.EPIPE);
    expect(world.kernel.inflightSockets.size).toBe(0);
    expect(world.kernel.userAccount(0).inflightFiles).toBe(0);
  });

  it('are closed with a listener that waits in connections to itself', () => {
    const listener = socket(s.SOCK_STREAM);
    call(other, 'bind', listener, ...abstract(other, 'circle'));
    call(other, 'listen', listener, 5);
    const client = socket(s.SOCK_STREAM);
    expect(call(other, 'connect', client, ...abstract(other, 'circle'))).toBe(0);
    sendFds(guest, client, 'x', [listener]);
    const file = guest.file(listener);
    guest.close(listener);
    guest.close(client);
    world.pass(10e6);
    expect(file.refs).toBe(0);
    expect(world.kernel.inflightSockets.size).toBe(0);
  });

  it('stay alive while a queue can be read', () => {
    const [a, b] = pair(s.SOCK_STREAM);
    const [c, d] = pair(s.SOCK_STREAM);
    sendFds(guest, a, 'x', [d]);
    guest.close(d);
    guest.close(pair(s.SOCK_STREAM)[0]);
    const message = receive(guest, b) as { fds: number[] };
    guest.write(c, 'alive');
    expect(guest.readText(message.fds[0]!)).toBe('alive');
  });
});

describe('options', () => {
  it('are remembered and limited', () => {
    const [a] = pair(s.SOCK_STREAM);
    expect([option(a, s.SO_TYPE), option(a, s.SO_DOMAIN), option(a, s.SO_SNDBUF)]).toEqual([1, 1, 212992]);
    other.put(new Uint8Array(Int32Array.of(100).buffer), ADDRESS);
    expect(call(other, 'setsockopt', a, s.SOL_SOCKET, s.SO_SNDBUF, other.memory + ADDRESS, 4)).toBe(0);
    expect(option(a, s.SO_SNDBUF)).toBe(4608);
    expect(option(a, 999)).toBe(-e.ENOPROTOOPT);
    other.put(new Uint8Array(BigInt64Array.of(0n, 100_000n).buffer), ADDRESS);
    expect(call(other, 'setsockopt', a, s.SOL_SOCKET, s.SO_RCVTIMEO, other.memory + ADDRESS, 16)).toBe(0);
    expect(guest.readText(a)).toBe(ASLEEP);
    world.pass(1e8);
    expect(guest.again()).toBe(-e.EAGAIN);
    expect(call(other, 'socket', 17, s.SOCK_RAW, 0)).toBe(-e.EAFNOSUPPORT);
    expect(call(other, 'socket', s.AF_UNIX, s.SOCK_RDM, 0)).toBe(-e.ESOCKTNOSUPPORT);
    expect(call(other, 'listen', 77, 0)).toBe(-e.EBADF);
  });
});
