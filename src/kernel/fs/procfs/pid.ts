/** /proc/[pid] and /proc/[pid]/task/[tid]: one row an entry. See proc(5), proc_pid(5). */

import { CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import { EACCES, ENOENT, EPERM } from '../../../abi/errno.ts';
import { oomScore } from '../../mm/oom_kill.ts';
import { mapsText, smapsRollupText, smapsText } from '../../mm/proc_maps.ts';
import type { Pid } from '../../task/pid.ts';
import { mayAccess } from '../../task/ptrace_access.ts';
import {
  constant,
  directory,
  file,
  idIn,
  inspected,
  link,
  type ProcContext,
  type ProcDirectoryEntry,
  type ProcEntry,
  type ProcFileEntry,
} from './entry.ts';
import { mayWriteSetgroups, readIdMap, readSetgroups, writeIdMap, writeSetgroups } from './id_map.ts';
import { MemFile } from './mem_file.ts';
import { openMounts } from './mounts_file.ts';
import { netDirectory } from './net.ts';
import { PagemapFile } from './pagemap_file.ts';
import {
  auxv,
  cgroup,
  cmdline,
  comm,
  environ,
  io,
  limits,
  loginuid,
  oomScoreAdj,
  sched,
  schedstat,
  sessionid,
  statm,
  syscall,
  timerslack,
  writeComm,
  writeLoginuid,
  writeOomScoreAdj,
  writeTimerslack,
} from './pid_files.ts';
import { fdDirectory, fdinfoDirectory, mapFilesDirectory, nsDirectory, pathLink, placeText } from './pid_links.ts';
import { statText } from './pid_stat.ts';
import { statusText } from './pid_status.ts';
import { timens, writeTimens } from './timens.ts';

const mapped = (context: ProcContext, text: typeof mapsText): string => {
  const { mm } = context.target;
  return mm === null ? '' : text(mm, (mappedFile) => placeText(context, mappedFile).replaceAll('\n', '\\012'));
};

/** Mounts are those of the target, with its root. */
const mounts = (mode: number): ProcEntry => file(mode, null, null, { open: openMounts });

/** Linux: proc_mem_open, mm_access. */
const openMem: ProcFileEntry['open'] = ({ reader, target }, node, flags) =>
  target.mm !== reader.mm && mayAccess(reader, target, 'fs') < 0 ? -EACCES : new MemFile(node, target.mm, flags);

const openPagemap: ProcFileEntry['open'] = ({ reader, target }, node, flags) =>
  target.mm !== reader.mm && mayAccess(reader, target, 'fs') < 0 ? -EACCES : new PagemapFile(node, target.mm, reader, flags);

/** A file that its owner can open, and read if he may trace the target. Linux: lock_trace. */
const locked = (read: (context: ProcContext) => string | number): ProcFileEntry =>
  file(0o400, (context) => (mayAccess(context.reader, context.target, 'fs') < 0 ? -EPERM : read(context)));

/** What processes and threads have alike. */
const common: Readonly<Record<string, ProcEntry>> = {
  auxv: inspected(0o400, auxv),
  cgroup: file(0o444, cgroup),
  cmdline: file(0o444, cmdline),
  comm: file(0o644, comm, writeComm),
  cwd: pathLink(({ target }) => target.fs?.cwd ?? null),
  environ: inspected(0o400, environ),
  exe: pathLink(({ target }) => target.mm?.exeFile?.path ?? null),
  fd: fdDirectory,
  fdinfo: fdinfoDirectory,
  gid_map: file(0o644, readIdMap('gidMap'), writeIdMap('gidMap')),
  limits: file(0o444, limits),
  loginuid: file(0o644, loginuid, writeLoginuid),
  maps: inspected(0o444, (context) => mapped(context, mapsText)),
  mem: file(0o600, null, null, { open: openMem }),
  mountinfo: mounts(0o444),
  mounts: mounts(0o444),
  net: netDirectory,
  ns: nsDirectory,
  oom_score: file(0o444, ({ target }) => `${oomScore(target.group)}\n`),
  oom_score_adj: file(0o644, oomScoreAdj, writeOomScoreAdj),
  pagemap: file(0o400, null, null, { open: openPagemap }),
  personality: locked(({ target }) => `${target.personality.toString(16).padStart(8, '0')}\n`),
  root: pathLink(({ target }) => target.fs?.root ?? null),
  sched: file(0o444, sched),
  schedstat: file(0o444, schedstat),
  sessionid: file(0o444, sessionid),
  setgroups: file(0o644, readSetgroups, writeSetgroups, { mayWrite: mayWriteSetgroups }),
  smaps: inspected(0o444, (context) => mapped(context, smapsText)),
  smaps_rollup: inspected(0o444, ({ target }) => (target.mm === null ? '' : smapsRollupText(target.mm))),
  // Nothing of a sleeping task is on a kernel stack.
  stack: locked(({ opener, kernel }) => (opener.capable(CAP_SYS_ADMIN, kernel.initialUserNs) ? '' : -EACCES)),
  statm: file(0o444, statm),
  status: file(0o444, statusText),
  syscall: locked(syscall),
  projid_map: file(0o644, readIdMap('projidMap'), writeIdMap('projidMap')),
  uid_map: file(0o644, readIdMap('uidMap'), writeIdMap('uidMap')),
  // The names of kernel functions mean nothing here: the same answer as for a running task.
  wchan: constant('0'),
};

const children = ({ target, sb }: ProcContext): string => {
  let text = '';
  for (const group of target.group.children) if (group.parent === target) text += `${group.leader.pid.in(sb.pidNamespace)} `;
  return text;
};

const sorted = (entries: Record<string, ProcEntry>): Record<string, ProcEntry> =>
  Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));

/** /proc/[pid]/task/[tid]. */
export const taskDirectory: ProcDirectoryEntry = directory(
  sorted({
    ...common,
    children: file(0o444, children),
    io: inspected(0o400, (context) => io(context, false)),
    stat: file(0o444, (context) => statText(context, false)),
  }),
);

/** A thread of the target's process by its id. */
function threadOf(context: ProcContext, name: string): Pid | null {
  if (!/^[1-9]\d{0,9}$/.test(name)) return null;
  const pid = context.sb.pidNamespace.find(Number(name));
  return pid?.task?.group === context.target.group ? pid : null;
}

/** /proc/[pid]. */
export const pidDirectory: ProcDirectoryEntry = directory(
  sorted({
    ...common,
    io: inspected(0o400, (context) => io(context, true)),
    map_files: mapFilesDirectory,
    mountstats: mounts(0o400),
    stat: file(0o444, (context) => statText(context, true)),
    task: directory(
      {},
      {
        names: (context) =>
          context.target.group.threads.size === 0
            ? -ENOENT
            : [...context.target.group.threads]
                .map((thread) => idIn(context, thread.pid))
                .sort((a, b) => a - b)
                .map(String),
        child: (context, name) => (threadOf(context, name) === null ? null : taskDirectory),
        ofTasks: threadOf,
      },
    ),
    timens_offsets: file(0o644, timens, writeTimens),
    timerslack_ns: file(0o666, timerslack, writeTimerslack),
  }),
);

export const selfLink: ProcEntry = link((context) => {
  const id = idIn(context, context.reader.group.leader.pid);
  return id === 0 ? -ENOENT : String(id);
});

export const threadSelfLink: ProcEntry = link((context) => {
  const id = idIn(context, context.reader.group.leader.pid);
  return id === 0 ? -ENOENT : `${id}/task/${idIn(context, context.reader.pid)}`;
});
