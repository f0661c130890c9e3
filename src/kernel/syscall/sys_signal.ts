/** rt_sigaction, rt_sigprocmask, rt_sigpending, rt_sigsuspend, rt_sigtimedwait, rt_sigreturn, sigaltstack. */

import { EAGAIN, EFAULT, EINTR, EINVAL, ENOMEM, EPERM, ERESTARTNOHAND, isErrno } from '../../abi/errno.ts';
import * as s from '../../abi/signal.ts';
import { recalculatePending, setBlocked, UNBLOCKABLE, useTemporaryMask } from '../signal/blocked.ts';
import { dequeueSignal } from '../signal/deliver.ts';
import { alternateStackState, onAlternateStack, restoreFrame, setAlternateStack } from '../signal/frame.ts';
import { flushEverywhere, ignores } from '../signal/send.ts';
import { encodeSigInfo } from '../signal/sig_info.ts';
import { unstoppable } from '../signal/sighand.ts';
import { sigBit } from '../signal/signal_queue.ts';
import type { Task } from '../task/task.ts';
import { int, ptr, size } from './args.ts';
import { longs, readMask, readTimespec, writeMask } from './copy.ts';
import { defineSyscall, type Syscall } from './define.ts';

const SIGSET_SIZE = 8;
/** struct sigaction of arm64: handler, flags, restorer, mask. */
const SIGACTION_SIZE = 32;

const rtSigaction = defineSyscall(
  'rt_sigaction',
  [int('signum'), ptr('act'), ptr('oldact'), size('sigsetsize')],
  (task, signo, act, oldact, setSize) => {
    if (setSize !== SIGSET_SIZE) return -EINVAL;
    const bytes = act === 0 ? null : task.mm!.copyIn(act, SIGACTION_SIZE);
    if (isErrno(bytes)) return bytes;
    if (signo < 1 || signo > s.NSIG || (bytes !== null && unstoppable(signo))) return -EINVAL;
    const { sighand } = task.group;
    if (oldact !== 0) {
      const old = sighand.get(signo);
      const view = new DataView(longs([old.handler, old.flags, old.restorer, 0]).buffer);
      view.setBigUint64(24, old.mask, true);
      const failed = task.mm!.copyOut(oldact, new Uint8Array(view.buffer));
      if (failed < 0) return failed;
    }
    if (bytes !== null) {
      const view = new DataView((bytes as Uint8Array).buffer, (bytes as Uint8Array).byteOffset, SIGACTION_SIZE);
      const word = (at: number): number => view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
      sighand.set(signo, {
        handler: word(0),
        flags: (view.getUint32(8, true) & s.SA_KNOWN) >>> 0,
        restorer: word(16),
        mask: view.getBigUint64(24, true) & ~UNBLOCKABLE,
      });
      if (ignores(task, signo, false)) flushEverywhere(task.group, sigBit(signo));
      for (const thread of task.group.threads) recalculatePending(thread);
    }
    return 0;
  },
);

const rtSigprocmask = defineSyscall(
  'rt_sigprocmask',
  [int('how'), ptr('set'), ptr('oldset'), size('sigsetsize')],
  (task, how, set, oldset, setSize) => {
    if (setSize !== SIGSET_SIZE) return -EINVAL;
    const old = task.blocked;
    const mask = set === 0 ? null : readMask(task, set);
    if (isErrno(mask)) return mask;
    if (oldset !== 0) {
      const failed = writeMask(task, oldset, old);
      if (failed < 0) return failed;
    }
    if (mask === null) return 0;
    const changes = mask as bigint;
    if (how === s.SIG_BLOCK) setBlocked(task, old | changes);
    else if (how === s.SIG_UNBLOCK) setBlocked(task, old & ~changes);
    else if (how === s.SIG_SETMASK) setBlocked(task, changes);
    else return -EINVAL;
    return 0;
  },
);

