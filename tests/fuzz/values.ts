/** Random arguments of system calls, chosen by the names that the descriptors give them: often right, sometimes nearly, sometimes anything. */

import type { Random } from '../isa/random_state.ts';
import type { Guest } from './guest_memory.ts';
import { bpfAttributes, structures } from './structures.ts';

const PATHS: readonly string[] = [
  ...[
    '/',
    '.',
    '..',
    '',
    '/tmp',
    '/tmp/a',
    '/tmp/b',
    '/tmp/c',
    '/tmp/d',
    '/tmp/d/a',
    '/tmp/d/b',
    '/tmp/d/d',
    '/tmp/l',
    '/tmp/d/l',
    '/tmp/s',
  ],
  ...[
    'a',
    'b',
    'd',
    'd/a',
    '../tmp/a',
    '/tmp/d/../a',
    '/tmp/a/',
    '/tmp/l/a',
    'l',
    '/prog',
    '/etc',
    '/etc/passwd',
    '/mnt',
    '/mnt/a',
    '/mnt/d',
  ],
  ...[
    'null',
    'zero',
    'full',
    'random',
    'tty',
    'ptmx',
    'pts/0',
    'pts/1',
    'shm',
    'shm/x',
    'stdin',
    'fd',
    'console',
    'mqueue',
    'mqueue/q',
  ].map((name) => `/dev/${name}`),
  ...[
    'stat',
    'status',
    'maps',
    'smaps',
    'mem',
    'fd',
    'fd/0',
    'fd/3',
    'fd/5',
    'fdinfo/3',
    'ns/uts',
    'ns/pid',
    'ns/user',
    'ns/mnt',
    'ns/net',
  ].map((name) => `/proc/self/${name}`),
  ...['ns/ipc', 'ns/cgroup', 'ns/time', 'exe', 'root', 'cwd', 'environ', 'cmdline', 'task', 'mounts', 'mountinfo', 'limits', 'io'].map(
    (name) => `/proc/self/${name}`,
  ),
  ...['uid_map', 'gid_map', 'setgroups', 'oom_score_adj', 'comm', 'attr', 'timens_offsets', 'clear_refs', 'pagemap', 'syscall'].map(
    (name) => `/proc/self/${name}`,
  ),
  ...[
    'meminfo',
    'stat',
    'mounts',
    'sysvipc/shm',
    'keys',
    'locks',
    'net/tcp',
    'net/unix',
    'net/dev',
    'sysrq-trigger',
    '1/status',
    '2/maps',
  ].map((name) => `/proc/${name}`),
  ...[
    'kernel/hostname',
    'kernel/shmmax',
    'kernel/msgmnb',
    'kernel/sem',
    'kernel/ns_last_pid',
    'vm/overcommit_memory',
    'fs/pipe-max-size',
  ].map((name) => `/proc/sys/${name}`),
  ...[
    '/proc',
    '/sys',
    '/sys/fs/cgroup',
    '/sys/fs/cgroup/a',
    '/sys/fs/cgroup/cgroup.procs',
    '/sys/fs/cgroup/a/cgroup.procs',
    '/sys/class/net',
  ],
  `/tmp/${'n'.repeat(255)}`,
  `/tmp/${'n'.repeat(256)}`,
  `/${'d/'.repeat(2100)}`,
];

const NAMES: readonly string[] = [
  'user.a',
  'user.b',
  'trusted.t',
  'security.capability',
  'system.posix_acl_access',
  'user.',
  '',
  'x',
  'a',
  'b',
];
const FILE_SYSTEMS: readonly string[] = [
  'tmpfs',
  'proc',
  'sysfs',
  'devpts',
  'overlay',
  'mqueue',
  'cgroup2',
  'devtmpfs',
  'ramfs',
  'bpf',
  'ext4',
  '',
];
const KEY_TYPES: readonly string[] = ['user', 'keyring', 'logon', 'big_key', '.x', ''];

