/** Replacing a task's program. Linux: fs/exec.c, do_execveat_common, begin_new_exec, setup_new_exec. See execve(2). */

import { EAGAIN, isErrno } from '../../abi/errno.ts';
import { RLIMIT_STACK } from '../../abi/process.ts';
import { PTRACE_EVENT_EXEC } from '../../abi/ptrace.ts';
import { SIGCHLD, SIGSEGV, SIGTRAP } from '../../abi/signal.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { REG_PC, REG_SP } from '../../platform/registers.ts';
import { Mm } from '../mm/mm.ts';
import { exitMmap } from '../mm/mm_exit.ts';
import { charge, PRICE_MM } from '../mm/price.ts';
import { execTime } from '../namespace/time_fork.ts';
import { eventEnabled, stopForEvent } from '../ptrace/stop.ts';
import { raise } from '../signal/raise.ts';
import type { Cred } from '../task/cred.ts';
import { gains } from '../task/cred_change.ts';
import { BLOCKED, JUMPED, NO_ALTERNATE_STACK, type Task } from '../task/task.ts';
import { endOtherThreads, groupExit, releaseMm } from '../task/task_exit.ts';
import { deletePosixTimers } from '../time/process_timers.ts';
import { unshareFiles } from '../vfs/fd_table.ts';
import type { Binprm } from './binprm.ts';
import { type ExecCreds, execCreds } from './exec_creds.ts';
import { ExecRandom } from './exec_random.ts';
import { loadProgram } from './load_elf.ts';
import { execSubject, isReadable } from './open_exec.ts';
import { readProgram } from './read_program.ts';
import { buildStack } from './stack.ts';
import { takeLeadership } from './take_leadership.ts';

/** personality(2) bits. */
const ADDR_NO_RANDOMIZE = 0x0040000;
const READ_IMPLIES_EXEC = 0x0400000;
/** What programs that gain privileges may not inherit. Linux: PER_CLEAR_ON_SETID. */
const PER_CLEAR_ON_SETID = READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE | 0x0200000 | 0x0100000;
/** _STK_LIM: the soft stack limit that such programs get at most. */
const STACK_LIMIT = 8 * 1024 * 1024;
/** TASK_COMM_LEN without the NUL. */
const COMM_LENGTH = 15;

/**
 * Run the program of `bprm`, which is owned from here on: JUMPED, a negative errno, or what a sleep returns; the system call
 * is then executed again and goes on with task.progress.data.
 */
export function execute(task: Task, bprm: Binprm): number {
  const read = readProgram(task, bprm);
  const creds = read < 0 ? read : newCreds(task, bprm);
  if (creds === NOT_RESIDENT) return suspend(task, bprm, NOT_RESIDENT);
  if (isErrno(creds)) {
    bprm.release();
    return creds;
  }
  if (!endOtherThreads(task)) return waitForThreads(task, bprm);
  const mm = buildMm(task, bprm, creds);
  if (mm === NOT_RESIDENT) return suspend(task, bprm, mm);
  task.group.execTask = null;
  const formerPid = task.pid;
  takeLeadership(task);
  if (isErrno(mm) || unshareFiles(task) < 0) {
    if (!isErrno(mm)) exitMmap(mm);
    // The point of no return lies behind us. Linux: bprm_execve, force_fatal_sig.
    bprm.release();
    groupExit(task, SIGSEGV);
    return JUMPED;
  }
  // The numbers of the thread that called are gone: the tracer is told which one it was.
  const formerId = task.tracee === null ? 0 : formerPid.in(task.tracee.tracer.pid.namespace);
  begin(task, bprm, mm, creds);
  if (task.tracee !== null) reportExec(task, formerId);
  return JUMPED;
}

/** Tell the tracer: by an event, or as of old by a signal. Linux: ptrace_event. */
function reportExec(task: Task, formerId: number): void {
  if (eventEnabled(task, PTRACE_EVENT_EXEC)) stopForEvent(task, PTRACE_EVENT_EXEC, formerId);
  else if (!task.tracee!.seized) raise(task, SIGTRAP);
}

