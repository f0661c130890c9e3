import { describe, expect, it } from 'vitest';
import { ASLEEP, FakeConsole, type Guest, World } from '../../../../tests/support/guest.ts';

import { EAGAIN, EBUSY, EFAULT, EPERM, EPIPE } from '../../../abi/errno.ts';
import { O_DIRECT, O_NONBLOCK, O_RDWR, O_WRONLY } from '../../../abi/fcntl.ts';
import { SIGPIPE } from '../../../abi/signal.ts';
import { S_IFIFO } from '../../../abi/stat.ts';
import { pipeCalls } from '../../syscall/sys_pipe.ts';
import { pollCalls } from '../../syscall/sys_poll.ts';
import type { FdTable } from '../../vfs/fd_table.ts';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import { type TmpfsSuperBlock, TmpfsType } from '../tmpfs/tmpfs.ts';
import { openFifo } from './fifo.ts';
import type { PipeFile } from './pipe_file.ts';

const [pipe2, splice, tee] = pipeCalls as readonly [(typeof pipeCalls)[0], (typeof pipeCalls)[0], (typeof pipeCalls)[0]];
const [ppoll, pselect6] = pollCalls as readonly [(typeof pollCalls)[0], (typeof pollCalls)[0]];

function pipe(guest: Guest, flags = 0): [number, number] {
  expect(guest.call(pipe2, guest.memory, flags)).toBe(0);
  return [guest.int(0), guest.int(4)];
}

const FULL = 65536;

describe('pipe', () => {
  it('carries bytes in order and says when it is empty, full or broken', () => {
    const guest = new World().guest();
    const [r, w] = pipe(guest, O_NONBLOCK);
    expect(guest.readText(r)).toBe(-EAGAIN);
    expect(guest.write(w, 'hello ')).toBe(6);
    expect(guest.write(w, 'world')).toBe(5);
    expect(guest.readText(r, 8)).toBe('hello wo');
    expect(guest.readText(r)).toBe('rld');
    expect(guest.write(w, 'x'.repeat(FULL + 1000))).toBe(FULL);
    expect(guest.write(w, 'y')).toBe(-EAGAIN);
    expect(guest.readText(r, 4095)).toBe('x'.repeat(4095));
    expect(guest.write(w, 'y')).toBe(-EAGAIN);
    expect(guest.readText(r, 1)).toBe('x');
    expect(guest.write(w, 'y'.repeat(5000))).toBe(4096);
    guest.close(r);
    expect(guest.write(w, 'z')).toBe(-EPIPE);
    expect(guest.task.pending.has(SIGPIPE)).toBe(true);
  });

  it('puts sleepers to sleep and continues where they were', () => {
    const world = new World();
    const writer = world.guest();
    const [r, w] = pipe(writer);
    const reader = world.guest(writer);
    reader.task.files = writer.task.files!.clone(world.kernel.memory.root) as FdTable;
    expect(reader.readText(r)).toBe(ASLEEP);
    expect(reader.awake).toBe(false);
    expect(writer.write(w, 'abc')).toBe(3);
    expect(reader.awake).toBe(true);
    expect(reader.againText()).toBe('abc');
    const big = Uint8Array.from({ length: 3 * FULL }, (_, i) => i % 251);
    writer.task.mm!.copyOut(writer.memory + 131072, big);
    expect(writer.write(w, big)).toBe(ASLEEP);
    const got: number[] = [];
    let result: unknown = ASLEEP;
    while (got.length < big.length) {
      const count = reader.read(r, 30000) as number;
      got.push(...reader.get(65536, count));
      if (result === ASLEEP && writer.awake) result = writer.again();
    }
    expect(result).toBe(big.length);
    expect(Uint8Array.from(got)).toEqual(big);
    expect(reader.readText(r)).toBe(ASLEEP);
    reader.close(w);
    expect(reader.awake).toBe(false);
    writer.close(w);
    expect(reader.againText()).toBe('');
  });

  it('counts pages as Linux does', () => {
    const guest = new World().guest();
    const [, w] = pipe(guest, O_NONBLOCK);
    let written = 0;
    while ((guest.write(w, 'x'.repeat(2500)) as number) > 0) written++;
    expect(written).toBe(16);
  });

  it('keeps packets apart', () => {
    const guest = new World().guest();
    const [r, w] = pipe(guest, O_NONBLOCK | O_DIRECT);
    guest.write(w, 'one');
    guest.write(w, 'two');
    expect(guest.readText(r, 2)).toBe('on');
    expect(guest.readText(r)).toBe('two');
  });

  it('changes its capacity', () => {
    const world = new World();
    const guest = world.guest(null, 1000);
    const [r, w] = pipe(guest, O_NONBLOCK);
    const { pipe: buffer } = guest.file(r) as PipeFile;
    expect(buffer.setCapacity(guest.task, 5000)).toBe(8192);
    expect(guest.write(w, 'x'.repeat(9000))).toBe(8192);
    expect(buffer.setCapacity(guest.task, 100)).toBe(-EBUSY);
    expect(buffer.setCapacity(guest.task, 2 ** 21)).toBe(-EPERM);
    expect(buffer.setCapacity(guest.task, 2 ** 20)).toBe(2 ** 20);
    expect(guest.readText(r, 3)).toBe('xxx');
    expect(guest.write(w, new Uint8Array(4).fill(97))).toBe(4);
    expect(guest.read(r, 10000)).toBe(8193);
  });

  it('gives its memory back', () => {
    const world = new World();
    const guest = world.guest();
    const { frames } = world.kernel.memory;
    guest.put('x', 131072 + 90000);
    guest.put(new Uint8Array(90000), 131072);
    const before = frames.used;
    const bytes = world.kernel.memory.root.kernelBytes;
    const [r, w] = pipe(guest, O_NONBLOCK);
    guest.write(w, new Uint8Array(50000));
    expect(frames.used).toBeGreaterThan(before + 10);
    guest.close(r);
    guest.close(w);
    expect(frames.used).toBeLessThanOrEqual(before + 1);
    expect(world.kernel.memory.root.kernelBytes).toBe(bytes);
    expect(guest.call(pipe2, 8, 0)).toBe(-EFAULT);
  });

  it('moves pages between pipes', () => {
    const guest = new World().guest();
    const [r1, w1] = pipe(guest, O_NONBLOCK);
    const [r2, w2] = pipe(guest, O_NONBLOCK);
    guest.write(w1, 'spliced');
    expect(guest.call(tee, r1, w2, 100, 0)).toBe(7);
    expect(guest.readText(r2)).toBe('spliced');
    expect(guest.call(splice, r1, 0, w2, 0, 3, 0)).toBe(3);
    guest.write(w2, '!');
    expect(guest.readText(r2)).toBe('spl!');
    expect(guest.readText(r1)).toBe('iced');
    expect(guest.call(splice, r1, 0, w2, 0, 3, 0)).toBe(-EAGAIN);
  });
});