const FDS = new Set(
  'fd dirfd epfd dfd newdirfd olddirfd fd_in fd_out in_fd out_fd oldfd newfd fdin fdout to_dfd from_dfd fs_fd pidfd targetfd mqdes'.split(
    ' ',
  ),
);
const DIRECTORIES = new Set('dirfd dfd newdirfd olddirfd to_dfd from_dfd'.split(' '));
const PIDS = new Set('pid tid tgid pgid who pid1 pid2 id'.split(' '));
const IDS = new Set('shmid semid msqid timerid keyring dest_keyring wd'.split(' '));
const STRINGS = new Set(
  'path pathname target oldpath newpath linkpath put_old new_root from_path to_path source name fs_name filesystemtype type description callout_info u_name'.split(
    ' ',
  ),
);

/** Numbers that code compares with. */
const CORNERS: readonly number[] = [
  ...[0, 0, 0, 1, 1, 2, 3, 4, 7, 8, 16, 63, 64, 100, 255, 256, 1000, 1024, 4095, 4096, 4097, 8192, 65535, 65536, 1 << 20],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 47, 2 ** 48, 2 ** 52, 2 ** 62, 2 ** 63, -1, -2, -100, -(2 ** 31), -(2 ** 63)],
];

/** Known values of an argument that selects an operation. */
const OPERATIONS: Readonly<Record<string, readonly number[]>> = {
  request: [
    ...[0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5409, 0x540a, 0x540b, 0x540e, 0x540f, 0x5410, 0x5411, 0x5412, 0x5413, 0x5414, 0x541b],
    ...[0x5420, 0x5421, 0x5422, 0x5423, 0x5424, 0x5429, 0x5450, 0x5451, 0x5452, 0x80045430, 0x40045431, 0x5441, 0x5460],
    ...[0xb701, 0xb702, 0xb703, 0x8004b704, 0x8910, 0x8912, 0x8913, 0x8914, 0x8915, 0x8916, 0x8933, 0x8927, 0x8922, 0x8980, 0x6601],
  ],
  cmd: [...Array.from({ length: 24 }, (_, i) => i), ...Array.from({ length: 20 }, (_, i) => 1024 + i)],
  option: [...Array.from({ length: 80 }, (_, i) => i), 0x53564d41, 0x59616d61],
  operation: Array.from({ length: 33 }, (_, i) => i),
  futex_op: Array.from({ length: 14 }, (_, i) => [i, i | 128, i | 256]).flat(),
  advice: [...Array.from({ length: 26 }, (_, i) => i), 100, 101],
  family: [1, 1, 1, 2, 2, 10, 16, 16, 17, 0, 3, 44],
  level: [0, 1, 1, 6, 17, 41, 270],
  optname: Array.from({ length: 80 }, (_, i) => i),
  protocol: [0, 0, 0, 1, 6, 17, 58, 4, 15, 16],
  how: [0, 1, 2, 3],
  whence: [0, 1, 2, 3, 4, 5],
  clockid: [0, 1, 2, 3, 4, 5, 6, 7, 11, -6, -2, -22],
  sig: [...Array.from({ length: 32 }, (_, i) => i), 34, 40, 64, 65],
  signum: Array.from({ length: 66 }, (_, i) => i),
  op: [1, 2, 3, 0],
  which: [0, 1, 2, 3],
  idtype: [0, 1, 2, 3],
  policy: [0, 1, 2, 3, 5, 6, 7],
  resource: Array.from({ length: 17 }, (_, i) => i),
  arg2: [0, 1, 2, 3, 5, 9, 15, 17],
  key: [0, 0, 1, 2, 3, -1],
};

/** Calls whose every bit of `flags` has a meaning worth trying. */
const FLAG_SETS: Readonly<Record<string, readonly number[]>> = {
  clone: [0x11, 0x100, 0x200, 0x400, 0x800, 0x4000, 0x8000, 0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0x200000, 0x1000000],
  unshare: [0x80, 0x200, 0x400, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000],
  openat: [0, 1, 2, 0o100, 0o200, 0o1000, 0o2000, 0o4000, 0o200000, 0o400000, 0o2000000, 0o10000000, 0o20200000],
  mmap: [1, 2, 0x20, 0x22, 0x21, 0x32, 0x31, 0x100, 0x8000, 0x100000, 0x40000],
  socket: [1, 1, 2, 3, 5, 0o4000, 0o2000000],
  mount: [1, 2, 4, 8, 16, 32, 4096, 8192, 16384, 1 << 17, 1 << 18, 1 << 19, 1 << 20, 1 << 21],
};

