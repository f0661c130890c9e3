/** The smaller files of /proc/[pid]. See proc_pid(5) and the page of each. */

import { CAP_AUDIT_CONTROL, CAP_SYS_NICE, CAP_SYS_RESOURCE } from '../../../abi/capability.ts';
import { EACCES, EINVAL, EPERM, ESRCH, isErrno } from '../../../abi/errno.ts';
import { NOT_RESIDENT } from '../../../platform/blocks.ts';
import { REG_PC, REG_SP, REG_X } from '../../../platform/registers.ts';
import { cgroupPath } from '../../cgroup/cgroup_path.ts';
import type { Mm } from '../../mm/mm.ts';
import { statmText } from '../../mm/proc_maps.ts';
import { IoAccount } from '../../task/io_account.ts';
import type { Task } from '../../task/task.ts';
import { threadTime } from '../../time/cpu_time.ts';
import { latin1Text } from '../../vfs/text.ts';
import { idIn, type ProcContext } from './entry.ts';

const PAGE = 4096;
const COMM_LENGTH = 15;
/** (uid_t)-1. */
const NO_ID = 0xffffffff;

/** Bytes of the target's memory as a byte string: empty where nothing is mapped. */
function peek(mm: Mm, from: number, to: number): string | number {
  const bytes = to > from ? mm.copyIn(from, to - from) : new Uint8Array(0);
  if (!isErrno(bytes)) return latin1Text(bytes);
  return bytes === NOT_RESIDENT ? bytes : '';
}

/** Linux: get_mm_cmdline: programs may write their title over the arguments, and on into the environment. */
export function cmdline({ target }: ProcContext): string | number {
  const { mm } = target;
  if (mm === null) return '';
  const { argStart, argEnd, envStart, envEnd } = mm.layout;
  if (argStart >= argEnd) return '';
  const text = peek(mm, argStart, argEnd);
  if (typeof text === 'number' || text === '' || text.endsWith('\0')) return text;
  const page = peek(mm, argStart, Math.min(argStart + PAGE, envStart === argEnd ? envEnd : argEnd));
  if (typeof page === 'number') return page;
  const end = page.indexOf('\0');
  return end < 0 ? page : page.slice(0, end + 1);
}

export function environ({ target }: ProcContext): string | number {
  const { mm } = target;
  return mm === null ? -ESRCH : peek(mm, mm.layout.envStart, mm.layout.envEnd);
}

export const auxv = ({ target }: ProcContext): Uint8Array | number => target.mm?.layout.auxv ?? -ESRCH;

export const comm = ({ target }: ProcContext): string => `${target.comm}\n`;

/** Only threads of the same process may rename each other. */
export function writeComm({ reader, target }: ProcContext, text: string): number {
  if (reader.group !== target.group) return -EINVAL;
  target.comm = text.slice(0, COMM_LENGTH).split('\0', 1)[0]!;
  return 0;
}

export const statm = ({ target }: ProcContext): string => (target.mm === null ? '0 0 0 0 0 0 0\n' : statmText(target.mm));

/** Name, unit and RLIMIT_ number in the order of fs/proc/base.c, lnames. */
const LIMITS: readonly (readonly [string, string])[] = [
  ['Max cpu time', 'seconds'],
  ['Max file size', 'bytes'],
  ['Max data size', 'bytes'],
  ['Max stack size', 'bytes'],
  ['Max core file size', 'bytes'],
  ['Max resident set', 'bytes'],
  ['Max processes', 'processes'],
  ['Max open files', 'files'],
  ['Max locked memory', 'bytes'],
  ['Max address space', 'bytes'],
  ['Max file locks', 'locks'],
  ['Max pending signals', 'signals'],
  ['Max msgqueue size', 'bytes'],
  ['Max nice priority', ''],
  ['Max realtime priority', ''],
  ['Max realtime timeout', 'us'],
];

const limitText = (value: number): string => (value === Number.POSITIVE_INFINITY ? 'unlimited' : String(value)).padEnd(20);

export function limits({ target }: ProcContext): string {
  const rows = LIMITS.map(([name, unit], i) => {
    const { soft, hard } = target.group.rlimits[i]!;
    return `${name.padEnd(25)} ${limitText(soft)} ${limitText(hard)} ${unit === '' ? '' : unit.padEnd(10)}\n`;
  });
  return `${'Limit'.padEnd(25)} ${'Soft Limit'.padEnd(20)} ${'Hard Limit'.padEnd(20)} ${'Units'.padEnd(10)}\n${rows.join('')}`;
}

/** The version 2 hierarchy, from the root of the reader's cgroup namespace. See cgroups(7), /proc/[pid]/cgroup. */
export const cgroup = ({ reader, target }: ProcContext): string =>
  `0::${cgroupPath(target.cgroup, reader.nsproxy.cgroup.root)}${target.cgroup.dead ? ' (deleted)' : ''}\n`;

export const oomScoreAdj = ({ target }: ProcContext): string => `${target.group.oomScoreAdj}\n`;

