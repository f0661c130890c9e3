/** exit, exit_group, wait4, waitid. */

import { EAGAIN, EBADF, ECHILD, EINVAL, ESRCH, isErrno } from '../../abi/errno.ts';
import * as w from '../../abi/process.ts';
import { SIGCHLD } from '../../abi/signal.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { pidOfFd } from '../task/pidfd.ts';
import { encodeRusage } from '../task/rusage.ts';
import { JUMPED, type Task } from '../task/task.ts';
import { exitTask, groupExit } from '../task/task_exit.ts';
import { doWait, type WaitTarget } from '../task/task_wait.ts';
import { flags, int, ptr } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

const O_NONBLOCK = 0o4000;
const WAIT4_OPTIONS: number = w.WNOHANG | w.WUNTRACED | w.WCONTINUED | w.__WNOTHREAD | w.__WCLONE | w.__WALL;
const WAITID_OPTIONS: number = WAIT4_OPTIONS | w.WEXITED | w.WNOWAIT;

const exit = defineSyscall('exit', [int('status')], (task, status) => {
  exitTask(task, (status & 0xff) << 8);
  return JUMPED;
});

const exitGroup = defineSyscall('exit_group', [int('status')], (task, status) => {
  groupExit(task, (status & 0xff) << 8);
  return JUMPED;
});

const wait4 = defineSyscall(
  'wait4',
  [int('pid'), ptr('wstatus'), flags('options'), ptr('rusage')],
  (task, pid, status, options, rusage) => {
    if ((options & ~WAIT4_OPTIONS) !== 0) return -EINVAL;
    if (pid === -2147483648) return -ESRCH;
    const target = wait4Target(task, pid);
    if (target === null) return -ECHILD;
    const ready = prepareOutput(task, status, 4) || prepareOutput(task, rusage, w.RUSAGE_SIZE);
    if (ready < 0) return ready;
    const event = doWait(task, target, options | w.WEXITED);
    if (event === null) return 0;
    if (typeof event === 'number') return event;
    if (status !== 0) {
      const failed = task.mm!.writeU32(status, event.status);
      if (failed < 0) return failed;
    }
    if (rusage !== 0) {
      const failed = task.mm!.copyOut(rusage, encodeRusage(event.usage));
      if (failed < 0) return failed;
    }
    return event.pid;
  },
);

/** Only NOT_RESIDENT counts: a bad address is found out after the child has been reaped, as on Linux. */
function prepareOutput(task: Task, address: number, length: number): number {
  if (address === 0) return 0;
  const ready = task.mm!.faultIn(address, length, true);
  return ready === NOT_RESIDENT ? ready : 0;
}

function wait4Target(task: Task, pid: number): WaitTarget | null {
  if (pid === -1) return { kind: 'any' };
  if (pid === 0) return { kind: 'group', pid: task.group.processGroup };
  const found = task.pid.namespace.find(Math.abs(pid));
  return found === null ? null : { kind: pid < 0 ? 'group' : 'process', pid: found };
}

const waitid = defineSyscall(
  'waitid',
  [int('idtype'), int('id'), ptr('infop'), flags('options'), ptr('rusage')],
  (task, idtype, id, infop, options, rusage) => {
    if ((options & ~WAITID_OPTIONS) !== 0) return -EINVAL;
    if ((options & (w.WEXITED | w.WSTOPPED | w.WCONTINUED)) === 0) return -EINVAL;
    const target = waitidTarget(task, idtype, id);
    if (typeof target === 'number') return target;
    const ready = prepareOutput(task, infop, 128) || prepareOutput(task, rusage, w.RUSAGE_SIZE);
    if (ready < 0) return ready;
    const nonblocking = idtype === w.P_PIDFD && (task.files!.get(id)!.flags & O_NONBLOCK) !== 0;
    const event = doWait(task, target, nonblocking ? options | w.WNOHANG : options);
    if (typeof event === 'number') return event;
    if (event === null && nonblocking && (options & w.WNOHANG) === 0) return -EAGAIN;
    if (event !== null && rusage !== 0) {
      const failed = task.mm!.copyOut(rusage, encodeRusage(event.usage));
      if (failed < 0) return failed;
    }
    if (infop === 0) return 0;
    const view = new DataView(new ArrayBuffer(32));
    if (event !== null) {
      view.setInt32(0, SIGCHLD, true);
      view.setInt32(8, event.code, true);
      view.setInt32(16, event.pid, true);
      view.setUint32(20, event.uid, true);
      view.setInt32(24, event.siStatus, true);
    }
    const bytes = new Uint8Array(view.buffer);
    // As Linux does, only the fields that have a meaning are written; si_utime and si_stime are left alone.
    return task.mm!.copyOut(infop, bytes.subarray(0, 12)) || task.mm!.copyOut(infop + 16, bytes.subarray(16, 28));
  },
);

function waitidTarget(task: Task, idtype: number, id: number): WaitTarget | number {
  switch (idtype) {
    case w.P_ALL:
      return { kind: 'any' };
    case w.P_PID: {
      if (id <= 0) return -EINVAL;
      const pid = task.pid.namespace.find(id);
      return pid === null ? -ECHILD : { kind: 'process', pid };
    }
    case w.P_PGID: {
      if (id < 0) return -EINVAL;
      const pid = id === 0 ? task.group.processGroup : task.pid.namespace.find(id);
      return pid === null ? -ECHILD : { kind: 'group', pid };
    }
    case w.P_PIDFD: {
      if (id < 0) return -EINVAL;
      const pid = pidOfFd(task, id);
      return isErrno(pid) ? -EBADF : { kind: 'process', pid };
    }
    default:
      return -EINVAL;
  }
}

export const exitCalls: readonly Syscall[] = [exit, exitGroup, wait4, waitid];
