import { beforeEach, describe, expect, it } from 'vitest';
import { ASLEEP, type Guest, World } from '../../../../tests/support/guest.ts';
import { EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT } from '../../../abi/epoll.ts';
import { EAGAIN, EEXIST, EINVAL, ELOOP, ENOENT, EPERM } from '../../../abi/errno.ts';
import { O_NONBLOCK } from '../../../abi/fcntl.ts';
import { SIGUSR1 } from '../../../abi/signal.ts';
import { sendToProcess } from '../../signal/send.ts';
import type { Syscall } from '../../syscall/define.ts';
import { epollCalls } from '../../syscall/sys_epoll.ts';
import { eventCalls } from '../../syscall/sys_event.ts';
import { pipeCalls } from '../../syscall/sys_pipe.ts';
import { POLLHUP, POLLIN, POLLOUT } from '../../vfs/file.ts';

const [create, ctl, pwait] = epollCalls as unknown as [Syscall, Syscall, Syscall];
const [eventfd2, timerfdCreate, timerfdSettime, timerfdGettime, signalfd4] = eventCalls as unknown as [
  Syscall,
  Syscall,
  Syscall,
  Syscall,
  Syscall,
];
const [pipe2] = pipeCalls as unknown as [Syscall];
const ADD = 1;
const DEL = 2;
const MOD = 3;

let world: World;
let guest: Guest;
let other: Guest;

beforeEach(() => {
  world = new World();
  guest = world.guest();
  other = world.guest(guest);
  other.task.files = guest.task.files;
});

function pipe(): [number, number] {
  expect(other.call(pipe2, other.memory, O_NONBLOCK)).toBe(0);
  return [other.int(0), other.int(4)];
}

const control = (epfd: number, op: number, fd: number, events: number): unknown => {
  other.put(new Uint8Array(Uint32Array.of(events, 0, fd * 10, 0).buffer), 512);
  return other.call(ctl, epfd, op, fd, other.memory + 512);
};
const events = (count: unknown): [number, number][] =>
  Array.from({ length: count as number }, (_, i) => [guest.int(1024 + i * 16), guest.int(1024 + i * 16 + 8)]);
const wait = (epfd: number, timeout = 0, max = 10): unknown => {
  const count = guest.call(pwait, epfd, guest.memory + 1024, max, timeout < 0 ? 0xffffffff : timeout, 0, 8);
  return typeof count === 'number' && count >= 0 ? events(count) : count;
};

describe('epoll', () => {
  it('reports level-triggered files as long as they are ready', () => {
    const epfd = guest.call(create, 0) as number;
    const [r, w] = pipe();
    expect(control(epfd, ADD, r, POLLIN)).toBe(0);
    expect(control(epfd, ADD, r, POLLIN)).toBe(-EEXIST);
    expect(wait(epfd)).toEqual([]);
    expect(wait(epfd, -1)).toBe(ASLEEP);
    other.write(w, 'x');
    expect(events(guest.again())).toEqual([[POLLIN, r * 10]]);
    expect(wait(epfd)).toEqual([[POLLIN, r * 10]]);
    guest.readText(r);
    expect(wait(epfd)).toEqual([]);
    expect(control(epfd, ADD, w, POLLOUT)).toBe(0);
    expect(wait(epfd)).toEqual([[POLLOUT, w * 10]]);
    expect(control(epfd, MOD, w, POLLIN)).toBe(0);
    expect(wait(epfd)).toEqual([]);
    other.close(w);
    expect(wait(epfd)).toEqual([[POLLHUP, r * 10]]);
    expect(control(epfd, DEL, r, 0)).toBe(0);
    expect(control(epfd, DEL, r, 0)).toBe(-ENOENT);
    expect(wait(epfd)).toEqual([]);
    expect(guest.call(pwait, epfd, guest.memory, 0, 0, 0, 8)).toBe(-EINVAL);
  });

  it('reports edges once, one-shots until armed again', () => {
    const epfd = guest.call(create, 0) as number;
    const [r, w] = pipe();
    control(epfd, ADD, r, POLLIN + EPOLLET);
    other.write(w, 'a');
    expect(wait(epfd)).toEqual([[POLLIN, r * 10]]);
    expect(wait(epfd)).toEqual([]);
    other.write(w, 'b');
    expect(wait(epfd)).toEqual([[POLLIN, r * 10]]);
    control(epfd, MOD, r, POLLIN + EPOLLONESHOT);
    expect(wait(epfd)).toEqual([[POLLIN, r * 10]]);
    other.write(w, 'c');
    expect(wait(epfd)).toEqual([]);
    control(epfd, MOD, r, POLLIN + EPOLLONESHOT);
    expect(wait(epfd)).toEqual([[POLLIN, r * 10]]);
  });

  it('takes turns, gives up after the timeout, forgets closed files', () => {
    const epfd = guest.call(create, 0) as number;
    const ends = [pipe(), pipe(), pipe()];
    for (const [r, w] of ends) {
      control(epfd, ADD, r, POLLIN);
      other.write(w, 'x');
    }
    const [a, b, c] = ends.map(([r]) => [[POLLIN, r * 10]]);
    expect([wait(epfd, 0, 1), wait(epfd, 0, 1), wait(epfd, 0, 1), wait(epfd, 0, 1)]).toEqual([a, b, c, a]);
    for (const [r] of ends) guest.close(r);
    expect(wait(epfd, 100)).toBe(ASLEEP);
    world.pass(1e8);
    expect(guest.again()).toBe(0);
    guest.close(epfd);
    expect(guest.file(ends[0]![1]).watchers).toBe(null);
  });

  it('nests, but not in circles', () => {
    const outer = guest.call(create, 0) as number;
    const inner = guest.call(create, 0) as number;
    const [r, w] = pipe();
    control(inner, ADD, r, POLLIN);
    expect(control(outer, ADD, inner, POLLIN)).toBe(0);
    expect(control(inner, ADD, outer, POLLIN)).toBe(-ELOOP);
    expect(control(inner, ADD, inner, POLLIN)).toBe(-EINVAL);
    expect(wait(outer, -1)).toBe(ASLEEP);
    other.write(w, 'x');
    expect(events(guest.again())).toEqual([[POLLIN, inner * 10]]);
    guest.readText(r);
    expect(wait(outer)).toEqual([]);
    let top = outer;
    const results: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      const next = guest.call(create, 0) as number;
      results.push(control(next, ADD, top, POLLIN));
      top = next;
    }
    expect(results).toEqual([0, 0, 0, -ELOOP]);
  });

  it('wakes one of several exclusive instances', () => {
    const [r, w] = pipe();
    const one = guest.call(create, 0) as number;
    const two = guest.call(create, 0) as number;
    control(one, ADD, r, POLLIN + EPOLLEXCLUSIVE);
    control(two, ADD, r, POLLIN + EPOLLEXCLUSIVE);
    expect(control(one, MOD, r, POLLIN)).toBe(-EINVAL);
    const third = world.guest(guest);
    third.task.files = guest.task.files;
    expect(wait(one, -1)).toBe(ASLEEP);
    expect(third.call(pwait, two, third.memory, 1, 0xffffffff, 0, 8)).toBe(ASLEEP);
    other.write(w, 'x');
    expect([guest.awake, third.awake]).toEqual([true, false]);
  });

  it('refuses files that cannot be polled', () => {
    const epfd = guest.call(create, 0) as number;
    class Plain extends Object.getPrototypeOf(guest.file(epfd).constructor) {}
    guest.task.files!.install(50, new (Plain as never as new (k: unknown, f: number) => never)(world.kernel, 0), false);
    expect(control(epfd, ADD, 50, POLLIN)).toBe(-EPERM);
  });
});

