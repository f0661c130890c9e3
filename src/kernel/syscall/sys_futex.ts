/** futex, futex_waitv, set_robust_list, get_robust_list. See futex(2). */

import { CAP_SYS_PTRACE } from '../../abi/capability.ts';
import { EAGAIN, EFAULT, EINVAL, ENOSYS, EPERM, ESRCH, isErrno } from '../../abi/errno.ts';
import * as f from '../../abi/futex.ts';
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../abi/time.ts';
import { futexKey, requeue, wakeKey } from '../futex/futex.ts';
import { cmpRequeuePi, lockPi, unlockPi, waitRequeuePi } from '../futex/futex_pi.ts';
import { type FutexWord, futexWait } from '../futex/futex_wait.ts';
import type { Task } from '../task/task.ts';
import { monotonicAt } from '../time/posix_clock.ts';
import { flags, int, ptr, size, uint } from './args.ts';
import { readTime, readTimespec } from './copy.ts';
import { defineSyscall, type Syscall } from './define.ts';

/** Commands whose timeout may be on CLOCK_REALTIME. */
const REALTIME_COMMANDS: readonly number[] = [f.FUTEX_WAIT_BITSET, f.FUTEX_WAIT_REQUEUE_PI, f.FUTEX_LOCK_PI2];
const NEVER = Number.POSITIVE_INFINITY;

/** The deadline of this call, read once: FUTEX_WAIT's timeout is relative, the others' absolute. */
function deadlineOf(task: Task, timeout: number, relative: boolean, clock: number): number {
  if (timeout === 0) return NEVER;
  if (task.progress !== null && task.progress.deadline !== NEVER) return task.progress.deadline;
  if (relative) {
    const nanoseconds = readTimespec(task, timeout);
    return nanoseconds < 0 ? nanoseconds : task.deadline(nanoseconds);
  }
  const time = readTime(task, timeout);
  if (isErrno(time)) return time;
  const at = Math.max(0, monotonicAt(task, clock, time as { seconds: number; nanoseconds: number }));
  task.ensureProgress().deadline = at;
  return at;
}

const futex = defineSyscall(
  'futex',
  [ptr('uaddr'), int('futex_op'), uint('val'), ptr('timeout'), ptr('uaddr2'), uint('val3')],
  (task, address, operation, value, timeout, address2, value3) => {
    const command = operation & f.FUTEX_CMD_MASK;
    const shared = (operation & f.FUTEX_PRIVATE_FLAG) === 0;
    const realtime = (operation & f.FUTEX_CLOCK_REALTIME) !== 0;
    const clock = realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    // The fourth argument is a count for the commands that move waiters.
    if (realtime && !REALTIME_COMMANDS.includes(command)) return -ENOSYS;
    const count2 = (timeout % 4294967296) | 0;
    switch (command) {
      case f.FUTEX_WAIT:
      case f.FUTEX_WAIT_BITSET: {
        const bitset = command === f.FUTEX_WAIT ? f.FUTEX_BITSET_MATCH_ANY : value3;
        if (bitset === 0) return -EINVAL;
        const deadline = deadlineOf(task, timeout, command === f.FUTEX_WAIT, clock);
        return deadline < 0 ? deadline : futexWait(task, [{ address, value, shared }], bitset, deadline);
      }
      case f.FUTEX_WAKE:
      case f.FUTEX_WAKE_BITSET:
        return wake(task, address, value, shared, command === f.FUTEX_WAKE ? f.FUTEX_BITSET_MATCH_ANY : value3);
      case f.FUTEX_REQUEUE:
      case f.FUTEX_CMP_REQUEUE:
        return move(task, address, address2, shared, value | 0, count2, command === f.FUTEX_CMP_REQUEUE ? value3 : null);
      case f.FUTEX_WAKE_OP:
        return wakeOp(task, address, address2, shared, value | 0, count2, value3);
      case f.FUTEX_LOCK_PI:
      case f.FUTEX_LOCK_PI2: {
        const deadline = deadlineOf(task, timeout, false, command === f.FUTEX_LOCK_PI ? CLOCK_REALTIME : clock);
        return deadline < 0 ? deadline : lockPi(task, address, shared, deadline, false);
      }
      case f.FUTEX_TRYLOCK_PI:
        return lockPi(task, address, shared, NEVER, true);
      case f.FUTEX_UNLOCK_PI:
        return unlockPi(task, address, shared);
      case f.FUTEX_WAIT_REQUEUE_PI: {
        const deadline = deadlineOf(task, timeout, false, clock);
        return deadline < 0 ? deadline : waitRequeuePi(task, address, value, address2, shared, deadline);
      }
      case f.FUTEX_CMP_REQUEUE_PI:
        return value === 1 ? cmpRequeuePi(task, address, address2, count2, value3, shared) : -EINVAL;
      default:
        return -ENOSYS;
    }
  },
);

