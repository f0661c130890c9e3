/** What a tracer can ask of a stopped thread. Linux: ptrace_request in kernel/ptrace.c. See ptrace(2). */

import { CAP_SYS_ADMIN, CAP_SYS_PTRACE } from '../../abi/capability.ts';
import { EACCES, EINVAL, EIO, ENOENT, isErrno } from '../../abi/errno.ts';
import * as p from '../../abi/ptrace.ts';
import { SECCOMP_FILTER_FLAG_LOG } from '../../abi/seccomp.ts';
import { NSIG, SIGINFO_SIZE } from '../../abi/signal.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { accessVm } from '../mm/access_vm.ts';
import type { SeccompFilter } from '../seccomp/filter.ts';
import { UNBLOCKABLE } from '../signal/blocked.ts';
import { decodeSigInfo, encodeSigInfo } from '../signal/sig_info.ts';
import { type Task, WORK_EMULATE, WORK_STEP, WORK_TRACE } from '../task/task.ts';
import { checkOptions, detach, listen, resume } from './link.ts';
import { regsets } from './registers.ts';
import { syscallInfo } from './syscall_info.ts';

/** `task` asks about `target`, which it traces and which is stopped. */
type Request = (task: Task, target: Task, address: number, data: number) => number;

const WORD = 8;

/** Whether the tracer may use the memory of a program that has gained privileges. Linux: ptrace_access_vm. */
const mayTouch = (target: Task): boolean =>
  target.mm !== null && (target.mm.dumpable === 1 || target.tracee!.cred.capable(CAP_SYS_PTRACE, target.cred.userNs));

const peek: Request = (task, target, address, data) => {
  if (!mayTouch(target)) return -EIO;
  const word = new Uint8Array(WORD);
  const count = accessVm(target.mm!, address, word, false);
  if (count === NOT_RESIDENT) return NOT_RESIDENT;
  return count < WORD ? -EIO : task.mm!.copyOut(data, word);
};

/** `data` is the word itself, of which the registers have all 64 bits. */
const poke: Request = (task, target, address) => {
  if (!mayTouch(target)) return -EIO;
  const { words } = task;
  const word = new Uint8Array(Int32Array.of(words[6]!, words[7]!).buffer);
  const count = accessVm(target.mm!, address, word, true);
  if (count === NOT_RESIDENT) return NOT_RESIDENT;
  return count < WORD ? -EIO : 0;
};

/** Go on with the signal `data`, and with these kinds of stops from now on. Linux: ptrace_resume. */
const going =
  (work: number): Request =>
  (_task, target, _address, data) => {
    if (data > NSIG) return -EIO;
    target.syscallWork = (target.syscallWork & ~(WORK_TRACE | WORK_EMULATE | WORK_STEP)) | work;
    target.traceStop!.signal = data;
    resume(target);
    return 0;
  };

const detachRequest: Request = (_task, target, _address, data) => {
  if (data > NSIG) return -EIO;
  detach(target, data);
  return 0;
};

const setOptions: Request = (task, target, _address, data) => {
  const invalid = checkOptions(task, data);
  if (invalid < 0) return invalid;
  target.tracee!.options = data;
  return 0;
};

const getSigInfo: Request = (task, target, _address, data) => {
  const { info } = target.traceStop!;
  return info === null ? -EINVAL : task.mm!.copyOut(data, encodeSigInfo(info));
};

const setSigInfo: Request = (task, target, _address, data) => {
  const bytes = task.mm!.copyIn(data, SIGINFO_SIZE);
  if (isErrno(bytes)) return bytes;
  if (target.traceStop!.info === null) return -EINVAL;
  target.traceStop!.info = decodeSigInfo(bytes);
  return 0;
};

const getRegset: Request = (task, target, type, data) => {
  const mm = task.mm!;
  const base = mm.readUlong(data);
  if (base < 0) return base;
  const length = mm.readUlong(data + 8);
  if (length < 0) return length;
  const regset = regsets.get(type);
  if (regset === undefined || length % regset.unit !== 0) return -EINVAL;
  const bytes = regset.read(target);
  const count = Math.min(length, bytes.length);
  return mm.copyOut(base, bytes.subarray(0, count)) || mm.writeU64(data + 8, count, 0);
};

const setRegset: Request = (task, target, type, data) => {
  const mm = task.mm!;
  const base = mm.readUlong(data);
  if (base < 0) return base;
  const length = mm.readUlong(data + 8);
  if (length < 0) return length;
  const regset = regsets.get(type);
  if (regset === undefined || length % regset.unit !== 0) return -EINVAL;
  const count = Math.min(length, regset.read(target).length);
  const bytes = mm.copyIn(base, count);
  if (isErrno(bytes)) return bytes;
  return regset.write(target, bytes) || mm.writeU64(data + 8, count, 0);
};

