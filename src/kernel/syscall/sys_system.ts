/** The system as a whole: uname, host name, sysinfo, getrandom, personality, rseq, kcmp, reboot. */

import { CAP_SYS_ADMIN, CAP_SYS_BOOT } from '../../abi/capability.ts';
import { EBADF, EFAULT, EINVAL, EPERM, ESRCH, isErrno } from '../../abi/errno.ts';
import { SIGHUP, SIGINT, SIGKILL } from '../../abi/signal.ts';
import { CLOCK_BOOTTIME } from '../../abi/time.ts';
import type { UtsName } from '../namespace/uts_namespace.ts';
import { sendToProcess } from '../signal/send.ts';
import { kernelInfo } from '../signal/sig_info.ts';
import { mayAccess } from '../task/ptrace_access.ts';
import { doRseq } from '../task/rseq.ts';
import { JUMPED, type Task } from '../task/task.ts';
import { exitTask } from '../task/task_exit.ts';
import { shownTime } from '../time/posix_clock.ts';
import { flags, int, ptr, size, uint } from './args.ts';
import { longs } from './copy.ts';
import { defineSyscall, type Syscall } from './define.ts';

const UTS_LENGTH = 65;
const HOST_NAME_MAX = 64;
/** personality(2): pretend to be Linux 2.6, or a 32-bit arm. */
const PER_LINUX32 = 0x0008;
const UNAME26 = 0x0020000;

const uname = defineSyscall('uname', [ptr('buf')], (task, address) => {
  const { kernel } = task;
  const { nodename, domainname } = task.nsproxy.uts;
  const release =
    (task.personality & UNAME26) !== 0 ? kernel.release.replace(/^6\.(\d+)/, (_, minor) => `2.6.${60 + Number(minor)}`) : kernel.release;
  const machine = (task.personality & 0xff) === PER_LINUX32 ? 'armv8l' : 'aarch64';
  const bytes = new Uint8Array(6 * UTS_LENGTH);
  ['Linux', nodename, release, kernel.version, machine, domainname].forEach((text, field) => {
    for (let i = 0; i < text.length && i < UTS_LENGTH - 1; i++) bytes[field * UTS_LENGTH + i] = text.charCodeAt(i);
  });
  return task.mm!.copyOut(address, bytes);
});

/** sethostname and setdomainname. */
function setName(task: Task, field: UtsName, address: number, length: number): number {
  const { uts } = task.nsproxy;
  if (!task.cred.capable(CAP_SYS_ADMIN, uts.owner)) return -EPERM;
  if (length < 0 || length > HOST_NAME_MAX) return -EINVAL;
  const bytes = task.mm!.copyIn(address, length);
  if (isErrno(bytes)) return bytes;
  uts[field] = String.fromCharCode(...bytes).split('\0', 1)[0]!;
  task.kernel.utsPolls[field].notify();
  return 0;
}

const sethostname = defineSyscall('sethostname', [ptr('name'), int('len')], (task, address, length) =>
  setName(task, 'nodename', address, length),
);
const setdomainname = defineSyscall('setdomainname', [ptr('name'), int('len')], (task, address, length) =>
  setName(task, 'domainname', address, length),
);

/** struct sysinfo. Loads have 16 fractional bits. */
const sysinfo = defineSyscall('sysinfo', [ptr('info')], (task, address) => {
  const { kernel } = task;
  const memory = kernel.memoryInfo(task);
  const up = shownTime(task, CLOCK_BOOTTIME, kernel.clock.monotonic());
  const uptime = up.seconds + (up.nanoseconds > 0 ? 1 : 0);
  const loads = kernel.scheduler.loadAverages().map((load) => Math.floor(load * 65536));
  const bytes = new Uint8Array(112);
  bytes.set(longs([uptime, ...loads, memory.total, memory.free, memory.shared, 0, 0, 0]));
  const view = new DataView(bytes.buffer);
  view.setUint16(80, Math.min(0xffff, task.pid.namespace.list().length), true);
  view.setUint32(104, 1, true);
  return task.mm!.copyOut(address, bytes);
});

const GRND_NONBLOCK = 1;
const GRND_RANDOM = 2;
const GRND_INSECURE = 4;

/** Bytes that getrandom makes before others run. */
const RANDOM_TURN = 1 << 20;

