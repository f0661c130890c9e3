/** Structures that system calls read, by the names of the arguments that point at them. Each is put into the guest's memory. */

import type { Random } from '../isa/random_state.ts';
import type { Guest } from './guest_memory.ts';

type Structure = (random: Random, guest: Guest) => number;

const fd = (random: Random): number => random.below(random.chance(70) ? 12 : 40);
const signal = (random: Random): number => random.below(random.chance(80) ? 32 : 66);
const short = (random: Random): number => random.pick([0, 0, 1, 1000, 100_000, 999_999_999, 1_000_000_000, -1]);
const high = (low: number, top: number): number => (low & 0xffff) | (top << 16);
const mask = (random: Random): readonly number[] => [random.chance(50) ? 0 : random.u32(), random.chance(70) ? 0 : random.u32()];

const buffer: Structure = (_, guest) => guest.buffer(512);
const timespec: Structure = (random, guest) => guest.longs([random.pick([0, 0, 0, 1, 100, -1]), short(random)]);
const itimer: Structure = (random, guest) => guest.longs([random.pick([0, 0, 1]), short(random), random.pick([0, 0, 1]), short(random)]);
const set: Structure = (random, guest) => guest.words(mask(random));
const rubbish: Structure = (random, guest) =>
  guest.words(Array.from({ length: 32 }, () => random.pick([0, 0, 1, 2, random.below(64), random.u32()])));

/** struct iovec, up to eight of them. */
const iov: Structure = (random, guest) =>
  guest.longs(
    Array.from({ length: 8 }, () => [
      random.chance(90) ? guest.buffer(random.below(3000)) : guest.anywhere(),
      random.pick([0, 1, 10, 100, 1000, 4096, 10000, 2 ** 31]),
    ]).flat(),
  );

/** sockaddr_un with paths and abstract names, sockaddr_in, sockaddr_in6, sockaddr_nl. */
const address: Structure = (random, guest) => {
  const port = random.pick([0, 0x5000, 0x901f, 0x0100]);
  switch (random.below(5)) {
    case 0:
      return guest.words([high(2, port), random.pick([0, 0x0100007f, 0x0100007f, 0xffffffff, random.u32()]), 0, 0]);
    case 1:
      return guest.words([high(10, port), 0, 0, 0, 0, random.pick([0, 0x01000000]), random.below(3)]);
    case 2:
      return guest.words([16, random.pick([0, 0, 1, random.below(30)]), random.pick([0, 1, 0xffff])]);
    case 3:
      return guest.place(Uint8Array.from(`\x01\0\0${random.pick(['a', 'b', 'c'])}`, (c) => c.charCodeAt(0)));
  }
  return guest.place(Uint8Array.from(`\x01\0${random.pick(['/tmp/u1', '/tmp/u2', '/tmp/d/u', '/tmp/a'])}\0`, (c) => c.charCodeAt(0)));
};

/** Control messages: SCM_RIGHTS, SCM_CREDENTIALS, anything. */
function control(random: Random, guest: Guest): readonly [address: number, length: number] {
  if (random.chance(60)) return [0, 0];
  if (random.chance(60)) return [guest.words([16 + 8, 0, 1, 1, fd(random), fd(random)]), 24];
  if (random.chance(50)) return [guest.words([28, 0, 1, 2, random.below(5), 0, 0, 0]), 32];
  return [guest.words([random.below(64), 0, random.below(3), random.below(4), random.u32(), random.u32()]), random.below(64)];
}

function netlinkRequest(random: Random, guest: Guest): number {
  const length = random.pick([16, 20, 24, 32, 44]);
  const words = [
    length,
    high(random.pick([16, 17, 18, 20, 21, 22, 24, 25, 26, random.below(80)]), 1 | random.pick([0, 4, 0x300, 0x600])),
    1,
    0,
  ];
  for (let at = 16; at < length; at += 4) words.push(random.pick([0, 1, 2, high(8, random.below(30)), random.u32()]));
  return guest.words(words);
}

const message: Structure = (random, guest) => {
  const [controlAt, controlLength] = control(random, guest);
  const named = random.chance(40);
  const vector = random.chance(20) ? guest.longs([netlinkRequest(random, guest), 44]) : iov(random, guest);
  return guest.longs([
    named ? address(random, guest) : 0,
    named ? random.pick([12, 16, 28, 110, 8]) : 0,
    vector,
    random.below(5),
    controlAt,
    controlLength,
    0,
    0,
  ]);
};

const mmsg: Structure = (random, guest) => message(random, guest);

