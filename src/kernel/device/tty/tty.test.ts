import { beforeEach, describe, expect, it } from 'vitest';
import { ASLEEP, FakeConsole, type Guest, World } from '../../../../tests/support/guest.ts';
import { EAGAIN, EIO, ENOTTY, EPERM } from '../../../abi/errno.ts';
import { O_NOCTTY, O_NONBLOCK, O_RDWR } from '../../../abi/fcntl.ts';
import * as io from '../../../abi/ioctl.ts';
import { SIG_IGN, SIGHUP, SIGINT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH } from '../../../abi/signal.ts';
import * as t from '../../../abi/termios.ts';
import { type DevptsSuperBlock, DevptsType } from '../../fs/devpts/devpts.ts';
import { DEFAULT_ACTION } from '../../signal/sighand.ts';
import { int, ptr } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import { Dentry } from '../../vfs/dentry.ts';
import { type File, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import { Mount } from '../../vfs/mount.ts';
import { Path } from '../../vfs/path.ts';
import { HostTerminal } from '../console/host_terminal.ts';
import { registerDevices } from '../register.ts';
import type { TtyFile } from './tty_file.ts';

const ioctl = defineSyscall('ioctl', [int('fd'), int('request'), ptr('argument')], (task, fd, request, argument) =>
  task.files!.get(fd)!.ioctl(task, request >>> 0, argument),
);
const I = io;
const MASTER = 3;
const SLAVE = 0;

let world: World;
let guest: Guest;
/** Who types and looks at the master. */
let user: Guest;
let mount: Mount;

function openNode(opener: Guest, inode: Inode, name: string, flags: number): File {
  const path = new Path(mount, new Dentry(mount.sb, mount.root, name, inode));
  const file = world.kernel.vfs.charDevices.open(opener.task, inode, path, flags);
  if (typeof file === 'number') throw new Error(String(file));
  return file;
}

const devpts = (): DevptsSuperBlock => mount.sb as DevptsSuperBlock;

beforeEach(() => {
  world = new World();
  registerDevices(world.kernel);
  guest = world.guest();
  const sb = new DevptsType().mount(world.kernel, guest.task, 'devpts', 0, 'mode=620,gid=5,ptmxmode=666') as DevptsSuperBlock;
  mount = new Mount(sb, sb.root, 'devpts', 0);
  guest.task.files!.install(MASTER, openNode(guest, sb.ptmx, 'ptmx', O_RDWR | O_NONBLOCK), false);
  guest.put(new Uint8Array(4));
  expect(guest.call(ioctl, MASTER, I.TIOCSPTLCK, guest.memory)).toBe(0);
  guest.task.files!.install(SLAVE, openNode(guest, sb.terminals.get(0)!, '0', O_RDWR), false);
  user = world.guest();
  user.task.files = guest.task.files;
});

const type = (text: string): void => {
  expect(user.write(MASTER, text)).toBe(text.length);
};
const shown = (): string | number => user.readText(MASTER);
const tty = () => (guest.file(SLAVE) as TtyFile).tty;
const modes = (change: Partial<Record<'iflag' | 'oflag' | 'lflag', (old: number) => number>>, cc: Record<number, number> = {}): void => {
  const old = tty().termios;
  const chars = old.cc.slice();
  for (const [index, value] of Object.entries(cc)) chars[Number(index)] = value;
  tty().setTermios({
    ...old,
    iflag: change.iflag?.(old.iflag) ?? old.iflag,
    oflag: change.oflag?.(old.oflag) ?? old.oflag,
    lflag: change.lflag?.(old.lflag) ?? old.lflag,
    cc: chars,
  });
};

describe('canonical input', () => {
  it('gives lines and echoes them', () => {
    expect(guest.readText(SLAVE)).toBe(ASLEEP);
    type('hel');
    expect(guest.awake).toBe(false);
    type('lo\rnext\n');
    expect(guest.againText()).toBe('hello\n');
    expect(guest.readText(SLAVE, 2)).toBe('ne');
    expect(guest.readText(SLAVE)).toBe('xt\n');
    expect(shown()).toBe('hello\r\nnext\r\n');
  });

  it('erases characters, words and lines', () => {
    type('abc\x7fd\n');
    expect(guest.readText(SLAVE)).toBe('abd\n');
    expect(shown()).toBe('abc\b \bd\r\n');
    type('one two_2  \x17x\n');
    expect(guest.readText(SLAVE)).toBe('one x\n');
    expect(shown()).toBe(`one two_2  ${'\b \b'.repeat(7)}x\r\n`);
    type('gone\x15kept\n');
    expect(guest.readText(SLAVE)).toBe('kept\n');
    expect(shown()).toBe(`gone${'\b \b'.repeat(4)}kept\r\n`);
    type('a\tb\x7f\x7f!\n');
    expect(guest.readText(SLAVE)).toBe('a!\n');
    expect(shown()).toBe(`a\tb\b \b${'\b'.repeat(7)}!\r\n`);
    type('\x01\x7f\x7f\n');
    expect(guest.readText(SLAVE)).toBe('\n');
    expect(shown()).toBe('^A\b \b\b \b\r\n');
  });

  it('erases UTF-8 as one character if told to', () => {
    modes({ iflag: (f) => f | t.IUTF8 });
    type('\xc3\xa4\xc3\xb6\x7f\n');
    expect(guest.readText(SLAVE)).toBe('\xc3\xa4\n');
    expect(shown()).toBe('\xc3\xa4\xc3\xb6\b \b\r\n');
  });

  it('knows end of file, literal next, reprint and other line ends', () => {
    type('abc\x04');
    expect(guest.readText(SLAVE)).toBe('abc');
    type('\x04');
    expect(guest.readText(SLAVE)).toBe('');
    type('abc\x04');
    expect(guest.readText(SLAVE, 3)).toBe('abc');
    expect(guest.readText(SLAVE)).toBe(ASLEEP);
    type('\x16\x03x\n');
    expect(guest.againText()).toBe('\x03x\n');
    shown();
    type('ab\x12c\n');
    expect(guest.readText(SLAVE)).toBe('abc\n');
    expect(shown()).toBe('ab^R\r\nabc\r\n');
    modes({}, { [t.VEOL]: 59 });
    type('a;b');
    expect(guest.readText(SLAVE)).toBe('a;');
  });

  it('holds lines of 4095 bytes and their end', () => {
    modes({ lflag: (f) => f & ~t.ECHO });
    type('x'.repeat(5000));
    type('\n');
    expect(guest.read(SLAVE, 8192)).toBe(4096);
    expect(guest.text(65536 + 4091, 5)).toBe('xxxx\n');
  });

  it('turns typed bytes into a line when canonical mode ends and begins', () => {
    modes({ lflag: (f) => f & ~t.ECHO });
    type('ab');
    modes({ lflag: (f) => f & ~t.ICANON });
    expect(guest.readText(SLAVE)).toBe('ab');
    type('cd');
    modes({ lflag: (f) => f | t.ICANON });
    expect(guest.readText(SLAVE)).toBe('cd');
  });
});

describe('raw input', () => {
  const raw = (min: number, time: number): void =>
    modes(
      { iflag: () => 0, oflag: (f) => f & ~t.OPOST, lflag: (f) => f & ~(t.ICANON | t.ECHO | t.ISIG | t.IEXTEN) },
      { [t.VMIN]: min, [t.VTIME]: time },
    );

  it('gives bytes as they come', () => {
    raw(1, 0);
    type('\x03\r\x7f');
    expect(guest.readText(SLAVE)).toBe('\x03\r\x7f');
    expect(shown()).toBe(-EAGAIN);
    expect(guest.write(SLAVE, 'a\nb')).toBe(3);
    expect(shown()).toBe('a\nb');
  });

  it('waits for MIN bytes and for TIME', () => {
    raw(3, 0);
    expect(guest.readText(SLAVE)).toBe(ASLEEP);
    type('ab');
    expect(guest.again()).toBe(ASLEEP);
    type('cd');
    expect(guest.againText()).toBe('abcd');
    raw(0, 0);
    expect(guest.readText(SLAVE)).toBe('');
    raw(0, 5);
    expect(guest.readText(SLAVE)).toBe(ASLEEP);
    world.pass(5e8);
    expect(guest.againText()).toBe('');
    raw(5, 5);
    expect(guest.readText(SLAVE)).toBe(ASLEEP);
    world.pass(9e8);
    expect(guest.again()).toBe(ASLEEP);
    type('x');
    expect(guest.again()).toBe(ASLEEP);
    world.pass(5e8);
    expect(guest.againText()).toBe('x');
  });
});

describe('output', () => {
  it('is processed', () => {
    guest.write(SLAVE, 'a\tb\n');
    expect(shown()).toBe('a\tb\r\n');
    modes({ oflag: (f) => f | t.XTABS });
    guest.write(SLAVE, 'ab\tc\rx\n');
    expect(shown()).toBe('ab      c\rx\r\n');
  });

  it('stops and starts, and waits for room', () => {
    type('\x13');
    expect(guest.write(SLAVE, 'held')).toBe(ASLEEP);
    expect(shown()).toBe(-EAGAIN);
    type('\x11');
    expect(guest.again()).toBe(4);
    expect(shown()).toBe('held');
    expect(guest.write(SLAVE, 'x'.repeat(20000))).toBe(ASLEEP);
    let got = 0;
    let result: unknown = ASLEEP;
    for (let text = user.readText(MASTER, 5000); typeof text === 'string'; text = user.readText(MASTER, 5000)) {
      got += text.length;
      if (result === ASLEEP) result = guest.again();
    }
    expect([got, result]).toEqual([20000, 20000]);
  });
});

describe('job control', () => {
  it('sends signals to the foreground group', () => {
    expect(guest.task.group.terminal).toBe(tty());
    // A handler: by default it would end at once.
    guest.task.group.sighand.set(SIGINT, { ...DEFAULT_ACTION, handler: 4096 });
    type('lost\x03');
    expect(guest.task.group.pending.has(SIGINT)).toBe(true);
    expect(shown()).toBe('^C');
    type('\x1a');
    expect(guest.task.group.pending.has(SIGTSTP)).toBe(true);
    guest.task.group.pending.flush(-1n);
    guest.task.signalPending = false;
    shown();
    type('kept\n');
    expect(guest.readText(SLAVE)).toBe('kept\n');
  });

  it('stops readers and changers in the background', () => {
    const child = world.guest(guest);
    child.task.files = guest.task.files;
    child.task.group.joinProcessGroup(child.task.pid);
    expect(child.readText(SLAVE)).toBe(-512);
    expect(child.task.group.pending.has(SIGTTIN)).toBe(true);
    child.task.group.pending.flush(-1n);
    child.task.group.sighand.set(SIGTTIN, { ...DEFAULT_ACTION, handler: SIG_IGN });
    expect(child.readText(SLAVE)).toBe(-EIO);
    expect(child.write(SLAVE, 'free')).toBe(4);
    modes({ lflag: (f) => f | t.TOSTOP });
    expect(child.write(SLAVE, 'no')).toBe(-512);
    expect(child.task.group.pending.has(SIGTTOU)).toBe(true);
    child.put(new Uint8Array(Int32Array.of(child.task.tgid).buffer));
    child.task.group.sighand.set(SIGTTOU, { ...DEFAULT_ACTION, handler: SIG_IGN });
    expect(child.call(ioctl, SLAVE, I.TIOCSPGRP, child.memory)).toBe(0);
    expect(guest.call(ioctl, MASTER, I.TIOCGPGRP, guest.memory)).toBe(0);
    expect(guest.int(0)).toBe(child.task.tgid);
    child.task.group.parent = null;
    expect(guest.readText(SLAVE)).toBe(-EIO);
  });

  it('hangs up when the master is closed', () => {
    const child = world.guest(guest);
    child.task.files!.install(0, guest.file(SLAVE).get(), false);
    expect(child.readText(0)).toBe(ASLEEP);
    guest.close(MASTER);
    expect(guest.task.group.pending.has(SIGHUP)).toBe(true);
    expect(guest.task.group.terminal).toBe(null);
    expect(child.againText()).toBe('');
    expect(child.write(0, 'x')).toBe(-EIO);
    expect(child.call(ioctl, 0, I.TCGETS, child.memory)).toBe(-EIO);
    expect(devpts().terminals.size).toBe(0);
  });

  it('lets a session take and give up a terminal', () => {
    const other = world.guest();
    other.task.files!.install(0, openNode(other, devpts().terminals.get(0)!, '0', O_RDWR), false);
    expect(other.task.group.terminal).toBe(null);
    expect(other.call(ioctl, 0, I.TIOCGPGRP, other.memory)).toBe(-ENOTTY);
    expect(other.call(ioctl, 0, I.TIOCSCTTY, 0)).toBe(-EPERM);
    expect(guest.call(ioctl, SLAVE, I.TIOCNOTTY)).toBe(0);
    expect(other.call(ioctl, 0, I.TIOCSCTTY, 0)).toBe(0);
    expect(other.call(ioctl, 0, I.TIOCGSID, other.memory)).toBe(0);
    expect(other.int(0)).toBe(other.task.tgid);
    tty().disassociate(other.task.group);
    expect(other.task.group.pending.has(SIGHUP)).toBe(true);
    expect(other.task.group.terminal).toBe(null);
    const third = world.guest();
    openNode(third, devpts().terminals.get(0)!, '0', O_RDWR | O_NOCTTY).put();
    expect(third.task.group.terminal).toBe(null);
  });
});

describe('master', () => {
  it('tells of closing and reopening', () => {
    guest.close(SLAVE);
    expect(shown()).toBe(-EIO);
    expect(guest.file(MASTER).poll(guest.task)).toBe(POLLHUP | POLLOUT | POLLWRNORM);
    guest.task.files!.install(SLAVE, openNode(guest, devpts().terminals.get(0)!, '0', O_RDWR), false);
    expect(shown()).toBe(-EAGAIN);
  });

  it('reports packets', () => {
    guest.put(new Uint8Array(Int32Array.of(1).buffer));
    expect(guest.call(ioctl, MASTER, I.TIOCPKT, guest.memory)).toBe(0);
    guest.write(SLAVE, 'data');
    expect(shown()).toBe('\0data');
    type('\x13');
    expect(guest.file(MASTER).poll(guest.task) & POLLPRI).toBe(POLLPRI);
    expect(shown()).toBe('\x04');
    type('\x11');
    expect(shown()).toBe('\x08');
  });

  it('changes the size and the modes', () => {
    guest.put(new Uint8Array(Uint16Array.of(24, 80, 0, 0).buffer));
    expect(guest.call(ioctl, MASTER, I.TIOCSWINSZ, guest.memory)).toBe(0);
    expect(tty().winsize.columns).toBe(80);
    expect(guest.task.group.pending.has(SIGWINCH)).toBe(false); // ignored by default
    expect(guest.call(ioctl, SLAVE, I.TCGETS, guest.memory)).toBe(0);
    expect(guest.int(0)).toBe(t.ICRNL | t.IXON);
    expect(guest.get(17, 4)).toEqual(Uint8Array.of(3, 28, 127, 21));
    guest.put(new Uint8Array(4), 12);
    expect(guest.call(ioctl, SLAVE, I.TCSETSF, guest.memory)).toBe(0);
    expect(tty().termios.lflag).toBe(0);
    expect(guest.call(ioctl, SLAVE, I.TIOCGPTN, guest.memory)).toBe(-ENOTTY);
    expect(guest.call(ioctl, MASTER, I.TIOCGPTPEER, O_RDWR)).toBe(1);
    expect(guest.file(1).poll(guest.task)).toBe(POLLOUT | POLLWRNORM);
    type('x');
    expect(guest.file(1).poll(guest.task)).toBe(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
  });
});

describe('a host terminal', () => {
  it('shows output and takes input by name', () => {
    const host = new FakeConsole();
    world.consoles.set('c:tty', host);
    const stream = world.kernel.consoles.stream('c:tty');
    const terminal = devpts().create(guest.task, new HostTerminal(world.kernel, 'c:tty', devpts()));
    if (typeof terminal === 'number') throw new Error('no terminal');
    stream.tty = terminal;
    guest.task.files!.install(7, openNode(guest, devpts().terminals.get(1)!, '1', O_RDWR), false);
    world.kernel.consoleInput('c:tty', new TextEncoder().encode('ls\r'));
    expect(guest.readText(7)).toBe('ls\n');
    expect(host.text).toBe('ls\r\n');
    host.room = 5;
    expect(guest.write(7, 'x'.repeat(13000))).toBe(ASLEEP);
    host.room = 20000;
    world.kernel.consoleReady('c:tty');
    expect(guest.again()).toBe(13000);
    expect(host.text.length).toBe(13004);
    world.kernel.consoleForget('c:tty');
    expect(guest.readText(7)).toBe('');
  });
});