const getrandom = defineSyscall('getrandom', [ptr('buf'), size('buflen'), flags('flags')], (task, address, length, options) => {
  if ((options & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) !== 0) return -EINVAL;
  if ((options & (GRND_RANDOM | GRND_INSECURE)) === (GRND_RANDOM | GRND_INSECURE)) return -EINVAL;
  const wanted = Math.min(length, 0x7ffff000);
  let done = task.progress?.done ?? 0;
  const turn = Math.min(wanted, done + RANDOM_TURN);
  for (const bytes = new Uint8Array(Math.min(turn - done, 65536)); done < turn; ) {
    const part = bytes.subarray(0, Math.min(bytes.length, turn - done));
    const ready = task.mm!.faultIn(address + done, part.length, true);
    if (ready < 0) return done > 0 && ready === -EFAULT ? done : ready;
    task.kernel.platform.random.fill(part);
    const failed = task.mm!.copyOut(address + done, part.subarray(0, ready));
    if (failed < 0) return done > 0 ? done : failed;
    done += ready;
    if (ready < part.length) return done;
  }
  return done === wanted || task.hasFatalSignal() ? done : task.giveWay(done);
});

const personality = defineSyscall('personality', [uint('persona')], (task, persona) => {
  const old = task.personality;
  if (persona !== 0xffffffff) task.personality = persona;
  return old;
});

const rseq = defineSyscall('rseq', [ptr('rseq'), uint('rseq_len'), flags('flags'), uint('sig')], doRseq);

const KCMP_FILE = 0;
/** What kcmp(2) can compare besides files, by type. */
const KCMP: ReadonlyMap<number, (task: Task) => object | null> = new Map<number, (task: Task) => object | null>([
  [1, (task) => task.mm],
  [2, (task) => task.files],
  [3, (task) => task.fs],
  [4, (task) => task.group.sighand],
  [5, () => null],
  [6, (task) => task.semUndo],
]);

/** An order of objects that stays the same: by first comparison. */
const ranks: WeakMap<object, number> = new WeakMap();
let nextRank = 1;
function rank(object: object | null): number {
  if (object === null) return 0;
  let found = ranks.get(object);
  if (found === undefined) {
    found = nextRank++;
    ranks.set(object, found);
  }
  return found;
}

const kcmp = defineSyscall(
  'kcmp',
  [int('pid1'), int('pid2'), int('type'), size('idx1'), size('idx2')],
  (task, pid1, pid2, type, index1, index2) => {
    const one = task.pid.namespace.find(pid1)?.task ?? null;
    const two = task.pid.namespace.find(pid2)?.task ?? null;
    if (one === null || two === null) return -ESRCH;
    for (const target of [one, two]) if (mayAccess(task, target, 'real') < 0) return -EPERM;
    let a: object | null;
    let b: object | null;
    if (type === KCMP_FILE) {
      a = one.files?.get(index1) ?? null;
      b = two.files?.get(index2) ?? null;
      if (a === null || b === null) return -EBADF;
    } else {
      const part = KCMP.get(type);
      if (part === undefined) return -EINVAL;
      a = part(one);
      b = part(two);
    }
    return a === b ? 0 : rank(a) < rank(b) ? 1 : 2;
  },
);

const REBOOT_MAGIC1 = 0xfee1dead;
const REBOOT_MAGIC2: readonly number[] = [672274793, 85072278, 369367448, 537993216];
const REBOOT_RESTART = 0x01234567;
const REBOOT_RESTART2 = 0xa1b2c3d4;
const REBOOT_HALT = 0xcdef0123;
const REBOOT_POWER_OFF = 0x4321fedc;

/** In a PID namespace, reboot(2) ends its init with a signal that says how. Linux: reboot_pid_ns. */
const reboot = defineSyscall('reboot', [uint('magic'), uint('magic2'), uint('cmd')], (task, magic, magic2, command) => {
  if (!task.cred.capable(CAP_SYS_BOOT, task.pid.namespace.owner)) return -EPERM;
  if (magic !== REBOOT_MAGIC1 || !REBOOT_MAGIC2.includes(magic2)) return -EINVAL;
  const restart = command === REBOOT_RESTART || command === REBOOT_RESTART2;
  if (!restart && command !== REBOOT_HALT && command !== REBOOT_POWER_OFF) return -EINVAL;
  const { namespace } = task.pid;
  namespace.reboot = restart ? SIGHUP : SIGINT;
  if (namespace.init !== null) sendToProcess(namespace.init.group, kernelInfo(SIGKILL), true);
  exitTask(task, 0);
  return JUMPED;
});

export const systemCalls: readonly Syscall[] = [uname, sethostname, setdomainname, sysinfo, getrandom, personality, rseq, kcmp, reboot];