/** struct sigaction: default, ignore, a handler; SA_ flags; restorer; mask. */
const action: Structure = (random, guest) =>
  guest.longs([
    random.pick([0, 0, 1, 0x400100, 0x400100]),
    random.pick([0, 4, 0x10000000, 0x40000000, 0x80000000, 0x08000000, 2, 1]),
    0x400200,
    0,
  ]);

const event: Structure = (random, guest) => guest.longs([random.pick([1, 4, 5, 0x80000001, 0x40000001, 0x2001, 0x10000001]), random.u32()]);

const polls: Structure = (random, guest) =>
  guest.words(Array.from({ length: 8 }, () => [fd(random), random.pick([1, 4, 5, 0xffff, 0x2000])]).flat());

const operations: Structure = (random, guest) =>
  guest.words(
    Array.from({ length: 6 }, () => [
      high(random.below(4), random.pick([0, 1, 2, -1, -2])),
      random.pick([0, 0x800, 0x1000, 0x1800]),
    ]).flat(),
  );

const queued: Structure = (random, guest) => guest.longs([random.pick([1, 2, 3, 0, -1]), random.u32(), 0, 0]);

const info: Structure = (random, guest) =>
  guest.words([signal(random), 0, random.pick([-1, -6, 0, -2, 0x80]), 0, random.below(9), 0, random.u32(), 0]);

const sigevent: Structure = (random, guest) =>
  guest.words([random.u32(), 0, signal(random), random.pick([0, 1, 2, 4]), random.below(10), 0, ...new Array<number>(10).fill(0)]);

const CLONE_FLAGS: readonly number[] = [
  ...[0, 0, 0x100, 0x10f00, 0x10900, 0x1000, 0x8000, 0x4000, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000],
  ...[0x80, 0x3d0f00, 0x400, 0x200, 0x800, 0x1000000, 0x200000, 0x100000, 2 ** 32, 2 ** 33],
];
const cloneArgs: Structure = (random, guest) => {
  return guest.longs([
    random.pick(CLONE_FLAGS),
    guest.reserve(8),
    guest.reserve(8),
    guest.reserve(8),
    random.pick([17, 17, 17, 0, 10]),
    random.chance(50) ? 0 : guest.buffer(4096),
    random.chance(50) ? 0 : 4096,
    0,
    random.chance(90) ? 0 : guest.words([random.below(100)]),
    random.chance(90) ? 0 : 1,
    random.chance(90) ? 0 : fd(random),
  ]);
};

/** struct seccomp, sock_fprog: short programs, most of which allow what they do not stop. */
const filter: Structure = (random, guest) => {
  const ret = (): readonly number[] => [
    6,
    random.pick([0x7fff0000, 0x7fff0000, 0x7fff0000, 0x00050001, 0x7ffc0000, 0x7ff00000, 0x7fc00000, 0x00030000, 0]),
  ];
  const code = [[0x20, random.pick([0, 4, 16, 20])], [high(0x15, random.below(2)), random.below(300)], ret(), [6, 0x7fff0000]].flat();
  if (random.chance(20)) code[random.below(code.length)] = random.u32();
  return guest.longs([random.pick([4, 4, 4, 1, 0, 4097]), guest.words(code)]);
};

const strings =
  (all: readonly string[]): Structure =>
  (random, guest) => {
    const list = Array.from({ length: random.below(4) }, () => guest.text(random.pick(all)));
    return guest.longs([...list, 0]);
  };

const how: Structure = (random, guest) =>
  guest.longs([random.pick([0, 1, 2, 0o100, 0o102, 0o200000, 0o10000000]), random.pick([0, 0o644]), random.pick([0, 1, 2, 4, 8, 16, 32])]);

const length: Structure = (random, guest) => guest.words([random.pick([0, 4, 16, 28, 110, 128, 256, -1]), 0]);

const handle: Structure = (random, guest) => guest.words([random.pick([8, 12, 128, 0]), random.below(300), random.below(50), 0, 0, 0]);

const attributes: Structure = (random, guest) =>
  guest.longs([
    random.pick([0, 1, 2, 8, 0x100000, 1 << random.below(24)]),
    random.pick([0, 1, 2]),
    random.pick([0, 1 << 18, 1 << 19, 1 << 20]),
    fd(random),
  ]);

const optval: Structure = (random, guest) => (random.chance(20) ? filter(random, guest) : rubbish(random, guest));

const data: Structure = (random, guest) =>
  random.chance(30) ? guest.text(random.pick(['size=1m', 'mode=700', 'lowerdir=/tmp/a', 'newinstance'])) : iov(random, guest);

