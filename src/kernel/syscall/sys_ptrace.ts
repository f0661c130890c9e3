/** ptrace. Linux: kernel/ptrace.c. See ptrace(2). */

import { EIO, ESRCH } from '../../abi/errno.ts';
import * as p from '../../abi/ptrace.ts';
import { SIGKILL } from '../../abi/signal.ts';
import { attach, interrupt, traceMe } from '../ptrace/link.ts';
import { requests } from '../ptrace/requests.ts';
import { sendToProcess } from '../signal/send.ts';
import { kernelInfo } from '../signal/sig_info.ts';
import type { Task } from '../task/task.ts';
import { int, long, ptr } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

/** Whether `target` is held by its tracer, ready for requests. Linux: ptrace_check_attach. */
const isHeld = ({ state, tracee, traceStop }: Task): boolean => state === 't' && traceStop !== null && !tracee!.listening;

const ptrace = defineSyscall('ptrace', [long('request'), int('pid'), ptr('addr'), ptr('data')], (task, request, pid, address, data) => {
  if (request === p.PTRACE_TRACEME) return traceMe(task);
  const target = task.pid.namespace.find(pid)?.task ?? null;
  if (target === null) return -ESRCH;
  if (request === p.PTRACE_ATTACH || request === p.PTRACE_SEIZE) return attach(task, target, request === p.PTRACE_SEIZE, address, data);
  if (target.tracee?.tracer !== task) return -ESRCH;
  if (request === p.PTRACE_KILL) return sendToProcess(target.group, kernelInfo(SIGKILL), true);
  if (request === p.PTRACE_INTERRUPT) return interrupt(target);
  if (!isHeld(target)) return -ESRCH;
  const handler = requests.get(request);
  return handler === undefined ? -EIO : handler(task, target, address, data);
});

export const ptraceCalls: readonly Syscall[] = [ptrace];
