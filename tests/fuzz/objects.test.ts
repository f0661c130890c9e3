/**
 * Sockets, pipes, epoll, timers, keys, traced and filtered processes, IPC objects and control groups, made, shared by fork and by
 * messages and given up in every order: when a container is gone nothing of them is left.
 */

import { expect, test } from 'vitest';
import type { Random } from '../isa/random_state.ts';
import type { Guest } from './guest_memory.ts';
import { left } from './left.ts';
import type { Focus } from './random_cpu.ts';
import { RandomWorld } from './random_world.ts';

const BATCH = 5_000;
const BATCHES = 4;

const SIGCHLD = 17;
const CLONE_FILES = 0x400;
const PTRACE_TRACEME = 0;
const PTRACE_CONT = 7;
const PTRACE_KILL = 8;
const PTRACE_ATTACH = 16;
const PTRACE_DETACH = 17;
const PTRACE_SEIZE = 0x4206;

/** Calls on objects of each kind, besides those on descriptors and processes. */
const SUBJECTS: Readonly<Record<string, Focus['weights']>> = {
  sockets: { socket: 3, socketpair: 4, bind: 3, listen: 2, connect: 3, accept4: 3, sendmsg: 6, recvmsg: 5, shutdown: 1, sendto: 2 },
  pipes: { pipe2: 4, read: 3, write: 3, splice: 2, tee: 2, vmsplice: 1, fcntl: 2 },
  events: {
    epoll_create1: 3,
    epoll_ctl: 8,
    epoll_pwait: 2,
    eventfd2: 3,
    signalfd4: 2,
    ppoll: 2,
    pipe2: 1,
    inotify_init1: 1,
    inotify_add_watch: 2,
  },
  timers: { timer_create: 5, timer_settime: 5, timer_delete: 3, timerfd_create: 3, timerfd_settime: 3, setitimer: 2, nanosleep: 1 },
  keys: { add_key: 5, keyctl: 10, request_key: 2, setuid: 0.2, execve: 0.5 },
  tracing: { ptrace: 10, tkill: 1, getpid: 2, process_vm_readv: 1, seccomp: 0.5, prctl: 1, pidfd_getfd: 1, pidfd_open: 1 },
  ipc: {
    semget: 3,
    semop: 4,
    semctl: 3,
    msgget: 3,
    msgsnd: 3,
    msgrcv: 3,
    msgctl: 3,
    shmget: 3,
    shmat: 3,
    shmdt: 2,
    shmctl: 3,
    mq_open: 3,
    mq_notify: 2,
  },
  cgroups: { mkdirat: 4, unlinkat: 4, openat: 6, write: 4, mount: 2, umount2: 1, clone3: 2, bpf: 3 },
};

const COMMON: Focus['weights'] = {
  clone: 5,
  exit_group: 1,
  exit: 0.3,
  wait4: 4,
  close: 3,
  dup: 1,
  dup3: 1,
  openat: 2,
  kill: 0.3,
  mmap: 1,
  munmap: 0.5,
};

const VALUES: Readonly<Record<string, (random: Random, guest: Guest) => number>> = {
  'clone.flags': (random) => (random.chance(20) ? CLONE_FILES : 0) | SIGCHLD,
  'wait4.options': () => 1,
  'ptrace.request': (random) =>
    random.pick([
      PTRACE_TRACEME,
      PTRACE_CONT,
      PTRACE_KILL,
      PTRACE_ATTACH,
      PTRACE_DETACH,
      PTRACE_SEIZE,
      random.below(26),
      0x4200 + random.below(16),
    ]),
};
const control = (random: Random): string => `/sys/fs/cgroup${random.pick(['', '/a', '/b', '/a/c'])}`;
const CONTROL_FILES = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.freeze', 'cgroup.kill', 'memory.max', 'pids.max'];
const CONTROL_VALUES: Readonly<Record<string, (random: Random, guest: Guest) => number>> = {
  'mkdirat.path': (random, guest) => guest.text(control(random)),
  'unlinkat.path': (random, guest) => guest.text(control(random)),
  'unlinkat.flags': () => 0x200,
  'openat.path': (random, guest) => guest.text(`${control(random)}/${random.chance(80) ? random.pick(CONTROL_FILES) : ''}`),
  'openat.flags': (random) => random.pick([0, 1, 2, 2]),
  'write.buf': (random, guest) => guest.text(random.pick(['0', '1', '2', '3', '+pids', '+memory', 'max', '4194304'])),
};

test.for(Object.entries(SUBJECTS))('nothing is left of %s', { timeout: 120_000 }, ([subject, weights]) => {
  const values = subject === 'cgroups' ? { ...VALUES, ...CONTROL_VALUES } : VALUES;
  const world = new RandomWorld(5, {
    weights: { ...COMMON, ...weights },
    value: (random, guest, call, argument) => values[`${call}.${argument}`]?.(random, guest) ?? null,
  });
  world.batch(BATCH);
  let before = world.state();
  for (let batch = 1; batch < BATCHES; batch++) {
    world.batch(BATCH);
    const after = world.state();
    expect({ batch, bugs: world.kernel.oopses === 0 ? [] : world.log }).toEqual({ batch, bugs: [] });
    expect({ batch, left: left(before, after), ...after.counts }).toEqual({ batch, left: [], ...before.counts });
    before = after;
  }
});
