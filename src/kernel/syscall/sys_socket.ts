/** socket, socketpair, bind, listen, accept, connect, names, options, shutdown. See the manual page of each. Linux: net/socket.c. */

import { EAFNOSUPPORT, EBADF, EFAULT, EINVAL, ENOTSOCK, isErrno } from '../../abi/errno.ts';
import { O_CLOEXEC, O_NONBLOCK } from '../../abi/fcntl.ts';
import * as s from '../../abi/socket.ts';
import { families } from '../net/families.ts';
import { Socket } from '../net/socket.ts';
import { getSocketOption, setSocketOption } from '../net/socket_options.ts';
import type { Task } from '../task/task.ts';
import { fd, flags, int, ptr } from './args.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';
import { pin, pinnedFile } from './pinned_file.ts';

const CREATION_FLAGS = s.SOCK_CLOEXEC | s.SOCK_NONBLOCK;
const MAX_OPTION = 65536;

/** The socket behind a descriptor (or the one that the sleeping call has pinned): -EBADF, -ENOTSOCK. */
export function socketOf(task: Task, number: number): Socket | number {
  const file = pinnedFile(task, number);
  if (file === null) return -EBADF;
  return file instanceof Socket ? file : -ENOTSOCK;
}

/** A struct sockaddr of a program. Linux: move_addr_to_kernel. */
export function readAddress(task: Task, address: number, length: number): Uint8Array | number {
  if (length < 0 || length > s.SOCKADDR_STORAGE_SIZE) return -EINVAL;
  return task.mm!.copyIn(address, length);
}

/** Write a struct sockaddr and its length for a program that has room for `lengthAt`'s value. Linux: move_addr_to_user. */
export function writeAddress(task: Task, name: Uint8Array, address: number, lengthAt: number): number {
  const mm = task.mm!;
  const room = mm.readU32(lengthAt);
  if (room < 0) return room;
  if ((room | 0) < 0) return -EINVAL;
  return mm.copyOut(address, name.subarray(0, Math.min(room, name.length))) || mm.writeU32(lengthAt, name.length);
}

/** Common to socket and socketpair: the family, or a negative errno. */
function familyOf(domain: number, type: number): NonNullable<ReturnType<typeof families.get>> | number {
  if ((type & ~s.SOCK_TYPE_MASK & ~CREATION_FLAGS) !== 0) return -EINVAL;
  if (domain < 0 || domain >= s.AF_MAX) return -EAFNOSUPPORT;
  if ((type & s.SOCK_TYPE_MASK) >= s.SOCK_MAX) return -EINVAL;
  return families.get(domain) ?? -EAFNOSUPPORT;
}

const socket = defineSyscall('socket', [int('family'), flags('type'), int('protocol')], (task, domain, type, protocol) => {
  const family = familyOf(domain, type);
  if (typeof family === 'number') return family;
  const made = family.create(task, type & s.SOCK_TYPE_MASK, protocol, type & O_NONBLOCK);
  return isErrno(made) ? made : newFd(task, made as Socket, type & O_CLOEXEC);
});

const socketpair = defineSyscall(
  'socketpair',
  [int('family'), flags('type'), int('protocol'), ptr('usockvec')],
  (task, domain, type, protocol, address) => {
    const family = familyOf(domain, type);
    if (typeof family === 'number') return family;
    const ready = task.mm!.faultIn(address, 8, true);
    if (ready < 8) return ready < 0 ? ready : -EFAULT;
    const made = family.pair(task, type & s.SOCK_TYPE_MASK, protocol, type & O_NONBLOCK);
    if (isErrno(made)) return made;
    const [one, other] = made as readonly [Socket, Socket];
    const first = newFd(task, one, type & O_CLOEXEC);
    if (first < 0) {
      other.put();
      return first;
    }
    const second = newFd(task, other, type & O_CLOEXEC);
    if (second < 0) {
      task.files!.close(task, first);
      return second;
    }
    return task.mm!.writeU64(address, first, second);
  },
);

const bind = defineSyscall('bind', [fd('fd'), ptr('umyaddr'), int('addrlen')], (task, number, address, length) => {
  const found = socketOf(task, number);
  if (isErrno(found)) return found;
  const name = readAddress(task, address, length);
  if (isErrno(name)) return name;
  if ((name as Uint8Array).length < 2) return -EINVAL;
  return found.bind(task, name as Uint8Array);
});

const connect = defineSyscall('connect', [fd('fd'), ptr('uservaddr'), int('addrlen')], (task, number, address, length) => {
  const found = socketOf(task, number);
  if (isErrno(found)) return found;
  const name = readAddress(task, address, length);
  if (isErrno(name)) return name;
  if ((name as Uint8Array).length < 2) return -EINVAL;
  return pin(task, found, found.connect(task, name as Uint8Array));
});