function wake(task: Task, address: number, count: number, shared: boolean, bitset: number): number {
  if (bitset === 0) return -EINVAL;
  const key = futexKey(task, address, shared);
  return typeof key === 'number' ? key : wakeKey(task.kernel, key, Math.max(1, count | 0), bitset);
}

function move(task: Task, from: number, to: number, shared: boolean, wakes: number, moves: number, expected: number | null): number {
  if (wakes < 0 || moves < 0) return -EINVAL;
  const source = futexKey(task, from, shared);
  if (typeof source === 'number') return source;
  const target = futexKey(task, to, shared);
  if (typeof target === 'number') return target;
  if (expected !== null) {
    const value = task.mm!.readU32(from);
    if (value < 0) return value;
    if (value !== expected) return -EAGAIN;
  }
  const woken = wakes === 0 ? 0 : wakeKey(task.kernel, source, wakes, f.FUTEX_BITSET_MATCH_ANY);
  if (woken < 0) return woken;
  const moved = requeue(task.kernel, source, target, moves);
  return moved < 0 ? moved : woken + moved;
}

/** What FUTEX_WAKE_OP does to the second word, and what it asks about the old value. */
const OPERATIONS: readonly ((old: number, argument: number) => number)[] = [
  (_old, argument) => argument,
  (old, argument) => old + argument,
  (old, argument) => old | argument,
  (old, argument) => old & ~argument,
  (old, argument) => old ^ argument,
];
const COMPARISONS: readonly ((old: number, argument: number) => boolean)[] = [
  (old, argument) => old === argument,
  (old, argument) => old !== argument,
  (old, argument) => old < argument,
  (old, argument) => old <= argument,
  (old, argument) => old > argument,
  (old, argument) => old >= argument,
];

function wakeOp(task: Task, first: number, second: number, shared: boolean, count: number, count2: number, encoded: number): number {
  const key = futexKey(task, first, shared);
  if (typeof key === 'number') return key;
  const key2 = futexKey(task, second, shared);
  if (typeof key2 === 'number') return key2;
  const operation = OPERATIONS[(encoded >>> 28) & 7];
  const comparison = COMPARISONS[(encoded >>> 24) & 15];
  if (operation === undefined || comparison === undefined) return -ENOSYS;
  const argument = ((encoded << 8) | 0) >> 20;
  const old = task.mm!.readU32(second);
  if (old < 0) return old;
  const failed = task.mm!.writeU32(second, operation(old | 0, encoded >>> 31 !== 0 ? 1 << (argument & 31) : argument));
  if (failed < 0) return failed;
  const woken = wakeKey(task.kernel, key, Math.max(1, count), f.FUTEX_BITSET_MATCH_ANY);
  if (woken < 0 || !comparison(old | 0, ((encoded << 20) | 0) >> 20)) return woken;
  const more = wakeKey(task.kernel, key2, Math.max(1, count2), f.FUTEX_BITSET_MATCH_ANY);
  return more < 0 ? more : woken + more;
}

