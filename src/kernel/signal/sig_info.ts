/** What comes with a signal. Linux: struct kernel_siginfo. See sigaction(2). */

import {
  SI_KERNEL,
  SI_QUEUE,
  SI_SIGIO,
  SI_TIMER,
  SIGBUS,
  SIGCHLD,
  SIGFPE,
  SIGILL,
  SIGINFO_SIZE,
  SIGIO,
  SIGSEGV,
  SIGSYS,
  SIGTRAP,
} from '../../abi/signal.ts';

/** Plain data. Process ids are already those of the receiver's namespace. */
export interface SigInfo {
  readonly signo: number;
  readonly code: number;
  readonly errno?: number;
  /** The sender, or the child. */
  readonly pid?: number;
  readonly uid?: number;
  /** SIGCHLD: exit status or signal, and processor time in clock ticks. */
  readonly status?: number;
  readonly utime?: number;
  readonly stime?: number;
  /** Faults: the address. */
  readonly address?: number;
  /** union sigval: both halves. */
  readonly valueLow?: number;
  readonly valueHigh?: number;
  /** SI_TIMER. */
  readonly timerId?: number;
  readonly overrun?: number;
  /** SIGIO. */
  readonly band?: number;
  readonly fd?: number;
  /** The structure as a program passed it to rt_sigqueueinfo(2). */
  readonly raw?: Uint8Array;
}

/** A signal from the kernel itself. Linux: SEND_SIG_PRIV. */
export const kernelInfo = (signo: number): SigInfo => ({ signo, code: SI_KERNEL, pid: 0, uid: 0 });

const TWO_32 = 4294967296;

/** Which members of the union a signal has. Linux: siginfo_layout in kernel/signal.c. */
function layoutOf(signo: number, code: number): 'kill' | 'child' | 'fault' | 'poll' | 'timer' | 'queue' | 'sys' {
  if (code > 0 && code < SI_KERNEL) {
    if (signo === SIGCHLD) return 'child';
    if (signo === SIGILL || signo === SIGFPE || signo === SIGSEGV || signo === SIGBUS || signo === SIGTRAP) return 'fault';
    if (signo === SIGSYS) return 'sys';
    if (signo === SIGIO || code <= 6) return 'poll';
    return 'kill';
  }
  if (code === SI_TIMER) return 'timer';
  if (code === SI_SIGIO) return 'poll';
  return code < 0 && code >= SI_QUEUE - 2 ? 'queue' : 'kill';
}

/** The structure as programs see it: siginfo_t, 128 bytes. */
export function encodeSigInfo(info: SigInfo): Uint8Array {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  if (info.raw !== undefined) bytes.set(info.raw);
  const view = new DataView(bytes.buffer);
  const u32 = (at: number, value: number | undefined): void => view.setUint32(at, (value ?? 0) >>> 0, true);
  const u64 = (at: number, value: number | undefined): void => {
    u32(at, (value ?? 0) % TWO_32);
    u32(at + 4, Math.floor((value ?? 0) / TWO_32));
  };
  u32(0, info.signo);
  u32(4, info.errno);
  u32(8, info.code);
  if (info.raw !== undefined) return bytes;
  switch (layoutOf(info.signo, info.code)) {
    case 'kill':
      u32(16, info.pid);
      u32(20, info.uid);
      break;
    case 'queue':
      u32(16, info.pid);
      u32(20, info.uid);
      u32(24, info.valueLow);
      u32(28, info.valueHigh);
      break;
    case 'timer':
      u32(16, info.timerId);
      u32(20, info.overrun);
      u32(24, info.valueLow);
      u32(28, info.valueHigh);
      break;
    case 'child':
      u32(16, info.pid);
      u32(20, info.uid);
      u32(24, info.status);
      u64(32, info.utime);
      u64(40, info.stime);
      break;
    case 'fault':
      u64(16, info.address);
      break;
    case 'poll':
      u64(16, info.band);
      u32(24, info.fd);
      break;
    case 'sys':
      u64(16, info.address);
      u32(24, info.valueLow);
      u32(28, info.valueHigh);
      break;
  }
  return bytes;
}

/** The same with another sender, where it names one at all: null leaves an id alone. */
export function withSender(info: SigInfo, pid: number | null, uid: number | null): SigInfo {
  const layout = layoutOf(info.signo, info.code);
  if ((pid === null && uid === null) || (layout !== 'kill' && layout !== 'queue' && layout !== 'child')) return info;
  const changes = { ...(pid === null ? {} : { pid }), ...(uid === null ? {} : { uid }) };
  if (info.raw === undefined) return { ...info, ...changes };
  const raw = info.raw.slice();
  const view = new DataView(raw.buffer);
  if (pid !== null) view.setInt32(16, pid, true);
  if (uid !== null) view.setUint32(20, uid, true);
  return { ...info, ...changes, raw };
}

/** A siginfo_t from a program (rt_sigqueueinfo, pidfd_send_signal). */
export function decodeSigInfo(bytes: Uint8Array): SigInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    signo: view.getInt32(0, true),
    errno: view.getInt32(4, true),
    code: view.getInt32(8, true),
    pid: view.getInt32(16, true),
    uid: view.getUint32(20, true),
    valueLow: view.getUint32(24, true),
    valueHigh: view.getUint32(28, true),
    raw: bytes,
  };
}