export function writeOomScoreAdj({ reader, target, kernel }: ProcContext, text: string): number {
  const value = Number(text.trim() || 'none');
  if (!/^\s*[-+]?\d+\s*$/.test(text)) return -EINVAL;
  if (value < -1000 || value > 1000) return -EINVAL;
  const { group } = target;
  const privileged = reader.cred.capable(CAP_SYS_RESOURCE, kernel.initialUserNs);
  if (value < group.oomScoreAdjMin && !privileged) return -EACCES;
  group.oomScoreAdj = value;
  if (privileged) group.oomScoreAdjMin = value;
  return 0;
}

export const loginuid = ({ reader, target }: ProcContext): string =>
  String(target.loginuid === NO_ID ? NO_ID : reader.cred.userNs.uid(target.loginuid));

/** Linux: proc_loginuid_write, audit_set_loginuid. */
export function writeLoginuid({ reader, target, kernel }: ProcContext, text: string): number {
  if (reader !== target) return -EPERM;
  if (!/^\d+\s*$/.test(text)) return -EINVAL;
  const wanted = Number(text.trim());
  const uid = wanted === NO_ID ? NO_ID : reader.cred.userNs.kuid(wanted);
  if (uid < 0) return -EINVAL;
  if (target.loginuid !== NO_ID && !reader.cred.capable(CAP_AUDIT_CONTROL, kernel.initialUserNs)) return -EPERM;
  target.loginuid = uid;
  target.sessionid = uid === NO_ID ? NO_ID : kernel.allocateSessionId();
  return 0;
}

export const sessionid = ({ target }: ProcContext): string => String(target.sessionid);

/** See proc_pid_timerslack_ns(5). */
function mayTime(reader: Task, target: Task): boolean {
  return reader === target || reader.cred.capable(CAP_SYS_NICE, target.cred.userNs);
}

export const timerslack = ({ reader, target }: ProcContext): string | number =>
  mayTime(reader, target) ? `${target.timerSlack}\n` : -EPERM;

export function writeTimerslack({ reader, target }: ProcContext, text: string): number {
  if (!/^\d+\s*$/.test(text)) return -EINVAL;
  if (!mayTime(reader, target)) return -EPERM;
  target.timerSlack = Number(text) === 0 ? DEFAULT_TIMER_SLACK : Number(text);
  return 0;
}

const DEFAULT_TIMER_SLACK = 50000;

const milliseconds = (nanoseconds: number): string =>
  `${Math.floor(nanoseconds / 1e6)}.${String(Math.floor(nanoseconds % 1e6)).padStart(6, '0')}`;

/** Linux: proc_sched_show_task, as far as this scheduler has the numbers. */
export function sched(context: ProcContext): string {
  const { target } = context;
  const { voluntarySwitches, involuntarySwitches } = target;
  const title = `${target.comm} (${idIn(context, target.pid)}, #threads: ${target.group.threads.size})`;
  const rows: readonly (readonly [string, string | number])[] = [
    ['se.vruntime', milliseconds(Math.max(0, target.virtualRuntime))],
    ['se.sum_exec_runtime', milliseconds(threadTime(target))],
    ['nr_switches', voluntarySwitches + involuntarySwitches],
    ['nr_voluntary_switches', voluntarySwitches],
    ['nr_involuntary_switches', involuntarySwitches],
    ['policy', target.policy],
    ['prio', target.realtimePriority > 0 ? 99 - target.realtimePriority : 120 + target.nice],
  ];
  return `${title}\n${'-'.repeat(67)}\n${rows.map(([name, value]) => `${name.padEnd(45)}:${String(value).padStart(21)}\n`).join('')}`;
}

/** Time on the processor, time waiting for it (not measured: 0 as without CONFIG_SCHED_INFO), slices. */
export const schedstat = ({ target }: ProcContext): string =>
  `${Math.floor(threadTime(target))} 0 ${target.voluntarySwitches + target.involuntarySwitches}\n`;

/** Bytes moved by read(2), write(2) and their kin; nothing comes from block devices. See proc_pid_io(5). */
export function io({ target }: ProcContext, whole: boolean): string {
  const sum = new IoAccount();
  if (whole) {
    sum.add(target.group.exitedIo);
    for (const thread of target.group.threads) sum.add(thread.io);
  } else sum.add(target.io);
  const { rchar, wchar, syscr, syscw } = sum;
  return `rchar: ${rchar}\nwchar: ${wchar}\nsyscr: ${syscr}\nsyscw: ${syscw}\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n`;
}

/** The call that the task sleeps in, with its arguments, stack and program counter. See proc_pid_syscall(5). */
export function syscall({ reader, target }: ProcContext): string {
  if (target.state === 'R' && target !== reader) return 'running\n';
  const hex = (word: number): string => `0x${target.register(word).toString(16)}`;
  const place = `${hex(REG_SP)} ${hex(REG_PC)}\n`;
  if (!target.inSyscall) return `-1 ${place}`;
  const first = (target.originalX0High >>> 0) * 4294967296 + (target.originalX0Low >>> 0);
  const rest = [1, 2, 3, 4, 5].map((i) => hex(REG_X + 2 * i));
  return `${target.syscallNumber} 0x${first.toString(16)} ${rest.join(' ')} ${place}`;
}
