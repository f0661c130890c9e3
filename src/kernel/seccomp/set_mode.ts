/** Restricting a task. Linux: seccomp_set_mode_strict and seccomp_set_mode_filter in kernel/seccomp.c. See seccomp(2). */

import { BPF_MAXINSNS, SOCK_FILTER_SIZE, SOCK_FPROG_SIZE } from '../../abi/bpf_classic.ts';
import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EACCES, EBUSY, EINVAL, ENOMEM, ESRCH, isErrno } from '../../abi/errno.ts';
import { RLIMIT_NOFILE } from '../../abi/process.ts';
import * as s from '../../abi/seccomp.ts';
import { ClassicProgram } from '../bpf/classic_program.ts';
import { charge } from '../mm/price.ts';
import { type Task, WORK_SECCOMP } from '../task/task.ts';
import { isFilter } from './check_program.ts';
import { pathLengthWith, priceOfFilter, SeccompFilter } from './filter.ts';
import { SeccompListener } from './listener.ts';
import { SeccompFile } from './listener_file.ts';

/** MAX_INSNS_PER_PATH. */
const MAX_PATH_LENGTH = 32768;

/** Filters can only be added; strict mode stays strict. Linux: seccomp_may_assign_mode. */
const mayAssign = ({ seccomp }: Task, mode: number): boolean => seccomp === null || seccomp.mode === mode;

function assign(task: Task, mode: number, filter: SeccompFilter | null): void {
  task.seccomp = { mode, filter };
  task.syscallWork |= WORK_SECCOMP;
}

export function setModeStrict(task: Task): number {
  if (!mayAssign(task, s.SECCOMP_MODE_STRICT)) return -EINVAL;
  assign(task, s.SECCOMP_MODE_STRICT, null);
  return 0;
}

/** The program in a struct sock_fprog at `address`. Linux: seccomp_prepare_user_filter. */
function readProgram(task: Task, address: number): ClassicProgram | number {
  const mm = task.mm!;
  const head = mm.copyIn(address, SOCK_FPROG_SIZE);
  if (isErrno(head)) return head;
  const view = new DataView(head.buffer);
  const length = view.getUint16(0, true);
  if (length === 0 || length > BPF_MAXINSNS) return -EINVAL;
  if (!task.cred.fields.noNewPrivs && !task.cred.capable(CAP_SYS_ADMIN, task.cred.userNs)) return -EACCES;
  const bytes = mm.copyIn(view.getUint32(8, true) + view.getUint32(12, true) * 4294967296, length * SOCK_FILTER_SIZE);
  if (isErrno(bytes)) return bytes;
  const program = new ClassicProgram(bytes);
  return isFilter(program) ? program : -EINVAL;
}

function checkFlags(flags: number): number {
  if (flags > s.SECCOMP_FILTER_FLAGS) return -EINVAL;
  const listens = (flags & s.SECCOMP_FILTER_FLAG_NEW_LISTENER) !== 0;
  // Both would like to return something.
  const both = listens && (flags & s.SECCOMP_FILTER_FLAG_TSYNC) !== 0;
  if (both && (flags & s.SECCOMP_FILTER_FLAG_TSYNC_ESRCH) === 0) return -EINVAL;
  return (flags & s.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) !== 0 && !listens ? -EINVAL : 0;
}

/** A path of filters has at most one supervisor. Linux: has_duplicate_listener. */
function hasListener(filter: SeccompFilter | null): boolean {
  for (let at = filter; at !== null; at = at.previous) if (at.listener !== null) return true;
  return false;
}

/** The first thread whose filters are not a part of those of `task`, 0 if there is none. Linux: seccomp_can_sync_threads. */
function cannotSync(task: Task): number {
  const own = task.seccomp?.filter ?? null;
  for (const thread of task.group.threads) {
    if (thread === task || thread.state === 'Z' || thread.seccomp === null) continue;
    const { filter } = thread.seccomp;
    if (filter === null || own === null || !own.descendsFrom(filter)) return thread.pid.in(task.pid.namespace);
  }
  return 0;
}

/** All threads get the filters of `task`, and cannot gain privileges if it cannot. Linux: seccomp_sync_threads. */
function syncThreads(task: Task, filter: SeccompFilter): void {
  for (const thread of task.group.threads) {
    if (thread === task || thread.state === 'Z') continue;
    const old = thread.seccomp?.filter ?? null;
    assign(thread, s.SECCOMP_MODE_FILTER, filter.get());
    old?.put();
    if (task.cred.fields.noNewPrivs) thread.cred = thread.cred.with({ noNewPrivs: true });
  }
}

/** Add a filter to those of `task`: the filter or a negative errno. */
function attach(task: Task, program: ClassicProgram, flags: number): SeccompFilter | number {
  const { memory } = task.group.cgroup;
  if (!charge(task.kernel, memory, priceOfFilter(program))) return -ENOMEM;
  const log = (flags & s.SECCOMP_FILTER_FLAG_LOG) !== 0;
  const wait = (flags & s.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) !== 0;
  const filter = new SeccompFilter(task.seccomp?.filter ?? null, program, memory, log, wait);
  assign(task, s.SECCOMP_MODE_FILTER, filter);
  return filter;
}

/** A filter that the runtime gives to a process before its program starts: 0 or a negative errno. */
export function installFilter(task: Task, instructions: Uint8Array): number {
  const program = new ClassicProgram(instructions);
  if (!isFilter(program)) return -EINVAL;
  const filter = attach(task, program, 0);
  return isErrno(filter) ? filter : 0;
}

/** 0, the listening descriptor, the thread that prevents TSYNC, or a negative errno. */
export function setModeFilter(task: Task, flags: number, address: number): number {
  const invalid = checkFlags(flags);
  if (invalid < 0) return invalid;
  const program = readProgram(task, address);
  if (isErrno(program)) return program;
  const listens = (flags & s.SECCOMP_FILTER_FLAG_NEW_LISTENER) !== 0;
  const fd = listens ? task.files!.lowestFree(0, task.group.softLimit(RLIMIT_NOFILE)) : 0;
  if (fd < 0) return fd;
  if (!mayAssign(task, s.SECCOMP_MODE_FILTER)) return -EINVAL;
  const previous = task.seccomp?.filter ?? null;
  if (listens && hasListener(previous)) return -EBUSY;
  if (pathLengthWith(previous, program) > MAX_PATH_LENGTH) return -ENOMEM;
  const sync = (flags & s.SECCOMP_FILTER_FLAG_TSYNC) !== 0;
  const obstacle = sync ? cannotSync(task) : 0;
  if (obstacle !== 0) return (flags & s.SECCOMP_FILTER_FLAG_TSYNC_ESRCH) !== 0 ? -ESRCH : obstacle;
  const filter = attach(task, program, flags);
  if (isErrno(filter)) return filter;
  if (sync) syncThreads(task, filter);
  if (!listens) return 0;
  filter.listener = new SeccompListener(filter);
  const file = new SeccompFile(task, filter.listener);
  file.cred = task.cred;
  task.files!.install(fd, file, true);
  return fd;
}
