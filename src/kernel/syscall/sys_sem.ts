/** semget, semop, semtimedop, semctl. See the manual page of each. */

import { E2BIG, EACCES, EAGAIN, EIDRM, EINVAL, ENOSPC, ERANGE, isErrno } from '../../abi/errno.ts';
import * as ipc from '../../abi/ipc.ts';
import { checkOps, MUST_WAIT, neverWaits, PendingSemOps, SemaphoreSet, type SemOp } from '../ipc/sem.ts';
import type { IpcNamespace } from '../namespace/ipc_namespace.ts';
import type { Task } from '../task/task.ts';
import { flags, int, ptr, size } from './args.ts';
import { readTimespec } from './copy.ts';
import { defineSyscall, type Syscall } from './define.ts';

const PRICE_SEMAPHORE = 8;
const PRICE_SET = 512;
/** What the limits of Linux that nobody looks at any more say. */
const SEMMNS = 1024000000;

const semget = defineSyscall('semget', [int('key'), int('nsems'), flags('semflg')], (task, key, count, flag) => {
  const ns = task.nsproxy.ipc;
  const { semmsl, semmns, semmni } = ns.limits;
  if (count < 0 || count > semmsl) return -EINVAL;
  return ns.semaphores.getOrCreate(task, {
    key,
    flags: flag,
    limit: semmni,
    price: PRICE_SET + count * PRICE_SEMAPHORE,
    check: (set) => (count > set.values.length ? -EINVAL : 0),
    create: () => {
      if (count === 0) return -EINVAL;
      return ns.semaphoresInUse + count > semmns ? -ENOSPC : new SemaphoreSet(task, key, flag, count);
    },
  });
});

/** Copy in an array of struct sembuf. */
function readOps(task: Task, address: number, count: number): SemOp[] | number {
  const bytes = task.mm!.copyIn(address, count * ipc.SEMBUF_SIZE);
  if (isErrno(bytes)) return bytes;
  const short = (at: number): number => bytes[at]! | (bytes[at + 1]! << 8);
  const ops: SemOp[] = [];
  for (let at = 0; at < bytes.length; at += ipc.SEMBUF_SIZE) {
    ops.push({ index: short(at), delta: (short(at + 2) << 16) >> 16, flags: (short(at + 4) << 16) >> 16 });
  }
  return ops;
}

/** Copy in and check what the call is to do. Linux: __do_semtimedop. */
function beginSemop(task: Task, id: number, address: number, count: number, timeout: number): PendingSemOps | number {
  const nanoseconds = timeout !== 0 ? readTimespec(task, timeout) : 0;
  if (nanoseconds < 0 && nanoseconds !== -EINVAL) return nanoseconds;
  if (count > task.nsproxy.ipc.limits.semopm) return -E2BIG;
  if (count < 1) return -EINVAL;
  const ops = readOps(task, address, count);
  if (isErrno(ops)) return ops;
  if (id < 0 || nanoseconds < 0) return -EINVAL;
  if (timeout !== 0) task.deadline(nanoseconds);
  const set = task.nsproxy.ipc.semaphores.get(id);
  if (isErrno(set)) return set;
  const pending = new PendingSemOps(task, set, ops);
  const refused = checkOps(set, ops) || set.permission(task, pending.alters ? 0o222 : 0o444);
  return refused < 0 ? refused : pending;
}

function doSemop(task: Task, id: number, address: number, count: number, timeout: number): number {
  const kept = task.progress?.data;
  // Whoever changes the values does what a sleeper waits for.
  if (kept instanceof PendingSemOps) return kept.set.removed ? -EIDRM : kept.set.sleep(kept, task.progress!.deadline);
  const pending = beginSemop(task, id, address, count, timeout);
  if (isErrno(pending)) return pending;
  const { set, ops } = pending;
  const result = set.tryApply(task, ops);
  if (result === 0 && pending.alters) set.update();
  if (result !== MUST_WAIT) return result;
  return neverWaits(set.blockedOn(ops)) ? -EAGAIN : set.sleep(pending, task.ensureProgress().deadline);
}

const semop = defineSyscall('semop', [int('semid'), ptr('sops'), size('nsops')], (task, id, sops, count) =>
  doSemop(task, id, sops, count, 0),
);

const semtimedop = defineSyscall('semtimedop', [int('semid'), ptr('sops'), size('nsops'), ptr('timeout')], doSemop);