/** A value for an argument of `call`; structures and strings are put into the guest's memory. */
export function value(random: Random, guest: Guest, call: string, name: string): number {
  if (random.chance(2)) return random.pick(CORNERS);
  if (STRINGS.has(name)) return text(random, guest, call, name);
  if (name === 'sigsetsize') return 8;
  if (call === 'bpf' && name === 'size') return random.pick([16, 48, 72, 72, 128, 144, 0]);
  if (FDS.has(name)) return descriptor(random, name);
  if (PIDS.has(name)) return random.pick([0, 0, -1, 1, 2, 2, 3, 4, 5, random.below(30), random.below(300)]);
  if (IDS.has(name)) return random.pick([...guest.results, random.below(4), random.below(4), -1, -2, -3, -4]);
  const operations = OPERATIONS[name];
  if (operations !== undefined) return random.pick(operations);
  const structure = call === 'bpf' && name === 'attr' ? bpfAttributes : structures[name];
  if (structure !== undefined) {
    if (random.chance(8)) return 0;
    return random.chance(3) ? guest.anywhere() : structure(random, guest);
  }
  if (/flag|flg|^type$|^mask$|^prot$|^options$|^mode$/.test(name)) return flags(random, call);
  if (/^(addr|old_address|new_address|shmaddr|uaddr|uaddr2|stack|tls|addr_)$/.test(name)) return guest.address();
  if (/len|size|count|length|nbytes|nr|vlen|cnt|num|nsops|nfds|maxevents|bufsiz|msgsz/.test(name)) return amount(random);
  if (/off|pos/.test(name)) return random.pick([0, 0, 1, 4096, 8192, 100, random.below(1 << 20), 2 ** 40, 2 ** 63, -1]);
  if (/id$/.test(name)) return random.pick([0, 0, 0, 1, 1000, 65534, -1]);
  return random.chance(30) ? guest.buffer(16) : random.pick(CORNERS);
}

function text(random: Random, guest: Guest, call: string, name: string): number {
  if (random.chance(2)) return guest.address();
  if (name === 'filesystemtype' || name === 'fs_name') return guest.text(random.pick(FILE_SYSTEMS));
  if (call.startsWith('mq_')) return guest.text(random.pick(['q', 'r', '', 'q/r', 'x'.repeat(300)]));
  if (name === 'type') return guest.text(random.pick(KEY_TYPES));
  if (name === 'name' || name === 'description' || name === 'callout_info' || name === 'u_name') return guest.text(random.pick(NAMES));
  // Most changes of mounts happen where they do not hide what the others need.
  if (/mount|pivot|chroot|tree/.test(call) && random.chance(80))
    return guest.text(random.pick(['/mnt', '/mnt/a', '/mnt/d', '/tmp/d', '/tmp/d/d']));
  if (random.chance(50)) return guest.text(PATHS[random.below(22)]!);
  return guest.text(random.pick(PATHS));
}

function descriptor(random: Random, name: string): number {
  if (DIRECTORIES.has(name) && random.chance(60)) return -100;
  return random.chance(95) ? random.below(random.chance(70) ? 12 : 40) : random.pick([-1, -100, 255, 1023, 1 << 20, 2 ** 31 - 1]);
}

function flags(random: Random, call: string): number {
  const set = FLAG_SETS[call];
  if (set !== undefined) {
    let all = 0;
    for (let i = random.below(5); i >= 0; i--) all |= random.pick(set);
    return all >>> 0;
  }
  if (random.chance(45)) return 0;
  let bits = 0;
  for (let i = random.below(3); i >= 0; i--) bits |= 1 << random.below(random.chance(70) ? 13 : 32);
  return bits >>> 0;
}

/** Sizes of structures and of buffers. */
function amount(random: Random): number {
  if (random.chance(50)) return random.pick([1, 2, 3, 4, 8, 12, 16, 24, 32, 48, 56, 64, 88, 110, 128]);
  if (random.chance(70)) return random.pick([0, 1, 8, 16, 64, 100, 1000, 4096, 8192, 16384, 65536]);
  return random.pick(CORNERS);
}
