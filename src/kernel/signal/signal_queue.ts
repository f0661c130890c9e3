/** Signals that wait to be delivered to one thread or to a process. Linux: struct sigpending. See signal(7). */

import { SI_USER, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP } from '../../abi/signal.ts';
import { addUcount, type Ucounts } from '../namespace/ucounts.ts';
import type { SigInfo } from './sig_info.ts';

/** The bit of signal `signo` in a set. */
export const sigBit = (signo: number): bigint => BITS[signo]!;

const BITS: readonly bigint[] = Array.from({ length: 65 }, (_, signo) => (signo === 0 ? 0n : 1n << BigInt(signo - 1)));

/** The set of `signals`. */
export const sigSet = (...signals: readonly number[]): bigint => signals.reduce((set, signo) => set | BITS[signo]!, 0n);

/** Signals caused by the instruction at hand: delivered before others. Linux: SYNCHRONOUS_MASK. */
const SYNCHRONOUS: bigint = sigSet(SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS);

/** The lowest signal of a set, 0 if it is empty. */
export function lowestSignal(set: bigint): number {
  const low = Number(set & 0xffffffffn);
  if (low !== 0) return 32 - Math.clz32(low & -low);
  const high = Number(set >> 32n);
  return high === 0 ? 0 : 64 - Math.clz32(high & -high);
}

interface Queued {
  readonly info: SigInfo;
  /** Who pays for it by RLIMIT_SIGPENDING; null when nobody does. */
  readonly payer: Ucounts | null;
}

export class SignalQueue {
  /** Which signals are pending. */
  set = 0n;
  /** Their details in order of arrival; a signal that found no room is only in `set`. */
  private list: Queued[] = [];

  has(signo: number): boolean {
    return (this.set & BITS[signo]!) !== 0n;
  }

  add(info: SigInfo, payer: Ucounts | null): void {
    this.set |= BITS[info.signo]!;
    this.list.push({ info, payer });
    if (payer !== null) addUcount(payer, 'pendingSignals', 1);
  }

  /** Make a signal pending without details. */
  addBare(signo: number): void {
    this.set |= BITS[signo]!;
  }

  /** The signal of `wanted` that would be taken next, 0 if there is none. */
  next(wanted: bigint): number {
    const ready = this.set & wanted;
    if (ready === 0n) return 0;
    return lowestSignal((ready & SYNCHRONOUS) !== 0n ? ready & SYNCHRONOUS : ready);
  }

  /** Take the next signal of `wanted`, or null. Linux: __dequeue_signal. */
  take(wanted: bigint): SigInfo | null {
    const signo = this.next(wanted);
    return signo === 0 ? null : this.collect(signo);
  }

  /** Drop every signal of `set`. Linux: flush_sigqueue_mask. */
  flush(set: bigint): void {
    if ((this.set & set) === 0n) return;
    this.set &= ~set;
    const kept: Queued[] = [];
    for (const queued of this.list) {
      if ((BITS[queued.info.signo]! & set) === 0n) kept.push(queued);
      else if (queued.payer !== null) addUcount(queued.payer, 'pendingSignals', -1);
    }
    this.list = kept;
  }

  /** The queued signal at a position in order of arrival, or null. */
  at(position: number): SigInfo | null {
    return this.list[position]?.info ?? null;
  }

  /** The queued details of timer `id`, if its signal still waits. */
  findTimer(id: number): SigInfo | null {
    return this.list.find((queued) => queued.info.timerId === id)?.info ?? null;
  }

  /** Replace queued details (a timer's overrun count grows while its signal waits). */
  replace(old: SigInfo, info: SigInfo): void {
    const at = this.list.findIndex((queued) => queued.info === old);
    if (at >= 0) this.list[at] = { info, payer: this.list[at]!.payer };
  }

  private collect(signo: number): SigInfo {
    let found = -1;
    let more = false;
    for (let i = 0; i < this.list.length && !more; i++) {
      if (this.list[i]!.info.signo !== signo) continue;
      if (found < 0) found = i;
      else more = true;
    }
    if (!more) this.set &= ~BITS[signo]!;
    if (found < 0) return { signo, code: SI_USER, pid: 0, uid: 0 };
    const { info, payer } = this.list[found]!;
    this.list.splice(found, 1);
    if (payer !== null) addUcount(payer, 'pendingSignals', -1);
    return info;
  }
}