const semctl = defineSyscall('semctl', [int('semid'), int('semnum'), int('cmd'), ptr('arg')], (task, id, number, command, argument) => {
  if (id < 0) return -EINVAL;
  const ns = task.nsproxy.ipc;
  switch (command) {
    case ipc.IPC_INFO:
    case ipc.SEM_INFO:
      return semInfo(task, ns, command, argument);
    case ipc.IPC_STAT:
    case ipc.SEM_STAT:
    case ipc.SEM_STAT_ANY: {
      const set = command === ipc.IPC_STAT ? ns.semaphores.get(id) : ns.semaphores.at(id);
      if (isErrno(set)) return set;
      const refused = command === ipc.SEM_STAT_ANY ? 0 : set.permission(task, 0o444);
      if (refused < 0) return refused;
      return task.mm!.copyOut(argument, semidDs(task, set)) || (command === ipc.IPC_STAT ? 0 : set.id);
    }
    case ipc.IPC_SET: {
      const bytes = task.mm!.copyIn(argument, ipc.SEMID_DS_SIZE);
      if (isErrno(bytes)) return bytes;
      const set = ns.semaphores.get(id);
      if (isErrno(set)) return set;
      const refused = set.mayControl(task) || set.setPerm(task, new DataView(bytes.buffer, bytes.byteOffset));
      if (refused < 0) return refused;
      set.ctime = task.kernel.now().seconds;
      return 0;
    }
    case ipc.IPC_RMID: {
      const set = ns.semaphores.get(id);
      if (isErrno(set)) return set;
      const refused = set.mayControl(task);
      if (refused === 0) set.destroy();
      return refused;
    }
    case ipc.SETVAL: {
      // union semun.val is an int in the low half of the argument.
      const value = (argument % 4294967296) | 0;
      if (value < 0 || value > ipc.SEMVMX) return -ERANGE;
      const set = ns.semaphores.get(id);
      if (isErrno(set)) return set;
      if (number < 0 || number >= set.values.length) return -EINVAL;
      if (set.permission(task, 0o222) < 0) return -EACCES;
      return setValues(task, set, (i) => (i === number ? value : null));
    }
    case ipc.GETALL:
    case ipc.SETALL:
    case ipc.GETVAL:
    case ipc.GETPID:
    case ipc.GETNCNT:
    case ipc.GETZCNT: {
      const set = ns.semaphores.get(id);
      if (isErrno(set)) return set;
      return semValues(task, set, number, command, argument);
    }
    default:
      return -EINVAL;
  }
});

/** The other commands that read or write values. Linux: semctl_main. */
function semValues(task: Task, set: SemaphoreSet, number: number, command: number, argument: number): number {
  if (set.permission(task, command === ipc.SETALL ? 0o222 : 0o444) < 0) return -EACCES;
  if (command === ipc.GETALL) return task.mm!.copyOut(argument, new Uint8Array(set.values.slice().buffer));
  if (command === ipc.SETALL) {
    const bytes = task.mm!.copyIn(argument, set.values.length * 2);
    if (isErrno(bytes)) return bytes;
    const values = new Uint16Array(bytes.slice().buffer);
    if (values.some((value) => value > ipc.SEMVMX)) return -ERANGE;
    return setValues(task, set, (i) => values[i]!);
  }
  if (number < 0 || number >= set.values.length) return -EINVAL;
  switch (command) {
    case ipc.GETVAL:
      return set.values[number]!;
    case ipc.GETPID:
      return set.pids[number]?.in(task.pid.namespace) ?? 0;
    default:
      return set.waiting(number, command === ipc.GETZCNT);
  }
}

/** Set values, forget the undo adjustments of those set, let the sleepers go on. */
function setValues(task: Task, set: SemaphoreSet, value: (index: number) => number | null): number {
  for (let i = 0; i < set.values.length; i++) {
    const next = value(i);
    if (next === null) continue;
    set.values[i] = next;
    set.pids[i] = task.group.leader.pid;
    for (const undo of set.undos) undo.adjustments.get(set)![i] = 0;
  }
  set.ctime = task.kernel.now().seconds;
  set.update();
  return 0;
}

/** struct seminfo. */
function semInfo(task: Task, ns: IpcNamespace, command: number, argument: number): number {
  const { semmsl, semmns, semopm, semmni } = ns.limits;
  const info = new Int32Array([SEMMNS, semmni, semmns, SEMMNS, semmsl, semopm, ipc.SEMOPM, 20, ipc.SEMVMX, ipc.SEMVMX]);
  if (command === ipc.SEM_INFO) {
    info[7] = ns.semaphores.count;
    info[9] = ns.semaphoresInUse;
  }
  return task.mm!.copyOut(argument, new Uint8Array(info.buffer)) || ns.semaphores.maxIndex;
}

/** struct semid64_ds. */
function semidDs(task: Task, set: SemaphoreSet): Uint8Array {
  const view = new DataView(new ArrayBuffer(ipc.SEMID_DS_SIZE));
  set.writePerm(task, view);
  view.setBigInt64(48, BigInt(set.otime), true);
  view.setBigInt64(56, BigInt(set.ctime), true);
  view.setUint32(64, set.values.length, true);
  return new Uint8Array(view.buffer);
}

export const semCalls: readonly Syscall[] = [semget, semop, semtimedop, semctl];
