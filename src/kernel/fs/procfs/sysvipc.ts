/** /proc/sysvipc: the System V IPC objects of the reader's namespace. See sysvipc(7). */

import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { IpcObject } from '../../ipc/ipc_ids.ts';
import type { Pid } from '../../task/pid.ts';
import { directory, file, idIn, type ProcContext, type ProcDirectoryEntry } from './entry.ts';

const MSG = '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n';
const SEM = '       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n';
const SHM =
  '       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n';

/** A column: value and width. */
type Column = readonly [number | string, number];

const row = (columns: readonly Column[]): string => `${columns.map(([value, width]) => String(value).padStart(width)).join(' ')}\n`;
const head = (object: IpcObject): Column[] => [
  [object.key, 10],
  [object.id, 10],
  [object.mode.toString(8), 5],
];

function owners({ reader }: ProcContext, { uid, gid, cuid, cgid }: IpcObject): Column[] {
  const { userNs } = reader.cred;
  return [userNs.uid(uid), userNs.gid(gid), userNs.uid(cuid), userNs.gid(cgid)].map((id) => [id, 5]);
}

const times = (...seconds: readonly number[]): Column[] => seconds.map((value) => [value, 10]);
const who = (context: ProcContext, pid: Pid | null): Column => [pid === null ? 0 : idIn(context, pid), 5];

/** Linux: sysvipc_msg_proc_show. */
function messageQueues(context: ProcContext): string {
  let text = MSG;
  for (const queue of context.reader.nsproxy.ipc.messageQueues) {
    const counts: Column[] = [
      [queue.bytes, 11],
      [queue.messages.length, 10],
    ];
    const pids = [who(context, queue.lastSender), who(context, queue.lastReceiver)];
    text += row([...head(queue), ...counts, ...pids, ...owners(context, queue), ...times(queue.stime, queue.rtime, queue.ctime)]);
  }
  return text;
}

/** Linux: sysvipc_sem_proc_show. */
function semaphores(context: ProcContext): string {
  let text = SEM;
  for (const set of context.reader.nsproxy.ipc.semaphores) {
    text += row([...head(set), [set.values.length, 10], ...owners(context, set), ...times(set.otime, set.ctime)]);
  }
  return text;
}

/** Linux: sysvipc_shm_proc_show. */
function segments(context: ProcContext): string {
  let text = SHM;
  for (const segment of context.reader.nsproxy.ipc.segments) {
    const resident: Column[] = [
      [segment.mapping.residentPages * FRAME_SIZE, 21],
      [0, 21],
    ];
    const pids = [who(context, segment.creatorPid), who(context, segment.lastPid)];
    const { size, attachments, atime, dtime, ctime } = segment;
    text += row([
      ...head(segment),
      [size, 21],
      ...pids,
      [attachments, 6],
      ...owners(context, segment),
      ...times(atime, dtime, ctime),
      ...resident,
    ]);
  }
  return text;
}

export const sysvipc: ProcDirectoryEntry = directory({
  msg: file(0o444, messageQueues),
  sem: file(0o444, semaphores),
  shm: file(0o444, segments),
});