const rtSigpending = defineSyscall('rt_sigpending', [ptr('set'), size('sigsetsize')], (task, set, setSize) => {
  if (setSize > SIGSET_SIZE) return -EINVAL;
  const bytes = new DataView(new ArrayBuffer(SIGSET_SIZE));
  bytes.setBigUint64(0, (task.pending.set | task.group.pending.set) & task.blocked, true);
  return task.mm!.copyOut(set, new Uint8Array(bytes.buffer, 0, setSize));
});

const rtSigsuspend = defineSyscall('rt_sigsuspend', [ptr('mask'), size('sigsetsize')], (task, address, setSize) => {
  if (setSize !== SIGSET_SIZE) return -EINVAL;
  if (task.savedMask === null) {
    const mask = readMask(task, address);
    if (isErrno(mask)) return mask;
    useTemporaryMask(task, mask as bigint);
  }
  return task.block([], { restart: ERESTARTNOHAND });
});

const rtSigtimedwait = defineSyscall(
  'rt_sigtimedwait',
  [ptr('set'), ptr('info'), ptr('timeout'), size('sigsetsize')],
  (task, set, info, timeout, setSize) => {
    if (setSize !== SIGSET_SIZE) return -EINVAL;
    task.waitedSignals = 0n;
    const mask = readMask(task, set);
    if (isErrno(mask)) return mask;
    const first = task.progress === null;
    if (timeout !== 0 && first) {
      const nanoseconds = readTimespec(task, timeout);
      if (nanoseconds < 0) return nanoseconds;
      task.deadline(nanoseconds);
    }
    if (info !== 0) {
      const ready = task.mm!.faultIn(info, s.SIGINFO_SIZE, true);
      if (ready < 0 && ready !== -EFAULT) return ready;
    }
    const wanted = (mask as bigint) & ~UNBLOCKABLE;
    const taken = dequeueSignal(task, wanted);
    if (taken !== null) {
      const failed = info === 0 ? 0 : task.mm!.copyOut(info, encodeSigInfo(taken));
      return failed < 0 ? failed : taken.signo;
    }
    const { deadline } = task.ensureProgress();
    if (task.kernel.clock.monotonic() >= deadline) return -EAGAIN;
    task.waitedSignals = wanted;
    const result = task.block([task.group.signalWaiters], { deadline, restart: EINTR });
    if (result === -EINTR) task.waitedSignals = 0n;
    return result;
  },
);

const rtSigreturn = defineSyscall('rt_sigreturn', [], restoreFrame);

const sigaltstack = defineSyscall('sigaltstack', [ptr('ss'), ptr('old_ss')], (task, ss, oldSs) => {
  const old = encodeStack(task);
  if (ss !== 0) {
    const bytes = task.mm!.copyIn(ss, 24);
    if (isErrno(bytes)) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, 24);
    const word = (at: number): number => view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
    const mode = view.getUint32(8, true);
    if (onAlternateStack(task, task.sp)) return -EPERM;
    if ((mode & ~(s.SS_AUTODISARM | s.SS_DISABLE | s.SS_ONSTACK)) !== 0 || (mode & 3) === 3) return -EINVAL;
    if ((mode & s.SS_DISABLE) === 0 && word(16) < s.MINSIGSTKSZ) return -ENOMEM;
    if (!setAlternateStack(task, word(0), word(16), mode)) return -EINVAL;
  }
  return oldSs === 0 ? 0 : task.mm!.copyOut(oldSs, old);
});

function encodeStack(task: Task): Uint8Array {
  const { address, size: length, flags } = task.alternateStack;
  return longs([address, (alternateStackState(task, task.sp) | (flags & s.SS_AUTODISARM)) >>> 0, length]);
}

export const signalCalls: readonly Syscall[] = [
  rtSigaction,
  rtSigprocmask,
  rtSigpending,
  rtSigsuspend,
  rtSigtimedwait,
  rtSigreturn,
  sigaltstack,
];
