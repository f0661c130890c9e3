/**
 * 100,000 namespaces of all kinds, made by clone, unshare and nested containers of every user, entered by setns, kept alive by
 * descriptors, bind mounts, messages, zombies and processes, and given up in every order: when a container is gone nothing of them is left.
 */

import { expect, test } from 'vitest';
import type { Random } from '../isa/random_state.ts';
import type { Guest } from './guest_memory.ts';
import { left } from './left.ts';
import type { Focus } from './random_cpu.ts';
import { RandomWorld } from './random_world.ts';

const NAMESPACES = 100_000;
const BATCH = 10_000;

const KINDS: readonly number[] = [0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];
const FILES = ['uts', 'ipc', 'pid', 'pid_for_children', 'net', 'mnt', 'user', 'cgroup', 'time', 'time_for_children'];
const MOUNT_FLAGS = { bind: 0x1000, recursive: 0x4000, shared: 0x100000, slave: 0x80000, private: 0x40000, move: 0x2000 };
const SIGCHLD = 17;

const weights: Focus['weights'] = {
  ...{ clone: 6, unshare: 5, setns: 6, openat: 8, mount: 5, umount2: 3, close: 5, dup: 1, mknodat: 1, mkdirat: 1, unlinkat: 0.5 },
  ...{ wait4: 5, exit_group: 1.5, kill: 1, pidfd_open: 2, pidfd_getfd: 0.5, sendmsg: 1, recvmsg: 1, socketpair: 1, write: 3, ioctl: 2 },
  ...{ prctl: 0.3, open_tree: 0.5, move_mount: 0.5, pivot_root: 0.2, chroot: 0.2, sched_yield: 0.5, clone3: 0.3, setuid: 0.1 },
};

const spot = (random: Random): string => random.pick([`/tmp/${random.below(6)}`, `/mnt/${random.below(4)}`]);
const namespaceFile = (random: Random): string => `/proc/${random.chance(60) ? 'self' : random.below(20)}/ns/${random.pick(FILES)}`;

function path(random: Random): string {
  const choice = random.below(10);
  if (choice < 5) return namespaceFile(random);
  if (choice < 8) return spot(random);
  return random.pick(['/proc/self/uid_map', '/proc/self/gid_map', '/proc/self/setgroups', '/tmp', '/mnt', '/proc', '/']);
}

const kinds = (random: Random, most: number): number => {
  let flags = 0;
  for (let i = random.below(most); i >= 0; i--) flags |= random.pick(KINDS);
  return flags;
};

function mountFlags(random: Random): number {
  const { bind, recursive, shared, slave, private: own, move } = MOUNT_FLAGS;
  return random.pick([
    bind,
    bind,
    bind,
    bind,
    bind | recursive,
    bind | recursive,
    shared,
    shared | recursive,
    slave,
    own,
    own | recursive,
    move,
    0,
  ]);
}

const zero = (): number => 0;
/** The first three are the streams. */
const descriptor = (random: Random): number => 3 + random.below(7);

/** Arguments by `call.argument`. */
const VALUES: Readonly<Record<string, (random: Random, guest: Guest) => number>> = {
  'clone.flags': (random) => (kinds(random, 4) & ~0x80) | SIGCHLD,
  'unshare.flags': (random) => kinds(random, 3),
  ...Object.fromEntries(['setns.fd', 'dup.fd', 'close.fd', 'ioctl.fd', 'write.fd'].map((name) => [name, descriptor])),
  ...Object.fromEntries(
    ['clone.stack', 'clone.parent_tid', 'clone.child_tid', 'clone.tls', 'wait4.wstatus', 'wait4.rusage'].map((name) => [name, zero]),
  ),
  'setns.nstype': zero,
  'pidfd_open.flags': zero,
  'wait4.pid': () => -1,
  'kill.pid': (random) => 2 + random.below(20),
  'kill.sig': (random) => random.pick([9, 9, 15, 0]),
  'openat.path': (random, guest) => guest.text(path(random)),
  'openat.flags': (random) => random.pick([0, 0, 0o100, 0o2, 0o200000, 0o10000000]),
  'mount.source': (random, guest) => guest.text(path(random)),
  'mount.target': (random, guest) => guest.text(spot(random)),
  'mount.mountflags': mountFlags,
  'mount.data': zero,
  'umount2.target': (random, guest) => guest.text(spot(random)),
  'umount2.flags': (random) => random.pick([0, 2, 2]),
  'mknodat.path': (random, guest) => guest.text(spot(random)),
  'mkdirat.path': (random, guest) => guest.text(spot(random)),
  'wait4.options': (random) => random.pick([1, 1, 1, 0]),
  'write.buf': (random, guest) => guest.text(random.pick(['0 0 1', '0 0 1000', 'deny', '0 1 1'])),
  'write.count': () => 5,
  'ioctl.request': (random) => 0xb701 + random.below(4),
};

const focus: Focus = { weights, value: (random, guest, call, argument) => VALUES[`${call}.${argument}`]?.(random, guest) ?? null };

test('nothing is left of 100,000 namespaces', { timeout: 300_000 }, () => {
  const world = new RandomWorld(3, focus);
  const { namespaceNumbers } = world.kernel;
  const allocate = namespaceNumbers.allocate.bind(namespaceNumbers);
  let made = 0;
  namespaceNumbers.allocate = (): number => {
    made++;
    return allocate();
  };
  world.batch(BATCH);
  let before = world.state();
  while (made < NAMESPACES) {
    world.batch(BATCH);
    const after = world.state();
    expect({ made, bugs: world.kernel.oopses === 0 ? [] : world.log }).toEqual({ made, bugs: [] });
    expect({ made, left: left(before, after), ...after.counts }).toEqual({ made, left: [], ...before.counts });
    before = after;
  }
});
