/** clone, clone3, set_tid_address, unshare, setns. */

import { E2BIG, EBADF, EINVAL, ERESTARTNOINTR, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/process.ts';
import { enterNamespaces, unshareNamespaces } from '../namespace/task_namespaces.ts';
import type { Task } from '../task/task.ts';
import { type CloneArgs, cloneTask, has } from '../task/task_clone.ts';
import { flags, int, ptr, size } from './args.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';

/** The parent of vfork(2) sleeps until the child has given the address space back; then it answers with the child's id. */
class VforkChild {
  readonly task: Task;
  readonly id: number;
  constructor(task: Task, id: number) {
    this.task = task;
    this.id = id;
  }
}

function run(task: Task, args: CloneArgs): number {
  const child = cloneTask(task, args);
  if (isErrno(child)) return child;
  const id = child.pid.in(task.pid.namespace);
  if (!has(args.flags, c.CLONE_VFORK)) return id;
  child.vforkParent = task;
  task.ensureProgress().data = new VforkChild(child, id);
  return awaitVfork(task, task.progress!.data as VforkChild);
}

function awaitVfork(task: Task, { task: child, id }: VforkChild): number {
  if (child.vforkParent !== task) return id;
  const result = task.block([], { state: 'D', restart: ERESTARTNOINTR });
  if (result === -ERESTARTNOINTR) child.vforkParent = null;
  return result;
}

const vforkChild = (task: Task): VforkChild | null => (task.progress?.data instanceof VforkChild ? task.progress.data : null);

const clone = defineSyscall(
  'clone',
  [flags('flags'), ptr('stack'), ptr('parent_tid'), ptr('tls'), ptr('child_tid')],
  (task, cloneFlags, stack, parentTid, tls, childTid) => {
    const waiting = vforkChild(task);
    if (waiting !== null) return awaitVfork(task, waiting);
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
    });
  },
);

/** struct clone_args by index of its 64-bit fields. */
const FIELDS = 11;
const KNOWN_FLAGS: number = 2 ** 32 - 1 - c.CSIGNAL + c.CLONE_NEWTIME - c.CLONE_DETACHED + c.CLONE_CLEAR_SIGHAND;

const clone3 = defineSyscall('clone3', [ptr('cl_args'), size('size')], (task, address, length) => {
  const waiting = vforkChild(task);
  if (waiting !== null) return awaitVfork(task, waiting);
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
  return run(task, {
    flags: cloneFlags,
    exitSignal: field(4),
    stack: stack + stackSize,
    tls: field(7),
    parentTid: field(3),
    childTid: field(2),
    pidfd: field(1),
    setTid,
  });
});

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

export const cloneCalls: readonly Syscall[] = [
  clone,
  partial(clone3, 'CLONE_INTO_CGROUP is refused with EINVAL'),
  setTidAddress,
  unshare,
  setns,
];