const listen = defineSyscall('listen', [fd('fd'), int('backlog')], (task, number, backlog) => {
  const found = socketOf(task, number);
  return isErrno(found) ? found : found.listen(task, backlog);
});

function acceptFrom(task: Task, number: number, address: number, lengthAt: number, flag: number): number {
  if ((flag & ~CREATION_FLAGS) !== 0) return -EINVAL;
  const found = socketOf(task, number);
  if (isErrno(found)) return found;
  const accepted = found.accept(task, found.waitFlag);
  if (isErrno(accepted)) return pin(task, found, accepted as number);
  const connection = accepted as Socket;
  connection.flags |= flag & O_NONBLOCK;
  if (address !== 0) {
    const name = connection.peerName();
    const failed = isErrno(name) ? name : writeAddress(task, name as Uint8Array, address, lengthAt);
    if (failed < 0) {
      connection.put();
      return failed;
    }
  }
  return newFd(task, connection, flag & O_CLOEXEC);
}

const accept = defineSyscall('accept', [fd('fd'), ptr('upeer_sockaddr'), ptr('upeer_addrlen')], (task, number, address, lengthAt) =>
  acceptFrom(task, number, address, lengthAt, 0),
);

const accept4 = defineSyscall(
  'accept4',
  [fd('fd'), ptr('upeer_sockaddr'), ptr('upeer_addrlen'), flags('flags')],
  (task, number, address, lengthAt, flag) => acceptFrom(task, number, address, lengthAt, flag),
);

const getsockname = defineSyscall('getsockname', [fd('fd'), ptr('usockaddr'), ptr('usockaddr_len')], (task, number, address, lengthAt) => {
  const found = socketOf(task, number);
  if (isErrno(found)) return found;
  const name = found.localName();
  return isErrno(name) ? name : writeAddress(task, name as Uint8Array, address, lengthAt);
});

const getpeername = defineSyscall('getpeername', [fd('fd'), ptr('usockaddr'), ptr('usockaddr_len')], (task, number, address, lengthAt) => {
  const found = socketOf(task, number);
  if (isErrno(found)) return found;
  const name = found.peerName();
  return isErrno(name) ? name : writeAddress(task, name as Uint8Array, address, lengthAt);
});

const shutdown = defineSyscall('shutdown', [fd('fd'), int('how')], (task, number, how) => {
  const found = socketOf(task, number);
  return isErrno(found) ? found : found.shutdown(task, how);
});

const setsockopt = defineSyscall(
  'setsockopt',
  [fd('fd'), int('level'), int('optname'), ptr('optval'), int('optlen')],
  (task, number, level, name, address, length) => {
    if (length < 0) return -EINVAL;
    const found = socketOf(task, number);
    if (isErrno(found)) return found;
    const bytes = task.mm!.copyIn(address, Math.min(length, MAX_OPTION));
    if (isErrno(bytes)) return bytes;
    if (level === s.SOL_SOCKET) return setSocketOption(task, found, name, bytes as Uint8Array);
    return found.setOption(task, level, name, bytes as Uint8Array);
  },
);

const getsockopt = defineSyscall(
  'getsockopt',
  [fd('fd'), int('level'), int('optname'), ptr('optval'), ptr('optlen')],
  (task, number, level, name, address, lengthAt) => {
    const found = socketOf(task, number);
    if (isErrno(found)) return found;
    const mm = task.mm!;
    const room = mm.readU32(lengthAt);
    if (room < 0) return room;
    if ((room | 0) < 0) return -EINVAL;
    const ready = room === 0 ? 0 : mm.faultIn(address, Math.min(room, MAX_OPTION), true);
    if (ready < 0) return ready;
    const value = level === s.SOL_SOCKET ? getSocketOption(task, found, name, room) : found.getOption(task, level, name);
    if (isErrno(value)) return value;
    const bytes = (value as Uint8Array).subarray(0, room);
    return mm.copyOut(address, bytes) || mm.writeU32(lengthAt, bytes.length);
  },
);

export const socketCalls: readonly Syscall[] = [
  partial(socket, 'AF_UNIX, AF_INET, AF_INET6 (TCP, UDP, ICMP) and rtnetlink: other families are refused with EAFNOSUPPORT'),
  socketpair,
  bind,
  connect,
  listen,
  accept,
  accept4,
  getsockname,
  getpeername,
  shutdown,
  setsockopt,
  getsockopt,
];
