/** ppoll and pselect6. See poll(2), select(2). Linux: fs/select.c. */

import { EBADF, EFAULT, EINTR, EINVAL, ERESTARTNOHAND, isErrno } from '../../abi/errno.ts';
import { RLIMIT_NOFILE } from '../../abi/process.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { useTemporaryMask } from '../signal/blocked.ts';
import { BLOCKED, type Task } from '../task/task.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from '../vfs/file.ts';
import { int, ptr, size, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { PollSet } from './poll_set.ts';
import { readSigset, readTimeout, writeRemaining } from './timeout.ts';

/** struct pollfd: int fd, short events, short revents. */
const POLLFD_SIZE = 8;

/** Nothing is ready: wait, or give up when the time is over (0) or a signal waits. */
function waitFor(task: Task, set: PollSet, timeout: number): number {
  if (set.immediate) return 0;
  const deadline = timeout === Number.POSITIVE_INFINITY ? timeout : task.deadline(timeout);
  if (task.kernel.clock.monotonic() >= deadline) return 0;
  return set.sleep(task, deadline, ERESTARTNOHAND);
}

/** Tell the program how much of the timeout is left. The result of the call does not depend on it. */
function finish(task: Task, address: number, set: PollSet, result: number): number {
  if (address === 0 || set.immediate) return result;
  const deadline = task.progress?.deadline ?? Number.POSITIVE_INFINITY;
  const failed = deadline === Number.POSITIVE_INFINITY ? 0 : writeRemaining(task, address, deadline);
  return failed === NOT_RESIDENT ? failed : result;
}

/** The timeout and signal mask of a first execution: 0, a negative errno or NOT_RESIDENT. */
function begin(task: Task, timeout: number, mask: bigint | null | number): number {
  if (timeout < 0) return timeout;
  if (typeof mask === 'number') return mask;
  if (timeout !== Number.POSITIVE_INFINITY && timeout > 0) task.deadline(timeout);
  if (mask !== null) useTemporaryMask(task, mask);
  return 0;
}

const interrupted = (task: Task, address: number): number => {
  const set = task.progress?.data;
  return set instanceof PollSet ? finish(task, address, set, -EINTR) : -EINTR;
};

const ppoll = defineSyscall(
  'ppoll',
  [ptr('fds'), uint('nfds'), ptr('tmo_p'), ptr('sigmask'), size('sigsetsize')],
  (task, fds, nfds, timeoutAt, maskAt, maskSize) => {
    const timeout = readTimeout(task, timeoutAt);
    const resumed = task.progress?.data;
    let set: PollSet;
    if (resumed instanceof PollSet) set = resumed;
    else {
      if (timeout < 0) return timeout;
      const mask = readSigset(task, maskAt, maskSize);
      if (nfds > task.group.softLimit(RLIMIT_NOFILE)) return typeof mask === 'number' ? mask : -EINVAL;
      const made = readPollFds(task, fds, nfds);
      if (isErrno(made)) return made;
      const refused = begin(task, timeout, mask);
      if (refused < 0) return refused;
      set = made;
      set.immediate = timeout === 0;
    }
    let result = set.scan(task);
    if (result === 0) {
      result = waitFor(task, set, timeout);
      if (result < 0) return result;
    }
    const failed = writePollFds(task, fds, set);
    return finish(task, timeoutAt, set, failed < 0 ? failed : result);
  },
  (task, _fds, _nfds, timeoutAt) => interrupted(task, timeoutAt),
);

function readPollFds(task: Task, address: number, count: number): PollSet | number {
  const set = new PollSet();
  const bytes = task.mm!.copyIn(address, count * POLLFD_SIZE);
  if (isErrno(bytes)) return bytes;
  const view = new DataView((bytes as Uint8Array).buffer);
  for (let at = 0; at < view.byteLength; at += POLLFD_SIZE) set.add(task, view.getInt32(at, true), view.getUint16(at + 4, true));
  return set;
}

function writePollFds(task: Task, address: number, set: PollSet): number {
  const view = new DataView(new ArrayBuffer(set.fds.length * POLLFD_SIZE));
  for (let i = 0; i < set.fds.length; i++) {
    view.setInt32(i * POLLFD_SIZE, set.fds[i]!, true);
    view.setUint16(i * POLLFD_SIZE + 4, set.events[i]!, true);
    view.setUint16(i * POLLFD_SIZE + 6, set.revents[i]!, true);
  }
  return task.mm!.copyOut(address, new Uint8Array(view.buffer));
}

/** What each of the three sets of select(2) means, in the order of the arguments. Linux: POLLIN_SET, POLLOUT_SET, POLLEX_SET. */
const SELECT_EVENTS: readonly number[] = [POLLIN | POLLRDNORM | POLLHUP | POLLERR, POLLOUT | POLLWRNORM | POLLERR, POLLPRI];

/** The sets of one pselect6: bit maps, and the descriptors in any of them. */
class SelectSet extends PollSet {
  readonly maps: readonly (Uint8Array | null)[];
  constructor(maps: readonly (Uint8Array | null)[]) {
    super();
    this.maps = maps;
  }
}

const pselect6 = defineSyscall(
  'pselect6',
  [int('n'), ptr('inp'), ptr('outp'), ptr('exp'), ptr('tsp'), ptr('sig')],
  (task, n, readAt, writeAt, exceptAt, timeoutAt, sigAt) => {
    const timeout = readTimeout(task, timeoutAt);
    const resumed = task.progress?.data;
    const addresses = [readAt, writeAt, exceptAt];
    let set: SelectSet;
    if (resumed instanceof SelectSet) set = resumed;
    else {
      if (timeout < 0) return timeout;
      const mask = readMaskArgument(task, sigAt);
      if (n < 0) return typeof mask === 'number' ? mask : -EINVAL;
      const made = readSets(task, Math.min(n, Math.max(64, task.files!.end)), addresses);
      if (isErrno(made)) return made;
      const refused = begin(task, timeout, mask);
      if (refused < 0) return refused;
      set = made;
      set.immediate = timeout === 0;
    }
    if (set.scan(task) === 0) {
      const result = waitFor(task, set, timeout);
      if (result < 0) return result;
    }
    const result = writeSets(task, addresses, set);
    return result < 0 ? result : finish(task, timeoutAt, set, result);
  },
  (task, _n, _read, _write, _except, timeoutAt) => interrupted(task, timeoutAt),
);

/** The sixth argument points to a pointer to the signal set and its size. */
function readMaskArgument(task: Task, address: number): bigint | null | number {
  if (address === 0) return null;
  const pointer = task.mm!.readUlong(address);
  if (pointer < 0) return pointer;
  const length = task.mm!.readUlong(address + 8);
  return length < 0 ? length : readSigset(task, pointer, length);
}

function readSets(task: Task, n: number, addresses: readonly number[]): SelectSet | number {
  const length = Math.ceil(n / 64) * 8;
  const maps: (Uint8Array | null)[] = [];
  for (const address of addresses) {
    const bytes = address === 0 ? null : task.mm!.copyIn(address, length);
    if (isErrno(bytes)) return bytes;
    maps.push(bytes as Uint8Array | null);
  }
  const set = new SelectSet(maps);
  for (let fd = 0; fd < n; fd++) {
    let events = 0;
    for (let i = 0; i < 3; i++) if (maps[i] !== null && (maps[i]![fd >> 3]! & (1 << (fd & 7))) !== 0) events |= SELECT_EVENTS[i]!;
    if (events !== 0 && !set.add(task, fd, events)) return -EBADF;
  }
  return set;
}

/** Write the sets of what is ready: the number of bits in them, or a negative errno. */
function writeSets(task: Task, addresses: readonly number[], set: SelectSet): number {
  let count = 0;
  const results = set.maps.map((map, i) => {
    if (map === null) return null;
    const bytes = new Uint8Array(map.length);
    for (let k = 0; k < set.fds.length; k++) {
      const fd = set.fds[k]!;
      const bit = 1 << (fd & 7);
      if ((map[fd >> 3]! & bit) === 0 || (set.revents[k]! & SELECT_EVENTS[i]!) === 0) continue;
      bytes[fd >> 3]! |= bit;
      count++;
    }
    return bytes;
  });
  for (let i = 0; i < 3; i++) {
    const bytes = results[i];
    if (bytes == null) continue;
    const failed = task.mm!.copyOut(addresses[i]!, bytes);
    if (failed < 0) return failed === NOT_RESIDENT || failed === BLOCKED ? failed : -EFAULT;
  }
  return count;
}

export const pollCalls: readonly Syscall[] = [ppoll, pselect6];
