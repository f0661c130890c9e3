/** prctl. Linux: kernel/sys.c, security/commoncap.c. See prctl(2). */

import {
  CAP_LAST_CAP,
  CAP_SETPCAP,
  SECBIT_KEEP_CAPS,
  SECBIT_NO_CAP_AMBIENT_RAISE,
  SECURE_ALL_BITS,
  SECURE_ALL_LOCKS,
} from '../../abi/capability.ts';
import { EINVAL, EPERM, isErrno } from '../../abi/errno.ts';
import { SECCOMP_MODE_FILTER, SECCOMP_MODE_STRICT } from '../../abi/seccomp.ts';
import { NSIG } from '../../abi/signal.ts';
import { setModeFilter, setModeStrict } from '../seccomp/set_mode.ts';
import type { Task } from '../task/task.ts';
import { int, ptr } from './args.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';

const COMM_LENGTH = 16;
const TIMER_SLACK = 50000;
/** KEEP_CAPS has its lock in the next bit. */
const SECBIT_KEEP_CAPS_LOCKED: number = SECBIT_KEEP_CAPS << 1;

/** One option: the arguments after it as addresses or integers. */
type Option = (task: Task, a: number, b: number, c: number, d: number) => number;

const bit = (capability: number): bigint => 1n << BigInt(capability);

const setSecurebits: Option = (task, bits) => {
  const old = task.cred.fields.securebits;
  const locked = (old & SECURE_ALL_LOCKS) >> 1;
  const illegal =
    (locked & (old ^ bits)) !== 0 || (old & SECURE_ALL_LOCKS & ~bits) !== 0 || (bits & ~(SECURE_ALL_BITS | SECURE_ALL_LOCKS)) !== 0;
  if (illegal || !task.cred.capable(CAP_SETPCAP, task.cred.userNs)) return -EPERM;
  task.cred = task.cred.with({ securebits: bits });
  return 0;
};

const keepCaps: Option = (task, on) => {
  const { securebits } = task.cred.fields;
  if (on > 1) return -EINVAL;
  if ((securebits & SECBIT_KEEP_CAPS_LOCKED) !== 0) return -EPERM;
  task.cred = task.cred.with({ securebits: on === 1 ? securebits | SECBIT_KEEP_CAPS : securebits & ~SECBIT_KEEP_CAPS });
  return 0;
};

const dropBounding: Option = (task, capability) => {
  if (!task.cred.capable(CAP_SETPCAP, task.cred.userNs)) return -EPERM;
  if (capability > CAP_LAST_CAP) return -EINVAL;
  task.cred = task.cred.with({ bounding: task.cred.fields.bounding & ~bit(capability) });
  return 0;
};

const AMBIENT_IS_SET = 1;
const AMBIENT_RAISE = 2;
const AMBIENT_LOWER = 3;
const AMBIENT_CLEAR_ALL = 4;

const ambientCaps: Option = (task, operation, capability, c, d) => {
  const { ambient, permitted, inheritable, securebits } = task.cred.fields;
  if (operation === AMBIENT_CLEAR_ALL) {
    if (capability !== 0 || c !== 0 || d !== 0) return -EINVAL;
    task.cred = task.cred.with({ ambient: 0n });
    return 0;
  }
  if (c !== 0 || d !== 0 || capability > CAP_LAST_CAP) return -EINVAL;
  const set = bit(capability);
  if (operation === AMBIENT_IS_SET) return (ambient & set) !== 0n ? 1 : 0;
  if (operation === AMBIENT_LOWER) {
    task.cred = task.cred.with({ ambient: ambient & ~set });
    return 0;
  }
  if (operation !== AMBIENT_RAISE) return -EINVAL;
  if ((permitted & inheritable & set) === 0n || (securebits & SECBIT_NO_CAP_AMBIENT_RAISE) !== 0) return -EPERM;
  task.cred = task.cred.with({ ambient: ambient | set });
  return 0;
};

const setName: Option = (task, address) => {
  const bytes = task.mm!.copyIn(address, COMM_LENGTH - 1);
  const name = isErrno(bytes) ? task.mm!.readString(address, COMM_LENGTH - 1) : String.fromCharCode(...bytes).split('\0', 1)[0]!;
  if (isErrno(name)) return name;
  task.comm = name as string;
  return 0;
};