/** Sleep with `bprm` in the progress record, whose files go if the task dies meanwhile. */
function suspend(task: Task, bprm: Binprm, result: number): number {
  const progress = task.ensureProgress();
  progress.data = bprm;
  progress.files = bprm.files();
  return result;
}

/** What suspend has put aside, or null. */
export function suspended(task: Task): Binprm | null {
  const { progress } = task;
  if (progress === null || progress.data === null) return null;
  progress.files = null;
  const bprm = progress.data as Binprm;
  progress.data = null;
  return bprm;
}

function waitForThreads(task: Task, bprm: Binprm): number {
  const result = task.block([], { state: 'D', restart: EAGAIN });
  if (result === BLOCKED) return suspend(task, bprm, result);
  bprm.release();
  return result;
}

function newCreds(task: Task, bprm: Binprm): ExecCreds | number {
  const subject = execSubject(task, bprm.file);
  if (isErrno(subject)) return subject;
  const creds = execCreds(task.cred, subject);
  if (isErrno(creds)) return creds;
  bprm.secure = creds.secure;
  bprm.readable = isReadable(task, bprm.file);
  return creds;
}

/** The program's address space: whole, or a negative errno, or NOT_RESIDENT. */
function buildMm(task: Task, bprm: Binprm, { cred }: ExecCreds): Mm | number {
  const { group, kernel } = task;
  const { memory } = group.cgroup;
  if (!charge(kernel, memory, PRICE_MM)) return -EAGAIN;
  const mm = new Mm(kernel, memory);
  mm.limits = group;
  mm.setExe(bprm.file);
  const random = new ExecRandom(kernel.platform.random, (task.personality & ADDR_NO_RANDOMIZE) === 0);
  const { userNs } = cred;
  const ids = { uid: userNs.uid(cred.uid), euid: userNs.uid(cred.euid), gid: userNs.gid(cred.gid), egid: userNs.gid(cred.egid) };
  const loaded = loadProgram(mm, bprm, random);
  const sp = isErrno(loaded) ? loaded : buildStack(mm, bprm, loaded, ids, random);
  if (isErrno(loaded) || isErrno(sp)) {
    exitMmap(mm);
    return isErrno(loaded) ? loaded : sp;
  }
  bprm.start = loaded.start;
  bprm.stackPointer = sp;
  return mm;
}

/** The old program ends here. */
function begin(task: Task, bprm: Binprm, mm: Mm, { cred, secure }: ExecCreds): void {
  const { group } = task;
  releaseMm(task);
  task.mm = mm;
  if (group.sighand.users > 1) {
    group.sighand.users--;
    group.sighand = group.sighand.copy();
  }
  execTime(task);
  group.sighand.resetHandlers(false);
  deletePosixTimers(group);
  task.alternateStack = NO_ALTERNATE_STACK;
  task.files!.exec(task);
  task.personality &= ~READ_IMPLIES_EXEC;
  if (secure) {
    task.personality &= ~PER_CLEAR_ON_SETID;
    const limit = group.rlimits[RLIMIT_STACK]!;
    if (limit.soft > STACK_LIMIT) group.rlimits[RLIMIT_STACK] = { soft: STACK_LIMIT, hard: limit.hard };
  }
  mm.dumpable = keepsIdentity(task.cred, cred) && bprm.readable && !gains(task.cred, cred) ? 1 : 0;
  if (mm.dumpable === 0 || secure) task.parentDeathSignal = 0;
  task.cred = cred;
  const name = bprm.nameless ? (bprm.file.path?.dentry.name ?? '') : bprm.filename.slice(bprm.filename.lastIndexOf('/') + 1);
  task.comm = name.slice(0, COMM_LENGTH);
  task.exitSignal = SIGCHLD;
  group.execs++;
  task.words.fill(0);
  task.setRegister(REG_PC, bprm.start);
  task.setRegister(REG_SP, bprm.stackPointer);
  bprm.release();
}

const keepsIdentity = (old: Cred, next: Cred): boolean =>
  next.euid === next.uid && next.egid === next.gid && old.euid === next.euid && old.egid === next.egid;