/** struct mq_attr. */
const queue: Structure = (random, guest) =>
  guest.longs([random.pick([0, 0o4000]), random.pick([1, 10, 10, 0, 70000]), random.pick([8, 64, 8192, 0]), 0]);

/** union bpf_attr for BPF_PROG_LOAD: programs for cgroups of a few instructions; and for attaching and querying, whose first fields are descriptors. */
export const bpfAttributes: Structure = (random, guest) => {
  if (random.chance(40)) return guest.words([fd(random), fd(random), random.pick([6, 0, 1, 29]), random.below(4), 0, 0, 0, 0, 0, 0]);
  const code: number[] = [];
  for (let i = random.below(6); i > 0; i--) {
    const opcode = random.pick([0xb7, 0xbf, 0x07, 0x61, 0x15, 0x55, 0x0f, 0x85, 0x05, 0x18, 0x7b, random.below(256)]);
    code.push(opcode | (random.below(256) << 8) | (random.below(4) << 16), random.pick([0, 1, 2, 12, random.u32()]));
  }
  code.push(0xb7, random.below(2), 0x95, 0);
  const types = [15, 15, 8, 1, random.below(32)];
  return guest.words([random.pick(types), code.length / 2, guest.words(code), 0, guest.text('GPL'), 0, ...new Array<number>(24).fill(0)]);
};

/** Whatever an operation that is chosen by another argument may want. */
const anything: Structure = (random, guest) => {
  const choices = [rubbish, iov, buffer, timespec, set, length, filter, address, attributes, info, event] as const;
  return random.chance(20) ? random.pick([0, 1, 2, fd(random), signal(random)]) : random.pick(choices)(random, guest);
};

const MAPS: readonly string[] = [
  '0 0 1',
  '0 0 4294967295',
  '1000 1000 1',
  'allow',
  'deny',
  '1',
  '0',
  '-1',
  '+memory',
  'x',
  '0 0 1\n1 1 1\n',
  '1000000',
];
const content: Structure = (random, guest) => {
  if (random.chance(30)) return guest.text(random.pick(MAPS));
  return random.chance(20) ? netlinkRequest(random, guest) : buffer(random, guest);
};

export const structures: Readonly<Record<string, Structure>> = {
  ...{
    buf: content,
    buff: content,
    ubuf: content,
    iov,
    local_iov: iov,
    remote_iov: iov,
    msg: message,
    mmsg,
    umyaddr: address,
    uservaddr: address,
  },
  ...{
    usockaddr: address,
    upeer_sockaddr: address,
    addr: (_: Random, guest: Guest) => guest.address(),
    usockaddr_len: length,
    upeer_addrlen: length,
  },
  ...{
    addr_len: length,
    optlen: length,
    timeout: timespec,
    tmo_p: timespec,
    tsp: timespec,
    tp: timespec,
    req: timespec,
    rem: buffer,
    times: itimer,
  },
  ...{
    new_value: itimer,
    old_value: buffer,
    curr_value: buffer,
    event,
    events: buffer,
    fds: polls,
    ufds: polls,
    pipefd: buffer,
    usockvec: buffer,
  },
  ...{
    sops: operations,
    msgp: queued,
    act: action,
    oldact: buffer,
    set,
    mask: set,
    sigmask: set,
    oldset: buffer,
    ss: itimer,
    old_ss: buffer,
  },
  ...{
    sevp: sigevent,
    info,
    uinfo: info,
    cl_args: cloneArgs,
    how,
    attr: attributes,
    uattr: attributes,
    args: filter,
    optval,
    handle,
    data,
    arg: anything,
  },
  ...{
    argv: strings(['a', 'b', 'x'.repeat(300)]),
    envp: strings(['A=1', 'B=2']),
    hdrp: (random, guest) => guest.words([0x20080522, random.below(5)]),
  },
  ...{
    datap: rubbish,
    rlim: itimer,
    new_limit: itimer,
    param: rubbish,
    head: rubbish,
    inp: set,
    outp: set,
    exp: set,
    val: rubbish,
    waiters: rubbish,
  },
  ...{
    arg2: anything,
    arg3: anything,
    arg4: anything,
    arg5: anything,
    value: rubbish,
    payload: rubbish,
    sig: rubbish,
    list: rubbish,
    tv: timespec,
  },
  ...{
    off_in: timespec,
    off_out: timespec,
    offset: timespec,
    rseq: buffer,
    stack: buffer,
    tls: buffer,
    parent_tid: buffer,
    child_tid: buffer,
    tidptr: buffer,
  },
  ...{ newattr: queue, oldattr: buffer, msg_ptr: buffer, abs_timeout: timespec, msg_prio: length },
};