describe('FIFO', () => {
  it('opens when both ends are there', () => {
    const world = new World();
    const one = world.guest();
    const other = world.guest();
    const sb = new TmpfsType().mount(world.kernel, one.task, '', 0, '') as TmpfsSuperBlock;
    const inode = sb.root.inode!.mknod(one.task, 'fifo', S_IFIFO | 0o600, 0) as Inode;
    const open = (guest: Guest, flags: number): unknown => openFifo(guest.task, inode, flags);
    expect(open(one, O_WRONLY | O_NONBLOCK)).toBe(-6);
    expect(inode.pipe).toBe(null);
    expect(open(one, 0)).toBe(-4096);
    expect(open(one, 0)).toBe(-4096);
    const writing = open(other, O_WRONLY) as PipeFile;
    const reading = open(one, 0) as PipeFile;
    expect(reading.pipe).toBe(writing.pipe);
    expect(reading.poll()).toBe(0);
    writing.put();
    expect(reading.poll()).toBe(POLLHUP);
    reading.put();
    expect(inode.pipe).toBe(null);
    const both = open(one, O_RDWR) as PipeFile;
    expect(both.poll()).toBe(POLLOUT | POLLWRNORM);
    both.put();
    const early = open(one, O_NONBLOCK) as PipeFile;
    expect(early.poll()).toBe(0);
  });
});

