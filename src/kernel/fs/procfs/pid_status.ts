/** /proc/[pid]/status: a task's state in words. Linux: fs/proc/array.c, proc_pid_status. See proc_pid_status(5). */

import { RLIMIT_SIGPENDING } from '../../../abi/process.ts';
import { NSIG, SIG_DFL, SIG_IGN } from '../../../abi/signal.ts';
import { statusText as memoryText } from '../../mm/proc_maps.ts';
import type { PidNamespace } from '../../namespace/pid_namespace.ts';
import { accountOf } from '../../namespace/ucounts.ts';
import { sigBit } from '../../signal/signal_queue.ts';
import type { Pid } from '../../task/pid.ts';
import type { Task, TaskState } from '../../task/task.ts';
import { idIn, type ProcContext } from './entry.ts';

const STATES: Readonly<Record<TaskState, string>> = {
  R: 'R (running)',
  S: 'S (sleeping)',
  D: 'D (disk sleep)',
  T: 'T (stopped)',
  t: 't (tracing stop)',
  X: 'X (dead)',
  Z: 'Z (zombie)',
};

const mask = (bits: bigint): string => BigInt.asUintN(64, bits).toString(16).padStart(16, '0');

/** Newlines and backslashes of a thread's name. Linux: proc_task_name. */
const escapeName = (name: string): string => name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** The process of the creator, 0 if there is none or it is invisible. */
export function parentId(context: ProcContext): number {
  const parent = context.target.group.parent;
  return parent === null ? 0 : idIn(context, parent.group.leader.pid);
}

/** Signals that the process ignores, and those that it catches. */
export function dispositions({ group }: Task): { readonly ignored: bigint; readonly caught: bigint } {
  let ignored = 0n;
  let caught = 0n;
  for (let signo = 1; signo <= NSIG; signo++) {
    const { handler } = group.sighand.get(signo);
    if (handler === SIG_IGN) ignored |= sigBit(signo);
    else if (handler !== SIG_DFL) caught |= sigBit(signo);
  }
  return { ignored, caught };
}

/** The namespaces from that of the mount down to that of the task. */
function levels({ sb, target }: ProcContext): PidNamespace[] {
  const list: PidNamespace[] = [];
  for (let ns: PidNamespace | null = target.pid.namespace; ns !== null && ns.level >= sb.pidNamespace.level; ns = ns.parent)
    list.unshift(ns);
  return list;
}

function identity(context: ProcContext): string {
  const { target, reader } = context;
  const { group, pid, cred, fs, files } = target;
  const { fields } = cred;
  const { userNs } = reader.cred;
  const inLevels = (id: Pid): string =>
    levels(context)
      .map((ns) => `\t${id.in(ns)}`)
      .join('');
  const uids = [fields.uid, fields.euid, fields.suid, fields.fsuid].map((id) => `\t${userNs.uid(id)}`).join('');
  const gids = [fields.gid, fields.egid, fields.sgid, fields.fsgid].map((id) => `\t${userNs.gid(id)}`).join('');
  return [
    `Name:\t${escapeName(target.comm)}`,
    ...(fs === null ? [] : [`Umask:\t${`0${fs.umask.toString(8).padStart(3, '0')}`}`]),
    `State:\t${STATES[target.state]}`,
    `Tgid:\t${idIn(context, group.leader.pid)}`,
    'Ngid:\t0',
    `Pid:\t${idIn(context, pid)}`,
    `PPid:\t${parentId(context)}`,
    `TracerPid:\t${target.tracee === null ? 0 : idIn(context, target.tracee.tracer.pid)}`,
    `Uid:${uids}`,
    `Gid:${gids}`,
    `FDSize:\t${files === null ? 0 : tableSize(files.end)}`,
    `Groups:\t${fields.groups.map((gid) => userNs.gid(gid)).join(' ')} `,
    `NStgid:${inLevels(group.leader.pid)}`,
    `NSpid:${inLevels(pid)}`,
    `NSpgid:${inLevels(group.processGroup)}`,
    `NSsid:${inLevels(group.session)}`,
    'Kthread:\t0',
    '',
  ].join('\n');
}

/** Slots that Linux would have allocated for this many descriptors. Linux: alloc_fdtable. */
function tableSize(descriptors: number): number {
  let size = 64;
  while (size < descriptors) size = size === 64 ? 256 : size * 2;
  return size;
}

function signals({ target }: ProcContext): string {
  const { group, pending, blocked, cred } = target;
  const { ignored, caught } = dispositions(target);
  const queued = accountOf(cred).of('pendingSignals');
  return [
    `Threads:\t${group.threads.size}`,
    `SigQ:\t${queued}/${group.softLimit(RLIMIT_SIGPENDING)}`,
    `SigPnd:\t${mask(pending.set)}`,
    `ShdPnd:\t${mask(group.pending.set)}`,
    `SigBlk:\t${mask(blocked)}`,
    `SigIgn:\t${mask(ignored)}`,
    `SigCgt:\t${mask(caught)}`,
    '',
  ].join('\n');
}

function privileges({ target }: ProcContext): string {
  const { fields } = target.cred;
  return [
    `CapInh:\t${mask(fields.inheritable)}`,
    `CapPrm:\t${mask(fields.permitted)}`,
    `CapEff:\t${mask(fields.effective)}`,
    `CapBnd:\t${mask(fields.bounding)}`,
    `CapAmb:\t${mask(fields.ambient)}`,
    `NoNewPrivs:\t${fields.noNewPrivs ? 1 : 0}`,
    `Seccomp:\t${target.seccomp?.mode ?? 0}`,
    `Seccomp_filters:\t${target.seccomp?.filter?.depth ?? 0}`,
    'Speculation_Store_Bypass:\tnot vulnerable',
    'SpeculationIndirectBranch:\tunknown',
    '',
  ].join('\n');
}

export function statusText(context: ProcContext): string {
  const { target } = context;
  const { mm } = target;
  const memory = mm === null ? '' : `${memoryText(mm)}CoreDumping:\t0\nTHP_enabled:\t0\nuntag_mask:\t0xffffffffffffff\n`;
  const processor = 'Cpus_allowed:\t1\nCpus_allowed_list:\t0\nMems_allowed:\t1\nMems_allowed_list:\t0\n';
  const switches = `voluntary_ctxt_switches:\t${target.voluntarySwitches}\nnonvoluntary_ctxt_switches:\t${target.involuntarySwitches}\n`;
  return identity(context) + memory + signals(context) + privileges(context) + processor + switches;
}