/** struct ptrace_peeksiginfo_args: u64 off, u32 flags, s32 nr. Linux: ptrace_peek_siginfo. */
const peekSigInfo: Request = (task, target, address, data) => {
  const mm = task.mm!;
  const args = mm.copyIn(address, 16);
  if (isErrno(args)) return args;
  const view = new DataView(args.buffer);
  const flags = view.getUint32(8, true);
  const count = view.getInt32(12, true);
  if ((flags & ~p.PTRACE_PEEKSIGINFO_SHARED) !== 0 || count < 0) return -EINVAL;
  const queue = flags !== 0 ? target.group.pending : target.pending;
  const first = Number(view.getBigUint64(0, true));
  let copied = 0;
  for (; copied < count; copied++) {
    const info = queue.at(first + copied);
    if (info === null) break;
    const failed = mm.copyOut(data + copied * SIGINFO_SIZE, encodeSigInfo(info));
    if (failed < 0) return copied > 0 && failed !== NOT_RESIDENT ? copied : failed;
  }
  return copied;
};

const getSigMask: Request = (task, target, size, data) => {
  if (size !== WORD) return -EINVAL;
  const mask = target.savedMask ?? target.blocked;
  return task.mm!.copyOut(data, new Uint8Array(BigUint64Array.of(mask).buffer));
};

const setSigMask: Request = (task, target, size, data) => {
  if (size !== WORD) return -EINVAL;
  const bytes = task.mm!.copyIn(data, WORD);
  if (isErrno(bytes)) return bytes;
  target.blocked = new DataView(bytes.buffer).getBigUint64(0, true) & ~UNBLOCKABLE;
  target.savedMask = null;
  return 0;
};

const getSyscallInfo: Request = (task, target, size, data) => {
  const bytes = syscallInfo(target);
  return task.mm!.copyOut(data, bytes.subarray(0, Math.min(size, bytes.length))) || bytes.length;
};

/** struct ptrace_rseq_configuration: u64 rseq_abi_pointer, u32 rseq_abi_size, signature, flags, pad. */
const getRseq: Request = (task, target, size, data) => {
  const view = new DataView(new ArrayBuffer(24));
  const { rseq } = target;
  view.setBigUint64(0, BigInt(rseq?.address ?? 0), true);
  view.setUint32(8, rseq?.length ?? 0, true);
  view.setUint32(12, rseq?.signature ?? 0, true);
  return task.mm!.copyOut(data, new Uint8Array(view.buffer).subarray(0, Math.min(size, 24))) || 24;
};

/** The filter installed as number `index`, counted from the oldest. Linux: get_nth_filter. */
function nthFilter(task: Task, target: Task, index: number): SeccompFilter | number {
  if (!task.cred.capable(CAP_SYS_ADMIN, task.kernel.initialUserNs) || task.seccomp !== null) return -EACCES;
  let filter = target.seccomp?.filter ?? null;
  if (filter === null) return -EINVAL;
  if (index >= filter.depth) return -ENOENT;
  while (filter.depth > index + 1) filter = filter.previous!;
  return filter;
}

const seccompGetFilter: Request = (task, target, index, data) => {
  const filter = nthFilter(task, target, index);
  if (isErrno(filter)) return filter;
  if (data === 0) return filter.program.length;
  return task.mm!.copyOut(data, filter.program.encode()) || filter.program.length;
};

/** struct seccomp_metadata: u64 filter_off, u64 flags. */
const seccompGetMetadata: Request = (task, target, size, data) => {
  if (size < WORD) return -EINVAL;
  const index = task.mm!.readUlong(data);
  if (index < 0) return index;
  const filter = nthFilter(task, target, index);
  if (isErrno(filter)) return filter;
  const count = Math.min(size, 16);
  const bytes = new Uint8Array(BigUint64Array.of(BigInt(index), BigInt(filter.log ? SECCOMP_FILTER_FLAG_LOG : 0)).buffer);
  return task.mm!.copyOut(data, bytes.subarray(0, count)) || count;
};

export const requests: ReadonlyMap<number, Request> = new Map<number, Request>([
  [p.PTRACE_PEEKTEXT, peek],
  [p.PTRACE_PEEKDATA, peek],
  [p.PTRACE_POKETEXT, poke],
  [p.PTRACE_POKEDATA, poke],
  [p.PTRACE_CONT, going(0)],
  [p.PTRACE_SYSCALL, going(WORK_TRACE)],
  [p.PTRACE_SINGLESTEP, going(WORK_STEP)],
  [p.PTRACE_SYSEMU, going(WORK_EMULATE)],
  [p.PTRACE_SYSEMU_SINGLESTEP, going(WORK_EMULATE | WORK_STEP)],
  [p.PTRACE_DETACH, detachRequest],
  [p.PTRACE_SETOPTIONS, setOptions],
  [p.PTRACE_GETEVENTMSG, (task, target, _address, data) => task.mm!.writeU64(data, target.tracee!.message, 0)],
  [p.PTRACE_GETSIGINFO, getSigInfo],
  [p.PTRACE_SETSIGINFO, setSigInfo],
  [p.PTRACE_GETREGSET, getRegset],
  [p.PTRACE_SETREGSET, setRegset],
  [p.PTRACE_LISTEN, (_task, target) => listen(target)],
  [p.PTRACE_PEEKSIGINFO, peekSigInfo],
  [p.PTRACE_GETSIGMASK, getSigMask],
  [p.PTRACE_SETSIGMASK, setSigMask],
  [p.PTRACE_GET_SYSCALL_INFO, getSyscallInfo],
  [p.PTRACE_GET_RSEQ_CONFIGURATION, getRseq],
  [p.PTRACE_SECCOMP_GET_FILTER, seccompGetFilter],
  [p.PTRACE_SECCOMP_GET_METADATA, seccompGetMetadata],
]);