describe('ppoll and pselect6', () => {
  const pollFd = (guest: Guest, at: number, fd: number, events: number): void => {
    guest.put(new Uint8Array(new Int32Array([fd, events]).buffer), at);
  };
  const revents = (guest: Guest, at: number): number => guest.int(at + 4) >> 16;

  it('tells what is ready', () => {
    const guest = new World().guest();
    const [r, w] = pipe(guest);
    pollFd(guest, 0, r, POLLIN | POLLRDNORM);
    pollFd(guest, 8, w, POLLOUT);
    pollFd(guest, 16, 99, POLLIN);
    pollFd(guest, 24, -1, POLLIN);
    guest.put(new Uint8Array(16), 64);
    expect(guest.call(ppoll, guest.memory, 4, guest.memory + 64, 0, 0)).toBe(2);
    expect([0, 8, 16, 24].map((at) => revents(guest, at))).toEqual([0, POLLOUT, POLLNVAL, 0]);
    guest.write(w, 'x');
    expect(guest.call(ppoll, guest.memory, 2, 0, 0, 0)).toBe(2);
    expect(revents(guest, 0)).toBe(POLLIN | POLLRDNORM);
    guest.close(r);
    pollFd(guest, 0, w, 0);
    expect(guest.call(ppoll, guest.memory, 1, 0, 0, 0)).toBe(1);
    expect(revents(guest, 0)).toBe(POLLERR);
  });

  it('waits for a file or the time', () => {
    const world = new World();
    const guest = world.guest();
    const other = world.guest();
    const [r, w] = pipe(guest);
    other.task.files = guest.task.files!.clone(world.kernel.memory.root) as FdTable;
    pollFd(guest, 0, r, POLLIN);
    guest.put(new Uint8Array(new BigInt64Array([2n, 500_000_000n]).buffer), 64);
    expect(guest.call(ppoll, guest.memory, 1, guest.memory + 64, 0, 0)).toBe(ASLEEP);
    world.pass(1e9);
    expect(guest.awake).toBe(false);
    guest.close(r);
    other.write(w, 'x');
    expect(guest.again()).toBe(1);
    expect(guest.file(w).refs).toBe(2);
    expect(new BigInt64Array(guest.get(64, 16).buffer)).toEqual(new BigInt64Array([1n, 500_000_000n]));
    pollFd(guest, 0, w + 100, 0);
    expect(guest.call(ppoll, guest.memory, 0, guest.memory + 64, 0, 0)).toBe(ASLEEP);
    world.pass(1.6e9);
    expect(guest.again()).toBe(0);
  });

  it('reads and writes sets of bits', () => {
    const guest = new World().guest();
    const [r, w] = pipe(guest);
    guest.write(w, 'x');
    guest.put(new Uint8Array(new BigInt64Array([(1n << BigInt(r)) | (1n << BigInt(w)), 1n << BigInt(w), 0n, 0n]).buffer), 0);
    expect(guest.call(pselect6, 64, guest.memory, guest.memory + 8, 0, guest.memory + 16, 0)).toBe(2);
    expect(new BigInt64Array(guest.get(0, 16).buffer)).toEqual(new BigInt64Array([1n << BigInt(r), 1n << BigInt(w)]));
    guest.put(new Uint8Array(new BigInt64Array([1n << 40n]).buffer), 0);
    expect(guest.call(pselect6, 64, guest.memory, 0, 0, guest.memory + 16, 0)).toBe(-9);
  });
});

describe('host streams', () => {
  it('feed standard input and take standard output', () => {
    const world = new World();
    const out = new FakeConsole();
    world.consoles.set('c:stdout', out);
    const { kernel } = world;
    expect(kernel.consoleInput('c:stdin', new TextEncoder().encode('early '))).toBe(6);
    const guest = world.guest();
    const group = guest.task.group.cgroup.memory;
    guest.task.files!.install(0, kernel.consoles.openInput('c:stdin', group, 0, 0) as PipeFile, false);
    guest.task.files!.install(1, kernel.consoles.openOutput('c:stdout', group, 0, 0) as PipeFile, false);
    expect(guest.readText(0)).toBe('early ');
    expect(guest.readText(0)).toBe(ASLEEP);
    kernel.consoleInput('c:stdin', new TextEncoder().encode('late'));
    expect(guest.againText()).toBe('late');
    kernel.consoleEnd('c:stdin');
    expect(guest.readText(0)).toBe('');
    expect(guest.write(1, 'to the host')).toBe(11);
    expect(out.text).toBe('to the host');
    out.room = 10000;
    expect(guest.write(1, 'x'.repeat(100000))).toBe(ASLEEP);
    expect(out.text.length).toBe(10011);
    out.room = 50000;
    kernel.consoleReady('c:stdout');
    expect(guest.again()).toBe(100000);
    expect(kernel.consoleUnsent('c:stdout')).toBe(40000);
    out.room = 1e9;
    kernel.consoleReady('c:stdout');
    expect(kernel.consoleUnsent('c:stdout')).toBe(0);
    world.consoles.clear();
    expect(guest.write(1, 'x')).toBe(-EPIPE);
    kernel.consoleForget('c:stdin');
    kernel.consoleForget('c:stdout');
  });
});
