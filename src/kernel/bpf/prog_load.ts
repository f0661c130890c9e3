/** BPF_PROG_LOAD. Linux: bpf_prog_load in kernel/bpf/syscall.c. */

import * as b from '../../abi/bpf.ts';
import { CAP_BPF, CAP_NET_ADMIN, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { E2BIG, EINVAL, ENOMEM, ENOSPC, EPERM, isErrno } from '../../abi/errno.ts';
import { CLOCK_BOOTTIME } from '../../abi/time.ts';
import { charge } from '../mm/price.ts';
import type { Task } from '../task/task.ts';
import { shownTime } from '../time/posix_clock.ts';
import { latin1Bytes } from '../vfs/text.ts';
import type { BpfAttr } from './bpf_attr.ts';
import { BpfProgram, priceOfProgram } from './bpf_program.ts';
import { programTypes } from './program_types.ts';
import { sha1 } from './sha1.ts';
import { COMPLEXITY_LIMIT, type Verdict, verify } from './verifier.ts';

const LICENSE_MAX = 127;
const LOG_MIN = 128;
const LOG_LEVELS = 7;
const COMPATIBLE = ['GPL', 'GPL v2', 'GPL and additional rights', 'Dual BSD/GPL', 'Dual MIT/GPL', 'Dual MPL/GPL'];

/** CAP_SYS_ADMIN is good for every other capability of bpf(2). Linux: bpf_token_capable. */
export function bpfCapable({ cred, kernel }: Task, capability: number): boolean {
  return (
    cred.capable(capability, kernel.initialUserNs) || (capability !== CAP_SYS_ADMIN && cred.capable(CAP_SYS_ADMIN, kernel.initialUserNs))
  );
}

/** What the verifier found, to where it was asked for: 0, or -ENOSPC when it does not fit. */
function writeLog(task: Task, attr: BpfAttr, { error, log, processed }: Verdict): number {
  const [level, size, address] = [attr.u32(24), attr.u32(28), attr.ptr(32)];
  if (level === 0) return 0;
  const text = `${error < 0 ? `${log}\n` : ''}processed ${processed} insns (limit ${COMPLEXITY_LIMIT})\n\0`;
  const failed = task.mm!.copyOut(address, latin1Bytes(text.length > size ? `${text.slice(0, size - 1)}\0` : text));
  return failed < 0 ? failed : text.length > size ? -ENOSPC : 0;
}

/** Whether a log can be written. Linux: bpf_verifier_log_attr_valid. */
function isLogValid(attr: BpfAttr): boolean {
  const [level, size, address] = [attr.u32(24), attr.u32(28), attr.ptr(32)];
  if (level === 0) return size === 0 && address === 0;
  return level <= LOG_LEVELS && size >= LOG_MIN && address !== 0;
}

/** A verified program that nobody holds yet, or a negative errno. */
export function loadProgram(task: Task, attr: BpfAttr): BpfProgram | number {
  const [type, insns, flags] = [attr.u32(0), attr.u32(4), attr.u32(44)];
  if ((flags & ~(b.BPF_F_STRICT_ALIGNMENT | b.BPF_F_ANY_ALIGNMENT)) !== 0) return -EINVAL;
  if (!bpfCapable(task, CAP_BPF) || !bpfCapable(task, CAP_NET_ADMIN)) return -EPERM;
  if (insns === 0 || insns > b.BPF_COMPLEXITY_LIMIT_INSNS) return -E2BIG;
  const mayRead = programTypes.get(type);
  if (mayRead === undefined) return -EINVAL;
  const name = attr.name(48, b.BPF_OBJ_NAME_LEN);
  if (name === null || !isLogValid(attr)) return -EINVAL;
  const license = task.mm!.readString(attr.ptr(16), LICENSE_MAX);
  if (typeof license === 'number') return license;
  const bytes = task.mm!.copyIn(attr.ptr(8), 8 * insns);
  if (isErrno(bytes)) return bytes;
  const words = new Int32Array(bytes.slice().buffer);
  const verdict = verify(words, mayRead);
  const logged = writeLog(task, attr, verdict);
  if (verdict.error < 0 || logged < 0) return verdict.error < 0 ? verdict.error : logged;
  const payer = task.group.cgroup.memory;
  const { kernel } = task;
  if (!charge(kernel, payer, priceOfProgram(insns))) return -ENOMEM;
  const { seconds, nanoseconds } = shownTime(kernel.firstTask, CLOCK_BOOTTIME, kernel.clock.monotonic());
  return new BpfProgram(kernel, payer, words, {
    id: kernel.bpf.nextId(),
    type,
    name,
    gpl: COMPATIBLE.includes(license),
    uid: task.cred.uid,
    loadTime: seconds * 1e9 + nanoseconds,
    verified: verdict.processed,
    tag: sha1(bytes).subarray(0, b.BPF_TAG_SIZE),
  });
}
