/** /proc/sysvipc: the System V IPC objects of the namespace of who opened the file. See sysvipc(7). */

import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { IpcObject } from '../../ipc/ipc_ids.ts';
import type { IpcNamespace } from '../../namespace/ipc_namespace.ts';
import type { PidNamespace } from '../../namespace/pid_namespace.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import type { Pid } from '../../task/pid.ts';
import { latin1Bytes } from '../../vfs/text.ts';
import { directory, file, type ProcContext, type ProcDirectoryEntry } from './entry.ts';
import { ProcFile } from './proc_file.ts';
import type { ProcInode } from './proc_inode.ts';

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

/** Whose objects are shown, and in whose numbers. Linux: struct ipc_proc_iter. */
interface Viewer {
  readonly ipc: IpcNamespace;
  readonly pidNs: PidNamespace;
  readonly userNs: UserNamespace;
}

function owners({ userNs }: Viewer, { uid, gid, cuid, cgid }: IpcObject): Column[] {
  return [userNs.uid(uid), userNs.gid(gid), userNs.uid(cuid), userNs.gid(cgid)].map((id) => [id, 5]);
}

const times = (...seconds: readonly number[]): Column[] => seconds.map((value) => [value, 10]);
const who = ({ pidNs }: Viewer, pid: Pid | null): Column => [pid?.in(pidNs) ?? 0, 5];

/** Linux: sysvipc_msg_proc_show. */
function messageQueues(viewer: Viewer): string {
  let text = MSG;
  for (const queue of viewer.ipc.messageQueues) {
    const counts: Column[] = [
      [queue.bytes, 11],
      [queue.messages.length, 10],
    ];
    const pids = [who(viewer, queue.lastSender), who(viewer, queue.lastReceiver)];
    text += row([...head(queue), ...counts, ...pids, ...owners(viewer, queue), ...times(queue.stime, queue.rtime, queue.ctime)]);
  }
  return text;
}

/** Linux: sysvipc_sem_proc_show. */
function semaphores(viewer: Viewer): string {
  let text = SEM;
  for (const set of viewer.ipc.semaphores) {
    text += row([...head(set), [set.values.length, 10], ...owners(viewer, set), ...times(set.otime, set.ctime)]);
  }
  return text;
}

/** Linux: sysvipc_shm_proc_show. */
function segments(viewer: Viewer): string {
  let text = SHM;
  for (const segment of viewer.ipc.segments) {
    const resident: Column[] = [
      [segment.mapping.residentPages * FRAME_SIZE, 21],
      [0, 21],
    ];
    const pids = [who(viewer, segment.creatorPid), who(viewer, segment.lastPid)];
    const { size, attachments, atime, dtime, ctime } = segment;
    text += row([
      ...head(segment),
      [size, 21],
      ...pids,
      [attachments, 6],
      ...owners(viewer, segment),
      ...times(atime, dtime, ctime),
      ...resident,
    ]);
  }
  return text;
}

const TABLES: Readonly<Record<string, (viewer: Viewer) => string>> = { msg: messageQueues, sem: semaphores, shm: segments };

class SysvipcFile extends ProcFile {
  private readonly viewer: Viewer;

  constructor(node: ProcInode, flags: number, { reader: { nsproxy, pid, cred } }: ProcContext) {
    super(node, flags, 0);
    this.viewer = { ipc: nsproxy.ipc.get(), pidNs: pid.namespace.get(), userNs: cred.userNs.get() };
  }

  override release(): void {
    for (const namespace of Object.values(this.viewer)) namespace.put();
  }

  protected override compute(): Uint8Array {
    return latin1Bytes(TABLES[this.inode.names.at(-1)!]!(this.viewer));
  }
}

const table = file(0o444, null, null, { open: (context, node, flags) => new SysvipcFile(node, flags, context) });

export const sysvipc: ProcDirectoryEntry = directory({ msg: table, sem: table, shm: table });
