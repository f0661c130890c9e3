/** PTRACE_GET_SYSCALL_INFO: the call that a thread has stopped in. Linux: ptrace_get_syscall_info in kernel/ptrace.c. */

import * as p from '../../abi/ptrace.ts';
import { AUDIT_ARCH_AARCH64 } from '../../abi/seccomp.ts';
import { SIGTRAP } from '../../abi/signal.ts';
import { REG_X } from '../../platform/registers.ts';
import type { Task } from '../task/task.ts';
import { readGeneral } from './registers.ts';

const HEAD = 24;
const ENTRY_SIZE = 80;
const EXIT_SIZE = 33;
const SECCOMP_SIZE = 84;
const SYSGOOD = SIGTRAP | 0x80;
const SECCOMP = SIGTRAP | (p.PTRACE_EVENT_SECCOMP << 8);
const MAX_ERRNO = 4095;

/** As much of struct ptrace_syscall_info as has a meaning now. */
export function syscallInfo(task: Task): Uint8Array {
  const bytes = new Uint8Array(SECCOMP_SIZE + 4);
  const view = new DataView(bytes.buffer);
  const general = readGeneral(task);
  view.setUint32(4, AUDIT_ARCH_AARCH64, true);
  bytes.set(general.subarray(256, 264), 8);
  bytes.set(general.subarray(248, 256), 16);
  const code = task.traceStop?.info?.code ?? 0;
  const { message } = task.tracee!;
  const [operation, size] = operationOf(code, message);
  bytes[0] = operation;
  if (operation === p.PTRACE_SYSCALL_INFO_EXIT) {
    bytes.set(general.subarray(0, 8), HEAD);
    const result = view.getBigInt64(HEAD, true);
    bytes[HEAD + 8] = result < 0n && result >= -MAX_ERRNO ? 1 : 0;
  } else if (operation !== p.PTRACE_SYSCALL_INFO_NONE) {
    const { words } = task;
    view.setBigInt64(HEAD, BigInt(task.syscallNumber), true);
    view.setInt32(HEAD + 8, task.originalX0Low, true);
    view.setInt32(HEAD + 12, task.originalX0High, true);
    for (let i = 2; i < 12; i++) view.setInt32(HEAD + 8 + 4 * i, words[REG_X + i]!, true);
    view.setUint32(HEAD + 56, message, true);
  }
  return bytes.subarray(0, size);
}

function operationOf(code: number, message: number): readonly [number, number] {
  if (code === SECCOMP) return [p.PTRACE_SYSCALL_INFO_SECCOMP, SECCOMP_SIZE];
  if (code === SYSGOOD && message === p.PTRACE_EVENTMSG_SYSCALL_ENTRY) return [p.PTRACE_SYSCALL_INFO_ENTRY, ENTRY_SIZE];
  if (code === SYSGOOD && message === p.PTRACE_EVENTMSG_SYSCALL_EXIT) return [p.PTRACE_SYSCALL_INFO_EXIT, EXIT_SIZE];
  return [p.PTRACE_SYSCALL_INFO_NONE, HEAD];
}
