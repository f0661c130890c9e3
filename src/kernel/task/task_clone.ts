/** New threads and processes. Linux: kernel/fork.c. See clone(2). */

import { CAP_SYS_ADMIN, CAP_SYS_RESOURCE } from '../../abi/capability.ts';
import { EAGAIN, EFAULT, EINVAL, ENOMEM, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/process.ts';
import { SIGCHLD } from '../../abi/signal.ts';
import { REG_PC, REG_SP, REG_TPIDR, REG_X } from '../../platform/registers.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { enter } from '../cgroup/membership.ts';
import { chargeMemoryTo } from '../cgroup/migrate.ts';
import { chargeThread, tryChargeThread, unchargeThread } from '../cgroup/pids.ts';
import { SemUndo } from '../ipc/sem.ts';
import { forkKeyrings } from '../keys/key.ts';
import { dupMm } from '../mm/mm_fork.ts';
import { charge, PRICE_TASK, uncharge } from '../mm/price.ts';
import { type CloneNamespaces, cloneNamespaces, discard } from '../namespace/clone_namespaces.ts';
import type { NsProxy } from '../namespace/nsproxy.ts';
import { enterTime, forChildren } from '../namespace/time_fork.ts';
import { accountOf, addUcount, exceedsRlimit } from '../namespace/ucounts.ts';
import { inheritTrace } from '../ptrace/link.ts';
import { inheritSeccomp } from '../seccomp/release.ts';
import { ensureTimers } from '../time/process_timers.ts';
import type { Cred } from './cred.ts';
import type { Pid } from './pid.ts';
import { installPidfd, PIDFD_THREAD, reservePidfd } from './pidfd.ts';
import { NO_ALTERNATE_STACK, Task } from './task.ts';
import { ThreadGroup } from './thread_group.ts';

/** What clone3(2) can say. */
export interface CloneArgs {
  /** CLONE_ flags without the exit signal. */
  readonly flags: number;
  readonly exitSignal: number;
  /** The new stack pointer, 0 to keep the parent's. */
  readonly stack: number;
  readonly tls: number;
  readonly parentTid: number;
  readonly childTid: number;
  /** Where the pidfd goes. */
  readonly pidfd: number;
  /** Chosen ids, the innermost namespace's first. */
  readonly setTid: readonly number[];
  /** CLONE_INTO_CGROUP: the control group that it begins in; null for the parent's. */
  readonly cgroup: Cgroup | null;
}

/** Whether bit `flag` is set; flags reach above 32 bits. */
export const has = (flags: number, flag: number): boolean => Math.floor(flags / flag) % 2 === 1;

/** Combinations that make no sense. Linux: the first part of copy_process. */
function check(task: Task, { flags, setTid }: CloneArgs): number {
  const both = (a: number, b: number): boolean => has(flags, a) && has(flags, b);
  const without = (a: number, b: number): boolean => has(flags, a) && !has(flags, b);
  if (both(c.CLONE_NEWNS, c.CLONE_FS) || both(c.CLONE_NEWUSER, c.CLONE_FS)) return -EINVAL;
  if (without(c.CLONE_THREAD, c.CLONE_SIGHAND) || without(c.CLONE_SIGHAND, c.CLONE_VM)) return -EINVAL;
  if (both(c.CLONE_SIGHAND, c.CLONE_CLEAR_SIGHAND)) return -EINVAL;
  if (has(flags, c.CLONE_PARENT) && task.group.unkillable) return -EINVAL;
  if (has(flags, c.CLONE_THREAD)) {
    if (has(flags, c.CLONE_NEWUSER) || has(flags, c.CLONE_NEWPID)) return -EINVAL;
    if (task.nsproxy.pidForChildren !== task.pid.namespace) return -EINVAL;
  }
  if (both(c.CLONE_NEWIPC, c.CLONE_SYSVSEM)) return -EINVAL;
  if (setTid.length > task.pid.namespace.level + (has(flags, c.CLONE_NEWPID) ? 2 : 1)) return -EINVAL;
  return 0;
}

/** Whether the user may have one more thread. */
function mayFork(task: Task, cred: Cred): boolean {
  const limit = task.group.softLimit(c.RLIMIT_NPROC);
  const { initialUserNs } = task.kernel;
  if (cred.uid !== 0 && exceedsRlimit(accountOf(cred), 'processes', 1, limit))
    if (!cred.capable(CAP_SYS_RESOURCE, initialUserNs) && !cred.capable(CAP_SYS_ADMIN, initialUserNs)) return false;
  task.nprocExceeded = false;
  return true;
}

/**
 * Create a task as `parent` asks: a thread or a process, runnable, with the parent's registers but x0 = 0. The new task or a
 * negative errno; nothing has happened in the latter case.
 */
export function cloneTask(parent: Task, args: CloneArgs): Task | number {
  const { kernel } = parent;
  const invalid = check(parent, args);
  if (invalid < 0) return invalid;
  const spaces = cloneNamespaces(parent, args.flags);
  if (isErrno(spaces)) return spaces;
  const child = payAndCreate(parent, args, spaces);
  if (isErrno(child)) {
    discard(spaces.fs, spaces.created);
    return child;
  }
  spaces.cred.userNs.get();
  addUcount(accountOf(spaces.cred), 'processes', 1);
  kernel.scheduler.forks++;
  kernel.scheduler.enqueue(child);
  return child;
}

function payAndCreate(parent: Task, args: CloneArgs, spaces: CloneNamespaces): Task | number {
  const cgroup = args.cgroup ?? parent.cgroup;
  const { memory } = domainFor(parent, args);
  if (!mayFork(parent, spaces.cred) || !tryChargeThread(cgroup)) return -EAGAIN;
  if (!charge(parent.kernel, memory, PRICE_TASK)) {
    unchargeThread(cgroup);
    return -ENOMEM;
  }
  const child = createTask(parent, args, spaces);
  if (isErrno(child)) {
    unchargeThread(cgroup);
    uncharge(memory, PRICE_TASK);
    return child;
  }
  enter(child, cgroup);
  if (args.cgroup !== null) chargeMemoryTo(child, child.group.cgroup);
  return child;
}

/** The control group that the new task's memory counts for. */
const domainFor = ({ group }: Task, { flags, cgroup }: CloneArgs): Cgroup =>
  cgroup === null || has(flags, c.CLONE_THREAD) ? group.cgroup : cgroup.domain;

function createTask(parent: Task, args: CloneArgs, spaces: CloneNamespaces): Task | number {
  const { flags } = args;
  const sharesMm = has(flags, c.CLONE_VM);
  const mm = parent.mm === null ? null : sharesMm ? parent.mm.get() : dupMm(parent.mm);
  if (isErrno(mm)) return mm;
  const { kernel, cred } = parent;
  const pid = spaces.nsproxy.pidForChildren.allocate({ max: kernel.pidMax, chosen: args.setTid, cred });
  if (isErrno(pid)) {
    mm?.put();
    return pid;
  }
  const fd = has(flags, c.CLONE_PIDFD) ? reservePidfd(parent) : 0;
  if (fd < 0) {
    pid.namespace.release(pid);
    mm?.put();
    return fd;
  }
  const isThread = has(flags, c.CLONE_THREAD);
  const group = isThread ? parent.group : newGroup(parent, args);
  const nsproxy = sharesMm ? spaces.nsproxy : forChildren(spaces.nsproxy);
  const child = new Task(kernel, pid, group, nsproxy.get(), withForkedKeyrings(spaces.cred, isThread));
  child.mm = mm;
  if (nsproxy !== spaces.nsproxy) enterTime(child);
  const files = has(flags, c.CLONE_FILES) ? (parent.files?.share() ?? null) : (parent.files?.clone(group.cgroup.memory) ?? null);
  const failed = isErrno(files) ? files : tellIds(parent, child, args, pid, fd);
  if (isErrno(files) || failed < 0) {
    if (!isErrno(files)) files?.put(parent);
    mm?.put();
    return abandon(child, spaces, failed);
  }
  pid.task = child;
  inherit(parent, child, args);
  child.fs = spaces.fs ?? (has(flags, c.CLONE_FS) ? (parent.fs?.share() ?? null) : (parent.fs?.clone() ?? null));
  child.files = files;
  if (has(flags, c.CLONE_PIDFD)) installPidfd(parent, fd, pid, isThread ? PIDFD_THREAD : 0);
  if (isThread) joinGroup(child);
  else startGroup(parent, child, pid, args);
  return child;
}

/** Linux: copy_creds. */
function withForkedKeyrings(cred: Cred, thread: boolean): Cred {
  const old = cred.fields.keyrings;
  const keyrings = forkKeyrings(old, thread);
  return keyrings === old ? cred : cred.with({ keyrings });
}

/** The child never was. Its namespaces stay for whoever made them. */
function abandon(child: Task, { created }: CloneNamespaces, errno: number): number {
  const { nsproxy, pid } = child;
  for (const namespace of created) namespace.get();
  nsproxy.put();
  pid.namespace.release(pid);
  for (const namespace of created) namespace.users--;
  return errno;
}

/** Write the ids that the caller wants to see. 0 or a negative errno. */
function tellIds(parent: Task, child: Task, args: CloneArgs, pid: Pid, fd: number): number {
  const { flags } = args;
  if (has(flags, c.CLONE_PARENT_SETTID)) {
    const failed = parent.mm!.writeU32(args.parentTid, pid.in(parent.pid.namespace));
    if (failed < 0) return failed;
  }
  if (has(flags, c.CLONE_PIDFD)) {
    const failed = parent.mm!.writeU32(args.pidfd, fd);
    if (failed < 0) return failed;
  }
  if (!has(flags, c.CLONE_CHILD_SETTID)) return 0;
  const failed = child.mm!.writeU32(args.childTid, pid.numbers[pid.numbers.length - 1]!);
  return failed === -EFAULT ? 0 : failed;
}

/** What a new task takes from its creator. */
function inherit(parent: Task, child: Task, args: CloneArgs): void {
  const { flags } = args;
  child.comm = parent.comm;
  child.saved.set(parent.words);
  child.saved[REG_X] = child.saved[REG_X + 1] = 0;
  child.inSyscall = false;
  if (args.stack !== 0) child.setRegister(REG_SP, args.stack);
  if (has(flags, c.CLONE_SETTLS)) child.setRegister(REG_TPIDR, args.tls);
  if (parent.inSyscall) skipSvc(child);
  child.blocked = parent.savedMask ?? parent.blocked;
  child.alternateStack = has(flags, c.CLONE_VM) && !has(flags, c.CLONE_VFORK) ? NO_ALTERNATE_STACK : parent.alternateStack;
  child.startTime = parent.kernel.clock.monotonic();
  child.policy = parent.resetOnFork ? c.SCHED_OTHER : parent.policy;
  child.realtimePriority = parent.resetOnFork ? 0 : parent.realtimePriority;
  child.nice = parent.resetOnFork && parent.nice < 0 ? 0 : parent.nice;
  child.virtualRuntime = parent.virtualRuntime;
  child.timerSlack = parent.timerSlack;
  child.personality = parent.personality;
  child.loginuid = parent.loginuid;
  child.sessionid = parent.sessionid;
  child.ioPriority = parent.ioPriority;
  inheritSeccomp(parent, child);
  inheritTrace(parent, child, flags, args.exitSignal);
  if (has(flags, c.CLONE_CHILD_CLEARTID)) child.clearChildTid = args.childTid;
  if (!has(flags, c.CLONE_VM)) child.rseq = parent.rseq;
  if (has(flags, c.CLONE_SYSVSEM)) {
    parent.semUndo ??= new SemUndo();
    child.semUndo = parent.semUndo;
    child.semUndo.users++;
  }
}

/** The child goes on behind the svc that created it. */
function skipSvc(child: Task): void {
  child.setRegister(REG_PC, child.pc + 4);
}

function newGroup(parent: Task, args: CloneArgs): ThreadGroup {
  const { flags } = args;
  const old = parent.group;
  const creator = has(flags, c.CLONE_PARENT) || has(flags, c.CLONE_THREAD) ? old.parent : parent;
  let { sighand } = old;
  if (has(flags, c.CLONE_SIGHAND)) sighand.users++;
  else {
    sighand = sighand.copy();
    if (has(flags, c.CLONE_CLEAR_SIGHAND)) sighand.resetHandlers(false);
  }
  const group = new ThreadGroup(sighand, creator, old.rlimits, domainFor(parent, args));
  group.terminal = old.terminal;
  group.oomScoreAdj = old.oomScoreAdj;
  group.oomScoreAdjMin = old.oomScoreAdjMin;
  group.hasSubreaper = old.hasSubreaper || old.subreaper;
  return group;
}

function joinGroup(child: Task): void {
  const { group } = child;
  child.exitSignal = -1;
  group.threads.add(child);
  group.live++;
  if (child.doomed) child.signalPending = true;
}

function startGroup(parent: Task, child: Task, pid: Pid, args: CloneArgs): void {
  const { group } = child;
  const old = parent.group;
  group.leader = child;
  group.threads.add(child);
  group.live = 1;
  child.exitSignal = has(args.flags, c.CLONE_PARENT) ? old.leader.exitSignal : args.exitSignal;
  group.parent?.group.children.add(group);
  if (child.mm !== null && child.mm !== parent.mm) child.mm.limits = group;
  if (group.softLimit(c.RLIMIT_CPU) < Number.POSITIVE_INFINITY) ensureTimers(group);
  if (pid.namespace.init === null && pid.numbers[pid.numbers.length - 1] === 1) {
    pid.namespace.init = child;
    group.unkillable = true;
  }
  group.joinProcessGroup(old.processGroup);
  group.joinSession(old.session);
}

/** The first task of a kernel: it never runs a program; containers are cloned from it. */
export function createFirstTask(pid: Pid, nsproxy: NsProxy, cred: Cred, group: ThreadGroup, kernel: Task['kernel']): Task {
  cred.userNs.get();
  const task = new Task(kernel, pid, group, nsproxy.get(), cred);
  task.comm = 'holm';
  task.exitSignal = SIGCHLD;
  pid.task = task;
  pid.namespace.init = task;
  group.leader = task;
  group.threads.add(task);
  group.live = 1;
  group.unkillable = true;
  group.joinProcessGroup(pid);
  group.joinSession(pid);
  chargeThread(task.cgroup);
  enter(task, task.cgroup);
  return task;
}
