/** sendto, recvfrom, sendmsg, recvmsg, sendmmsg, recvmmsg. See send(2), recv(2), sendmmsg(2), recvmmsg(2). Linux: net/socket.c. */

import { EFAULT, EINVAL, EMSGSIZE, ENOBUFS, isErrno } from '../../abi/errno.ts';
import { MAX_RW_COUNT, UIO_MAXIOV } from '../../abi/fcntl.ts';
import * as s from '../../abi/socket.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { buildControl, type Control, parseControl } from '../net/control.ts';
import { Incoming } from '../net/message.ts';
import type { Socket } from '../net/socket.ts';
import { BLOCKED, type Task } from '../task/task.ts';
import { IovIter, type Segment } from '../vfs/iov_iter.ts';
import { fd, flags, ptr, size, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { pin } from './pinned_file.ts';
import { readAddress, socketOf, writeAddress } from './sys_socket.ts';
import { readTimeout } from './timeout.ts';

/** Control data of one message. Linux: net.core.optmem_max. */
const OPTMEM_MAX = 131072;

const sendto = defineSyscall(
  'sendto',
  [fd('fd'), ptr('buff'), size('len'), flags('flags'), ptr('addr'), uint('addr_len')],
  (task, number, buffer, length, flag, address, addressLength) => {
    const socket = socketOf(task, number);
    if (isErrno(socket)) return socket;
    const name = address === 0 ? null : readAddress(task, address, addressLength | 0);
    if (isErrno(name)) return name;
    const iter = IovIter.user(task.mm!, buffer, Math.min(length, MAX_RW_COUNT));
    const outgoing = { iter, flags: flag | socket.waitFlag, name: name as Uint8Array | null, files: [], cred: null };
    return pin(task, socket, socket.send(task, outgoing));
  },
);

const recvfrom = defineSyscall(
  'recvfrom',
  [fd('fd'), ptr('ubuf'), size('size'), flags('flags'), ptr('addr'), ptr('addr_len')],
  (task, number, buffer, length, flag, address, lengthAt) => {
    const socket = socketOf(task, number);
    if (isErrno(socket)) return socket;
    if (address !== 0) {
      const ready = task.mm!.faultIn(lengthAt, 4, true);
      if (ready < 4) return ready === NOT_RESIDENT ? ready : -EFAULT;
    }
    const incoming = new Incoming();
    const iter = IovIter.user(task.mm!, buffer, Math.min(length, MAX_RW_COUNT));
    const count = socket.receive(task, iter, flag | socket.waitFlag, incoming);
    for (const file of incoming.files) file.put();
    if (count < 0 || address === 0) return pin(task, socket, count);
    const failed = incoming.name === null ? task.mm!.writeU32(lengthAt, 0) : writeAddress(task, incoming.name, address, lengthAt);
    return failed < 0 ? failed : count;
  },
);

/** struct msghdr. */
interface MessageHeader {
  readonly name: number;
  readonly nameLength: number;
  readonly segments: readonly Segment[];
  readonly control: number;
  readonly controlLength: number;
}

function readHeader(task: Task, address: number): MessageHeader | number {
  const bytes = task.mm!.copyIn(address, s.MSGHDR_SIZE);
  if (isErrno(bytes)) return bytes;
  const view = new DataView((bytes as Uint8Array).buffer);
  const u64 = (at: number): number => view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
  const nameLength = view.getInt32(8, true);
  if (nameLength < 0) return -EINVAL;
  const count = u64(24);
  if (count > UIO_MAXIOV) return -EMSGSIZE;
  const iovecs = task.mm!.copyIn(u64(16), count * 16);
  if (isErrno(iovecs)) return iovecs;
  const data = new DataView((iovecs as Uint8Array).buffer);
  const segments: Segment[] = [];
  let left = MAX_RW_COUNT;
  for (let at = 0; at < data.byteLength; at += 16) {
    const length = data.getUint32(at + 12, true) * 4294967296 + data.getUint32(at + 8, true);
    if (length >= 2 ** 63) return -EINVAL;
    segments.push({ address: data.getUint32(at + 4, true) * 4294967296 + data.getUint32(at, true), length: Math.min(length, left) });
    left -= segments.at(-1)!.length;
  }
  return { name: u64(0), nameLength: Math.min(nameLength, s.SOCKADDR_STORAGE_SIZE), segments, control: u64(32), controlLength: u64(40) };
}

function sendOne(task: Task, socket: Socket, address: number, flag: number): number {
  const header = readHeader(task, address);
  if (isErrno(header)) return header;
  const { name, nameLength, segments, control, controlLength } = header as MessageHeader;
  const to = name === 0 || nameLength === 0 ? null : readAddress(task, name, nameLength);
  if (isErrno(to)) return to;
  if (controlLength > OPTMEM_MAX) return -ENOBUFS;
  const bytes = controlLength === 0 ? new Uint8Array(0) : task.mm!.copyIn(control, controlLength);
  if (isErrno(bytes)) return bytes;
  const parsed = parseControl(task, bytes as Uint8Array);
  if (isErrno(parsed)) return parsed;
  const { files, cred } = parsed as Control;
  const iter = IovIter.vector(task.mm!, segments);
  return socket.send(task, { iter, flags: flag | socket.waitFlag, name: to as Uint8Array | null, files, cred });
}

/** Make what recvmsg writes besides the data resident, so that nothing is lost: 0, -EFAULT or NOT_RESIDENT. */
function prepareHeader(task: Task, address: number, { name, nameLength, control, controlLength }: MessageHeader): number {
  const parts: readonly (readonly [number, number])[] = [
    [address, s.MSGHDR_SIZE],
    [name, name === 0 ? 0 : nameLength],
    [control, Math.min(controlLength, OPTMEM_MAX)],
  ];
  for (const [start, length] of parts) {
    const ready = length === 0 ? 0 : task.mm!.faultIn(start, length, true);
    if (ready < length) return ready === NOT_RESIDENT ? ready : -EFAULT;
  }
  return 0;
}

function receiveOne(task: Task, socket: Socket, address: number, flag: number): number {
  const read = readHeader(task, address);
  if (isErrno(read)) return read;
  const header = read as MessageHeader;
  const unprepared = prepareHeader(task, address, header);
  if (unprepared < 0) return unprepared;
  const mm = task.mm!;
  const incoming = new Incoming();
  const count = socket.receive(task, IovIter.vector(mm, header.segments), flag | socket.waitFlag, incoming);
  if (count < 0) return count;
  const room = header.control === 0 ? 0 : Math.min(header.controlLength, OPTMEM_MAX);
  const control = buildControl(task, incoming, room, (flag & s.MSG_CMSG_CLOEXEC) !== 0);
  mm.copyOut(header.control, control);
  if (header.name !== 0) {
    const name = incoming.name ?? new Uint8Array(0);
    mm.copyOut(header.name, name.subarray(0, header.nameLength));
    mm.writeU32(address + 8, name.length);
  }
  mm.writeU64(address + 40, control.length, 0);
  mm.writeU32(address + 48, incoming.flags | (flag & s.MSG_CMSG_CLOEXEC));
  return count;
}

const sendmsg = defineSyscall('sendmsg', [fd('fd'), ptr('msg'), flags('flags')], (task, number, address, flag) => {
  const socket = socketOf(task, number);
  return isErrno(socket) ? socket : pin(task, socket, sendOne(task, socket, address, flag));
});

const recvmsg = defineSyscall('recvmsg', [fd('fd'), ptr('msg'), flags('flags')], (task, number, address, flag) => {
  const socket = socketOf(task, number);
  return isErrno(socket) ? socket : pin(task, socket, receiveOne(task, socket, address, flag));
});

/**
 * Messages one after the other, each with the number of its bytes. Only the first may wait: a stream's own progress must
 * not be mistaken for the number of messages.
 */
function many(task: Task, socket: Socket, address: number, count: number, flag: number, move: typeof sendOne): number {
  let done = 0;
  while (done < count) {
    const at = address + done * s.MMSGHDR_SIZE;
    const result = move(task, socket, at, done === 0 ? flag : flag | s.MSG_DONTWAIT);
    if (result < 0) return done > 0 && result !== BLOCKED ? done : result;
    const failed = task.mm!.writeU32(at + s.MSGHDR_SIZE, result);
    if (failed < 0) return done > 0 ? done : failed;
    done++;
  }
  return done;
}

const sendmmsg = defineSyscall('sendmmsg', [fd('fd'), ptr('mmsg'), uint('vlen'), flags('flags')], (task, number, address, count, flag) => {
  const socket = socketOf(task, number);
  if (isErrno(socket)) return socket;
  return pin(task, socket, many(task, socket, address, Math.min(count, UIO_MAXIOV), flag, sendOne));
});

const recvmmsg = defineSyscall(
  'recvmmsg',
  [fd('fd'), ptr('mmsg'), uint('vlen'), flags('flags'), ptr('timeout')],
  (task, number, address, count, flag, timeoutAt) => {
    const timeout = readTimeout(task, timeoutAt);
    if (timeout < 0) return timeout;
    const socket = socketOf(task, number);
    if (isErrno(socket)) return socket;
    return pin(task, socket, many(task, socket, address, Math.min(count, UIO_MAXIOV), flag & ~s.MSG_WAITFORONE, receiveOne));
  },
);

export const messageCalls: readonly Syscall[] = [sendto, recvfrom, sendmsg, recvmsg, sendmmsg, recvmmsg];