const getName: Option = (task, address) => {
  const bytes = new Uint8Array(COMM_LENGTH);
  for (let i = 0; i < task.comm.length && i < COMM_LENGTH - 1; i++) bytes[i] = task.comm.charCodeAt(i);
  return task.mm!.copyOut(address, bytes);
};

/** By option number. See linux/prctl.h. */
const options: ReadonlyMap<number, Option> = new Map<number, Option>([
  [
    1,
    (task, signo) => {
      // PR_SET_PDEATHSIG
      if (signo < 0 || signo > NSIG) return -EINVAL;
      task.parentDeathSignal = signo;
      return 0;
    },
  ],
  [2, (task, address) => task.mm!.writeU32(address, task.parentDeathSignal)], // PR_GET_PDEATHSIG
  [3, (task) => task.mm!.dumpable], // PR_GET_DUMPABLE
  [
    4,
    (task, value) => {
      // PR_SET_DUMPABLE
      if (value !== 0 && value !== 1) return -EINVAL;
      task.mm!.dumpable = value;
      return 0;
    },
  ],
  [7, (task) => ((task.cred.fields.securebits & SECBIT_KEEP_CAPS) !== 0 ? 1 : 0)], // PR_GET_KEEPCAPS
  [8, keepCaps], // PR_SET_KEEPCAPS
  [15, setName], // PR_SET_NAME
  [16, getName], // PR_GET_NAME
  [21, (task) => task.seccomp?.mode ?? 0], // PR_GET_SECCOMP
  [
    22,
    (task, mode, address) => {
      // PR_SET_SECCOMP
      if (mode === SECCOMP_MODE_STRICT) return setModeStrict(task);
      return mode === SECCOMP_MODE_FILTER ? setModeFilter(task, 0, address) : -EINVAL;
    },
  ],
  [23, (task, capability) => (capability > CAP_LAST_CAP ? -EINVAL : (task.cred.fields.bounding & bit(capability)) !== 0n ? 1 : 0)], // PR_CAPBSET_READ
  [24, dropBounding], // PR_CAPBSET_DROP
  [27, (task) => task.cred.fields.securebits], // PR_GET_SECUREBITS
  [28, setSecurebits], // PR_SET_SECUREBITS
  [
    29,
    (task, slack) => {
      // PR_SET_TIMERSLACK
      task.timerSlack = slack === 0 ? TIMER_SLACK : slack;
      return 0;
    },
  ],
  [30, (task) => task.timerSlack], // PR_GET_TIMERSLACK
  [
    36,
    (task, on) => {
      // PR_SET_CHILD_SUBREAPER
      task.group.subreaper = on !== 0;
      if (on !== 0) for (const child of descendants(task)) child.hasSubreaper = true;
      return 0;
    },
  ],
  [37, (task, address) => task.mm!.writeU32(address, task.group.subreaper ? 1 : 0)], // PR_GET_CHILD_SUBREAPER
  [
    38,
    (task, on, b, c, d) => {
      // PR_SET_NO_NEW_PRIVS
      if (on !== 1 || b !== 0 || c !== 0 || d !== 0) return -EINVAL;
      task.cred = task.cred.with({ noNewPrivs: true });
      return 0;
    },
  ],
  [39, (task, a, b, c, d) => (a !== 0 || b !== 0 || c !== 0 || d !== 0 ? -EINVAL : task.cred.fields.noNewPrivs ? 1 : 0)], // PR_GET_NO_NEW_PRIVS
  [40, (task, address) => task.mm!.writeU64(address, task.clearChildTid, 0)], // PR_GET_TID_ADDRESS
  [47, ambientCaps], // PR_CAP_AMBIENT
]);

function* descendants(task: Task): IterableIterator<Task['group']> {
  const queue = [...task.group.children];
  for (let group = queue.pop(); group !== undefined; group = queue.pop()) {
    yield group;
    queue.push(...group.children);
  }
}

const prctl = partial(
  defineSyscall('prctl', [int('option'), ptr('arg2'), ptr('arg3'), ptr('arg4'), ptr('arg5')], (task, option, a, b, c, d) => {
    const handler = options.get(option);
    return handler === undefined ? -EINVAL : handler(task, a, b, c, d);
  }),
  'options for speculation, SVE, pointer authentication and PR_SET_MM answer EINVAL; so does PR_SET_VMA, as in Debian',
);

export const prctlCalls: readonly Syscall[] = [prctl];
