/** Ancillary data as programs pass and get it: control messages. Linux: net/core/scm.c. See cmsg(3), unix(7). */

import { CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EBADF, EINVAL, EPERM, ESRCH, isErrno } from '../../abi/errno.ts';
import { O_CLOEXEC } from '../../abi/fcntl.ts';
import * as s from '../../abi/socket.ts';
import { newFd } from '../syscall/new_fd.ts';
import type { Pid } from '../task/pid.ts';
import { installPidfd, reservePidfd } from '../task/pidfd.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import type { ControlMessage, Incoming, Ucred } from './message.ts';
import { encodeUcred } from './socket_options.ts';

const align = (length: number): number => Math.ceil(length / 8) * 8;

/** What a program sends along. No references are taken. */
export interface Control {
  readonly files: File[];
  cred: Ucred | null;
}

/** Understand the control messages in `bytes`. */
export function parseControl(task: Task, bytes: Uint8Array): Control | number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const control: Control = { files: [], cred: null };
  for (let at = 0; at + s.CMSGHDR_SIZE <= bytes.length; ) {
    const length = view.getUint32(at + 4, true) === 0 ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (length < s.CMSGHDR_SIZE || length > bytes.length - at) return -EINVAL;
    const failed = view.getInt32(at + 8, true) === s.SOL_SOCKET ? parseOne(task, view, at, length, control) : 0;
    if (failed < 0) return failed;
    at += align(length);
  }
  return control;
}

function parseOne(task: Task, view: DataView, at: number, length: number, control: Control): number {
  switch (view.getInt32(at + 12, true)) {
    case s.SCM_RIGHTS: {
      const count = Math.floor((length - s.CMSGHDR_SIZE) / 4);
      if (control.files.length + count > s.SCM_MAX_FD) return -EINVAL;
      for (let i = 0; i < count; i++) {
        const file = task.files!.get(view.getInt32(at + s.CMSGHDR_SIZE + 4 * i, true));
        if (file === null) return -EBADF;
        control.files.push(file);
      }
      return 0;
    }
    case s.SCM_CREDENTIALS: {
      if (length !== s.CMSGHDR_SIZE + s.UCRED_SIZE) return -EINVAL;
      const cred = checkCredentials(task, view.getInt32(at + 16, true), view.getUint32(at + 20, true), view.getUint32(at + 24, true));
      if (isErrno(cred)) return cred;
      control.cred = cred as Ucred;
      return 0;
    }
    default:
      return -EINVAL;
  }
}

/** Whether the caller may say that it is this process and user. Linux: scm_check_creds. */
function checkCredentials(task: Task, pid: number, uid: number, gid: number): Ucred | number {
  const { cred } = task;
  const { fields, userNs } = cred;
  const kuid = userNs.kuid(uid);
  const kgid = userNs.kgid(gid);
  if (kuid < 0 || kgid < 0) return -EINVAL;
  const ownPid = pid === task.tgid || cred.capable(CAP_SYS_ADMIN, task.pid.namespace.owner);
  const ownUid = [fields.uid, fields.euid, fields.suid].includes(kuid) || cred.capable(CAP_SETUID, userNs);
  const ownGid = [fields.gid, fields.egid, fields.sgid].includes(kgid) || cred.capable(CAP_SETGID, userNs);
  if (!ownPid || !ownUid || !ownGid) return -EPERM;
  const found = task.pid.namespace.find(pid);
  return found === null ? -ESRCH : { pid: found, uid: kuid, gid: kgid };
}

/** Received ancillary data as control messages, in at most `room` bytes; what finds no room is lost and MSG_CTRUNC set. */
export function buildControl(task: Task, incoming: Incoming, room: number, closeOnExec: boolean): Uint8Array {
  const bytes = new Uint8Array(room);
  let used = 0;
  const { cred, files } = incoming;
  for (const message of incoming.control) used += putMessage(bytes, used, message, incoming);
  if (cred !== null) used += putMessage(bytes, used, socketMessage(s.SCM_CREDENTIALS, encodeUcred(task, cred)), incoming);
  if (files.length > 0) {
    const fit = Math.max(0, Math.floor((room - used - s.CMSGHDR_SIZE) / 4));
    const numbers: number[] = [];
    for (const [i, file] of files.entries()) {
      const fd = i < fit && numbers.length === i ? newFd(task, file.get(), closeOnExec ? O_CLOEXEC : 0) : -EBADF;
      if (fd >= 0) numbers.push(fd);
      file.put();
    }
    if (numbers.length < files.length) incoming.flags |= s.MSG_CTRUNC;
    if (numbers.length > 0)
      used += putMessage(bytes, used, socketMessage(s.SCM_RIGHTS, new Uint8Array(Int32Array.from(numbers).buffer)), incoming);
    incoming.files = [];
  }
  if (incoming.pidfdOf !== null) used += putPidfd(task, incoming.pidfdOf, bytes, used, incoming);
  return bytes.subarray(0, Math.min(used, room));
}

/** SCM_PIDFD: a descriptor of the sender, or why there is none. Linux: scm_pidfd_recv. */
function putPidfd(task: Task, pid: Pid, bytes: Uint8Array, at: number, incoming: Incoming): number {
  if (bytes.length - at < s.CMSGHDR_SIZE + 4) {
    incoming.flags |= s.MSG_CTRUNC;
    return 0;
  }
  const fd = pid.task === null ? -EINVAL : reservePidfd(task);
  if (fd >= 0) installPidfd(task, fd, pid);
  return putMessage(bytes, at, socketMessage(s.SCM_PIDFD, new Uint8Array(Int32Array.of(fd).buffer)), incoming);
}

const socketMessage = (type: number, data: Uint8Array): ControlMessage => ({ level: s.SOL_SOCKET, type, data });

/** Add a control message at `at`, cut off if there is no room: how many bytes it takes. Linux: put_cmsg. */
function putMessage(bytes: Uint8Array, at: number, { level, type, data }: ControlMessage, incoming: Incoming): number {
  const room = bytes.length - at;
  if (room < s.CMSGHDR_SIZE) {
    incoming.flags |= s.MSG_CTRUNC;
    return 0;
  }
  const length = Math.min(s.CMSGHDR_SIZE + data.length, room);
  if (length < s.CMSGHDR_SIZE + data.length) incoming.flags |= s.MSG_CTRUNC;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, room);
  view.setUint32(0, length, true);
  view.setInt32(8, level, true);
  view.setInt32(12, type, true);
  bytes.set(data.subarray(0, length - s.CMSGHDR_SIZE), at + s.CMSGHDR_SIZE);
  return Math.min(align(length), room);
}