const futexWaitv = defineSyscall(
  'futex_waitv',
  [ptr('waiters'), uint('nr_futexes'), flags('flags'), ptr('timeout'), int('clockid')],
  (task, address, count, options, timeout, clock) => {
    if (options !== 0 || count === 0 || count > f.FUTEX_WAITV_MAX || address === 0) return -EINVAL;
    if (timeout !== 0 && clock !== CLOCK_REALTIME && clock !== CLOCK_MONOTONIC) return -EINVAL;
    const bytes = task.mm!.copyIn(address, count * f.FUTEX_WAITV_SIZE);
    if (isErrno(bytes)) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const words: FutexWord[] = [];
    for (let at = 0; at < bytes.length; at += f.FUTEX_WAITV_SIZE) {
      const wordFlags = view.getUint32(at + 16, true);
      if ((wordFlags & ~(f.FUTEX_32 | f.FUTEX2_PRIVATE)) !== 0 || (wordFlags & 3) !== f.FUTEX_32 || view.getUint32(at + 20, true) !== 0)
        return -EINVAL;
      words.push({
        value: view.getUint32(at, true),
        address: view.getUint32(at + 12, true) * 4294967296 + view.getUint32(at + 8, true),
        shared: (wordFlags & f.FUTEX2_PRIVATE) === 0,
      });
    }
    const deadline = deadlineOf(task, timeout, false, clock);
    return deadline < 0 ? deadline : futexWait(task, words, f.FUTEX_BITSET_MATCH_ANY, deadline);
  },
);

/** The flags of futex_wake, futex_wait and futex_requeue: 32-bit words, private or shared. */
const badFlags2 = (options: number): boolean => (options & ~(f.FUTEX_32 | f.FUTEX2_PRIVATE)) !== 0 || (options & 3) !== f.FUTEX_32;

const futexWake2 = defineSyscall(
  'futex_wake',
  [ptr('uaddr'), size('mask'), int('nr'), flags('flags')],
  (task, address, mask, count, options) => {
    if (badFlags2(options) || mask >= 4294967296 || mask === 0) return -EINVAL;
    const key = futexKey(task, address, (options & f.FUTEX2_PRIVATE) === 0);
    if (typeof key === 'number') return key;
    return count <= 0 ? 0 : wakeKey(task.kernel, key, count, mask);
  },
);

const futexWait2 = defineSyscall(
  'futex_wait',
  [ptr('uaddr'), size('val'), size('mask'), flags('flags'), ptr('timeout'), int('clockid')],
  (task, address, value, mask, options, timeout, clock) => {
    if (badFlags2(options) || mask >= 4294967296 || mask === 0 || value >= 4294967296) return -EINVAL;
    if (timeout !== 0 && clock !== CLOCK_REALTIME && clock !== CLOCK_MONOTONIC) return -EINVAL;
    const deadline = deadlineOf(task, timeout, false, clock);
    return deadline < 0 ? deadline : futexWait(task, [{ address, value, shared: (options & f.FUTEX2_PRIVATE) === 0 }], mask, deadline);
  },
);

const setRobustList = defineSyscall('set_robust_list', [ptr('head'), size('len')], (task, head, length) => {
  if (length !== f.ROBUST_LIST_HEAD_SIZE) return -EINVAL;
  task.robustList = head;
  return 0;
});

const getRobustList = defineSyscall('get_robust_list', [int('pid'), ptr('head_ptr'), ptr('len_ptr')], (task, number, head, length) => {
  const target = number === 0 ? task : (task.pid.namespace.find(number)?.task ?? null);
  if (target === null) return -ESRCH;
  if (target.cred.uid !== task.cred.euid && !task.cred.capable(CAP_SYS_PTRACE, target.cred.userNs)) return -EPERM;
  const mm = task.mm!;
  const failed = mm.writeU64(length, f.ROBUST_LIST_HEAD_SIZE, 0);
  if (failed < 0) return failed;
  return mm.writeU64(head, target.robustList % 4294967296, Math.floor(target.robustList / 4294967296)) < 0 ? -EFAULT : 0;
});

export const futexCalls: readonly Syscall[] = [futex, futexWaitv, futexWake2, futexWait2, setRobustList, getRobustList];