describe('eventfd', () => {
  const u64 = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
  const value = (fd: number): unknown => {
    const got = guest.read(fd, 8);
    return got === 8 ? new BigUint64Array(guest.get(65536, 8).buffer)[0] : got;
  };

  it('counts', () => {
    const fd = guest.call(eventfd2, 3, O_NONBLOCK) as number;
    expect(value(fd)).toBe(3n);
    expect(value(fd)).toBe(-EAGAIN);
    guest.write(fd, u64(2n ** 64n - 2n));
    expect(guest.write(fd, u64(1n))).toBe(-EAGAIN);
    expect(guest.write(fd, u64(2n ** 64n - 1n))).toBe(-EINVAL);
    expect(value(fd)).toBe(2n ** 64n - 2n);
    const semaphore = guest.call(eventfd2, 2, 1) as number;
    expect([value(semaphore), value(semaphore), value(semaphore)]).toEqual([1n, 1n, ASLEEP]);
    other.write(semaphore, u64(5n));
    expect(guest.again()).toBe(8);
    expect(guest.file(semaphore).fdinfo(guest.task.kernel.initialPidNs)).toMatch(/^eventfd-count: {16}4\n/);
  });
});

describe('timerfd', () => {
  const set = (fd: number, flags: number, interval: number, value: number): unknown => {
    const parts = [interval, value].flatMap((ns) => [BigInt(Math.floor(ns / 1e9)), BigInt(ns % 1e9)]);
    other.put(new Uint8Array(new BigInt64Array(parts).buffer));
    return other.call(timerfdSettime, fd, flags, other.memory, 0);
  };
  const ticks = (fd: number): unknown => {
    const got = guest.read(fd, 8);
    return got === 8 ? Number(new BigUint64Array(guest.get(65536, 8).buffer)[0]) : got;
  };

  it('expires once or again and again', () => {
    const fd = guest.call(timerfdCreate, 1, 0) as number;
    set(fd, 0, 0, 5e8);
    expect(ticks(fd)).toBe(ASLEEP);
    world.pass(5e8);
    expect(guest.again()).toBe(8);
    set(fd, 0, 1e8, 1e8);
    world.pass(3.5e8);
    expect(ticks(fd)).toBe(3);
    expect(guest.call(timerfdGettime, fd, guest.memory)).toBe(0);
    expect(new BigInt64Array(guest.get(0, 32).buffer)).toEqual(new BigInt64Array([0n, 100_000_000n, 0n, 50_000_000n]));
    set(fd, 1, 0, 1);
    expect(ticks(fd)).toBe(1);
    set(fd, 0, 0, 0);
    expect(guest.file(fd).poll(guest.task)).toBe(0);
    expect(guest.call(timerfdCreate, 2, 0)).toBe(-EINVAL);
    expect(set(99, 0, 0, 0)).toBe(-9);
  });
});

describe('signalfd', () => {
  it('reads signals', () => {
    guest.put(new Uint8Array(BigUint64Array.of(1n << BigInt(SIGUSR1 - 1)).buffer));
    const fd = guest.call(signalfd4, -1 >>> 0, guest.memory, 8, 0) as number;
    guest.task.blocked = 1n << BigInt(SIGUSR1 - 1);
    expect(guest.read(fd, 127)).toBe(-EINVAL);
    expect(guest.read(fd, 300)).toBe(ASLEEP);
    sendToProcess(guest.task.group, { signo: SIGUSR1, code: 0, pid: 7, uid: 8 });
    expect(guest.again()).toBe(128);
    expect(Array.from(new Int32Array(guest.get(65536, 20).buffer))).toEqual([SIGUSR1, 0, 0, 7, 8]);
    expect(guest.task.group.pending.set).toBe(0n);
  });
});
