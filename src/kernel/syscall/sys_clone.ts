/** clone, clone3, set_tid_address, unshare, setns. */

import { E2BIG, EBADF, EINVAL, ERESTARTNOINTR, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/process.ts';
import { PTRACE_EVENT_VFORK_DONE } from '../../abi/ptrace.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { mayMigrate, mayWriteProcs } from '../cgroup/migrate.ts';
import { cgroupOfFile } from '../fs/cgroup2/cgroup2.ts';
import { enterNamespaces, unshareNamespaces } from '../namespace/task_namespaces.ts';
import { cloneEvent } from '../ptrace/link.ts';
import { eventEnabled, stopForEvent } from '../ptrace/stop.ts';
import { BLOCKED, type Task } from '../task/task.ts';
import { type CloneArgs, cloneTask, has } from '../task/task_clone.ts';
import { flags, int, ptr, size } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

/** A child whose creator has still to tell its tracer, or to wait until the child has given the address space back. */
class NewChild {
  readonly task: Task;
  readonly id: number;
  /** By the tracer's numbers. */
  readonly tracedId: number;
  readonly vfork: boolean;
  /** The PTRACE_EVENT_ to be told, 0 for none (any more). */
  event: number;
  doneTold = false;
  constructor(task: Task, id: number, tracedId: number, vfork: boolean, event: number) {
    this.task = task;
    this.id = id;
    this.tracedId = tracedId;
    this.vfork = vfork;
    this.event = event;
  }
}

function run(task: Task, args: CloneArgs): number {
  const event = cloneEvent(task, args.flags, args.exitSignal);
  const child = cloneTask(task, args);
  if (isErrno(child)) return child;
  const id = child.pid.in(task.pid.namespace);
  const vfork = has(args.flags, c.CLONE_VFORK);
  if (!vfork && event === 0) return id;
  if (vfork) child.vforkParent = task;
  const tracedId = task.tracee === null ? id : child.pid.in(task.tracee.tracer.pid.namespace);
  const created = new NewChild(child, id, tracedId, vfork, event);
  task.ensureProgress().data = created;
  return afterClone(task, created);
}

/** Stop for the tracer, sleep until the child needs the address space no more, stop again. Linux: the end of kernel_clone. */
function afterClone(task: Task, created: NewChild): number {
  const { event, task: child, id, tracedId } = created;
  if (event !== 0) {
    created.event = 0;
    if (task.tracee !== null && stopForEvent(task, event, tracedId)) return BLOCKED;
  }
  if (child.vforkParent === task) {
    const result = task.block([], { state: 'D', restart: ERESTARTNOINTR });
    if (result === -ERESTARTNOINTR) child.vforkParent = null;
    return result;
  }
  if (created.vfork && !created.doneTold && eventEnabled(task, PTRACE_EVENT_VFORK_DONE)) {
    created.doneTold = true;
    if (stopForEvent(task, PTRACE_EVENT_VFORK_DONE, tracedId)) return BLOCKED;
  }
  return id;
}

const newChild = (task: Task): NewChild | null => (task.progress?.data instanceof NewChild ? task.progress.data : null);

const clone = defineSyscall(
  'clone',
  [flags('flags'), ptr('stack'), ptr('parent_tid'), ptr('tls'), ptr('child_tid')],
  (task, cloneFlags, stack, parentTid, tls, childTid) => {
    const created = newChild(task);
    if (created !== null) return afterClone(task, created);
    const own = cloneFlags - (cloneFlags & c.CSIGNAL);
    if (has(own, c.CLONE_PIDFD) && (has(own, c.CLONE_PARENT_SETTID) || has(own, c.CLONE_DETACHED))) return -EINVAL;
    return run(task, {
      flags: own,
      exitSignal: cloneFlags & c.CSIGNAL,
      stack,
      tls,
      parentTid,
      childTid,
      pidfd: parentTid,
      setTid: [],
      cgroup: null,
    });
  },
);

/** struct clone_args by index of its 64-bit fields. */
const FIELDS = 11;
const INT_MAX = 2 ** 31 - 1;
const KNOWN_FLAGS: number = 2 ** 32 - 1 - c.CSIGNAL + c.CLONE_NEWTIME - c.CLONE_DETACHED + c.CLONE_CLEAR_SIGHAND + c.CLONE_INTO_CGROUP;

const clone3 = defineSyscall('clone3', [ptr('cl_args'), size('size')], (task, address, length) => {
  const created = newChild(task);
  if (created !== null) return afterClone(task, created);
  if (length > 4096) return -E2BIG;
  if (length < c.CLONE_ARGS_SIZE_VER0) return -EINVAL;
  const bytes = task.mm!.copyIn(address, length);
  if (isErrno(bytes)) return bytes;
  for (let i = FIELDS * 8; i < length; i++) if (bytes[i] !== 0) return -E2BIG;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (i: number): number =>
    8 * i + 8 > length ? 0 : view.getUint32(8 * i + 4, true) * 4294967296 + view.getUint32(8 * i, true);
  const cloneFlags = field(0);
  const stack = field(5);
  const stackSize = field(6);
  const invalid = checkClone3(cloneFlags, field(4), stack, stackSize);
  if (invalid < 0) return invalid;
  const setTid = readSetTid(task, field(8), field(9));
  if (isErrno(setTid)) return setTid;
  const cgroup = has(cloneFlags, c.CLONE_INTO_CGROUP) ? targetCgroup(task, cloneFlags, field(10), length) : null;
  if (isErrno(cgroup)) return cgroup;
  return run(task, {
    flags: cloneFlags,
    exitSignal: field(4),
    stack: stack + stackSize,
    tls: field(7),
    parentTid: field(3),
    childTid: field(2),
    pidfd: field(1),
    setTid,
    cgroup,
  });
});

/** The control group for the child: `number` is its directory's descriptor. Linux: cgroup_css_set_fork. */
function targetCgroup(task: Task, cloneFlags: number, number: number, length: number): Cgroup | number {
  if (number > INT_MAX || length < c.CLONE_ARGS_SIZE_VER2) return -EINVAL;
  const file = task.files!.get(number);
  const cgroup = file === null ? -EBADF : cgroupOfFile(file);
  if (isErrno(cgroup)) return cgroup;
  const access = { task, cred: task.cred, namespace: task.nsproxy.cgroup };
  const denied = mayWriteProcs(access, cgroup);
  if (denied < 0) return denied;
  const refused = mayMigrate(access, task.cgroup, cgroup, !has(cloneFlags, c.CLONE_THREAD));
  return refused < 0 ? refused : cgroup;
}

/** Linux: clone3_args_valid, clone3_stack_valid. */
function checkClone3(cloneFlags: number, exitSignal: number, stack: number, stackSize: number): number {
  if (cloneFlags > KNOWN_FLAGS || has(cloneFlags, c.CLONE_DETACHED)) return -EINVAL;
  if (((cloneFlags % 256) & c.CSIGNAL & ~c.CLONE_NEWTIME) !== 0) return -EINVAL;
  if ((has(cloneFlags, c.CLONE_THREAD) || has(cloneFlags, c.CLONE_PARENT)) && exitSignal !== 0) return -EINVAL;
  if (exitSignal > 64) return -EINVAL;
  return (stack === 0) === (stackSize === 0) ? 0 : -EINVAL;
}

function readSetTid(task: Task, address: number, count: number): number[] | number {
  if (count > 32 || (address === 0) !== (count === 0)) return -EINVAL;
  if (count === 0) return [];
  const bytes = task.mm!.copyIn(address, 4 * count);
  if (isErrno(bytes)) return bytes;
  return [...new Int32Array(bytes.buffer, bytes.byteOffset, count)];
}

const setTidAddress = defineSyscall('set_tid_address', [ptr('tidptr')], (task, address) => {
  task.clearChildTid = address;
  return task.pid.in(task.pid.namespace);
});

const unshare = defineSyscall('unshare', [flags('flags')], unshareNamespaces);

const setns = defineSyscall('setns', [int('fd'), flags('nstype')], (task, fd, type) => {
  const file = task.files!.get(fd);
  return file === null ? -EBADF : enterNamespaces(task, file, type);
});

export const cloneCalls: readonly Syscall[] = [clone, clone3, setTidAddress, unshare, setns];
