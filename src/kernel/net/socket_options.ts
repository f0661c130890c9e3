/** The options of level SOL_SOCKET. Linux: sk_setsockopt, sk_getsockopt in net/core/sock.c. See socket(7). */

import { CAP_NET_ADMIN, CAP_NET_RAW } from '../../abi/capability.ts';
import { EDOM, EINVAL, ENODATA, ENODEV, ENOPROTOOPT, ENOTCONN, EPERM, ERANGE, isErrno } from '../../abi/errno.ts';
import { IFNAMSIZ } from '../../abi/net_device.ts';
import * as s from '../../abi/socket.ts';
import { installPidfd, reservePidfd } from '../task/pidfd.ts';
import type { Task } from '../task/task.ts';
import { latin1Bytes, latin1Text } from '../vfs/text.ts';
import { findDevice } from './device/device_table.ts';
import type { Ucred } from './message.ts';
import { DEFAULT_BUFFER, type Socket } from './socket.ts';
import { attachFilter, detachFilter } from './socket_filter.ts';

const MIN_SNDBUF = 4608;
const MIN_RCVBUF = 2304;
/** Options that are only remembered, as 0 or 1. */
const SWITCHES: ReadonlySet<number> = new Set([
  s.SO_DEBUG,
  s.SO_REUSEADDR,
  s.SO_DONTROUTE,
  s.SO_BROADCAST,
  s.SO_KEEPALIVE,
  s.SO_OOBINLINE,
  s.SO_REUSEPORT,
]);

const int32 = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);

/** Set an option from the bytes at optval: 0 or a negative errno. */
export function setSocketOption(task: Task, socket: Socket, name: number, bytes: Uint8Array): number {
  if (name === s.SO_BINDTODEVICE) return bindToDevice(task, socket, bytes);
  // Streams of bytes have no packets that a filter could see.
  const hasPackets = socket.type !== s.SOCK_STREAM;
  if (name === s.SO_ATTACH_FILTER && hasPackets) return attachFilter(task, socket, bytes);
  if (bytes.length < 4) return -EINVAL;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = view.getInt32(0, true);
  if (SWITCHES.has(name)) {
    socket.values.set(name, value === 0 ? 0 : 1);
    return 0;
  }
  switch (name) {
    case s.SO_SNDBUFFORCE:
    case s.SO_RCVBUFFORCE:
    case s.SO_SNDBUF:
    case s.SO_RCVBUF: {
      const force = name === s.SO_SNDBUFFORCE || name === s.SO_RCVBUFFORCE;
      if (force && !task.cred.capable(CAP_NET_ADMIN, socket.net.owner)) return -EPERM;
      const wanted = force ? Math.max(0, value) : Math.min(value >>> 0, DEFAULT_BUFFER);
      if (name === s.SO_SNDBUF || name === s.SO_SNDBUFFORCE) {
        socket.sendBuffer = Math.max(MIN_SNDBUF, wanted * 2);
        socket.drained.wakeAll();
      } else socket.receiveBuffer = Math.max(MIN_RCVBUF, wanted * 2);
      return 0;
    }
    case s.SO_RCVTIMEO:
    case s.SO_SNDTIMEO: {
      if (bytes.length < 16) return -EINVAL;
      const timeout = readTimeval(view);
      if (timeout < 0) return timeout;
      if (name === s.SO_RCVTIMEO) socket.receiveTimeout = timeout;
      else socket.sendTimeout = timeout;
      return 0;
    }
    case s.SO_PASSCRED:
      socket.passCredentials = value !== 0;
      return 0;
    case s.SO_PASSPIDFD:
      socket.passPidfd = value !== 0;
      return 0;
    case s.SO_TIMESTAMP:
    case s.SO_TIMESTAMPNS:
    case s.SO_TIMESTAMP_NEW:
    case s.SO_TIMESTAMPNS_NEW:
      socket.timestamps = value === 0 ? 0 : name;
      return 0;
    case s.SO_DETACH_FILTER:
      return detachFilter(socket);
    case s.SO_LOCK_FILTER:
      if (socket.filterLocked && value === 0) return -EPERM;
      socket.filterLocked = value !== 0;
      return 0;
    case s.SO_RCVLOWAT:
      socket.receiveLowWater = value < 0 ? 0x7fffffff : Math.max(1, value);
      return 0;
    case s.SO_PRIORITY:
      if ((value < 0 || value > 6) && !task.cred.capable(CAP_NET_ADMIN, socket.net.owner)) return -EPERM;
      socket.values.set(name, value);
      return 0;
    case s.SO_LINGER:
      if (bytes.length < 8) return -EINVAL;
      socket.linger = value === 0 ? -1 : view.getInt32(4, true);
      return 0;
    default:
      return -ENOPROTOOPT;
  }
}

/** Use one device only, or any again. Linux: sock_setbindtodevice. */
function bindToDevice(task: Task, socket: Socket, bytes: Uint8Array): number {
  if (socket.boundDevice !== 0 && !task.cred.capable(CAP_NET_RAW, socket.net.owner)) return -EPERM;
  const name = latin1Text(bytes.subarray(0, IFNAMSIZ - 1)).split('\0', 1)[0]!;
  const device = name === '' ? null : findDevice(socket.net, name);
  if (device === null && name !== '') return -ENODEV;
  socket.boundDevice = device?.index ?? 0;
  return 0;
}

/** struct timeval: nanoseconds, Infinity for zero, or a negative errno. */
function readTimeval(view: DataView): number {
  const seconds = Number(view.getBigInt64(0, true));
  const micro = Number(view.getBigInt64(8, true));
  if (micro < 0 || micro >= 1e6) return -EDOM;
  if (seconds < 0) return 1;
  return seconds === 0 && micro === 0 ? Number.POSITIVE_INFINITY : seconds * 1e9 + micro * 1000;
}

function timeval(timeout: number): Uint8Array {
  const finite = timeout === Number.POSITIVE_INFINITY ? 0 : timeout;
  return new Uint8Array(BigInt64Array.of(BigInt(Math.floor(finite / 1e9)), BigInt(Math.floor((finite % 1e9) / 1000))).buffer);
}

/** struct ucred as `task` sees it. */
export function encodeUcred(task: Task, { pid, uid, gid }: Ucred): Uint8Array {
  const { userNs } = task.cred;
  const id = (value: number, seen: number): number => (value === 0xffffffff ? -1 : seen);
  return new Uint8Array(Int32Array.of(pid?.in(task.pid.namespace) ?? 0, id(uid, userNs.uid(uid)), id(gid, userNs.gid(gid))).buffer);
}

/** The value of an option, or a negative errno. `length` is the room that the program has. */
export function getSocketOption(task: Task, socket: Socket, name: number, length: number): Uint8Array | number {
  if (SWITCHES.has(name) || name === s.SO_PRIORITY) return int32(socket.values.get(name) ?? 0);
  switch (name) {
    case s.SO_TYPE:
      return int32(socket.type);
    case s.SO_DOMAIN:
      return int32(socket.family);
    case s.SO_PROTOCOL:
      return int32(socket.protocol);
    case s.SO_ERROR:
      return int32(-socket.takeError());
    case s.SO_ACCEPTCONN:
      return int32(socket.listening ? 1 : 0);
    case s.SO_SNDBUF:
      return int32(socket.sendBuffer);
    case s.SO_RCVBUF:
      return int32(socket.receiveBuffer);
    case s.SO_RCVLOWAT:
      return int32(socket.receiveLowWater);
    case s.SO_SNDLOWAT:
      return int32(1);
    case s.SO_PASSCRED:
      return int32(socket.passCredentials ? 1 : 0);
    case s.SO_LOCK_FILTER:
      return int32(socket.filterLocked ? 1 : 0);
    case s.SO_PASSPIDFD:
      return int32(socket.passPidfd ? 1 : 0);
    case s.SO_TIMESTAMP:
    case s.SO_TIMESTAMPNS:
    case s.SO_TIMESTAMPNS_NEW:
      return int32(socket.timestamps === name ? 1 : 0);
    // Whether the structure is one of the new ones, whichever.
    case s.SO_TIMESTAMP_NEW:
      return int32(socket.timestamps >= name ? 1 : 0);
    // What sock_diag(7) tells a socket from its successors by.
    case s.SO_COOKIE:
      return length < 8 ? -EINVAL : new Uint8Array(BigUint64Array.of(BigInt(socket.inode.ino)).buffer);
    case s.SO_RCVTIMEO:
      return timeval(socket.receiveTimeout);
    case s.SO_SNDTIMEO:
      return timeval(socket.sendTimeout);
    case s.SO_LINGER:
      return new Uint8Array(Int32Array.of(socket.linger < 0 ? 0 : 1, Math.max(0, socket.linger)).buffer);
    case s.SO_PEERCRED: {
      const cred = socket.peerCredentials;
      return encodeUcred(task, cred ?? { pid: null, uid: 0xffffffff, gid: 0xffffffff });
    }
    case s.SO_PEERGROUPS: {
      const groups = socket.peerCredentials?.pid?.task?.cred.fields.groups;
      if (groups === undefined) return -ENODATA;
      return groups.length * 4 > length ? -ERANGE : new Uint8Array(Int32Array.from(groups, (gid) => task.cred.userNs.gid(gid)).buffer);
    }
    case s.SO_PEERPIDFD: {
      const pid = socket.peerCredentials?.pid ?? null;
      if (pid === null) return -ENODATA;
      if (pid.task === null) return -EINVAL;
      const fd = reservePidfd(task);
      if (fd >= 0) installPidfd(task, fd, pid);
      return fd < 0 ? fd : int32(fd);
    }
    case s.SO_BINDTODEVICE: {
      const name = socket.net.devices.get(socket.boundDevice)?.name;
      if (name === undefined) return new Uint8Array(0);
      return length < IFNAMSIZ ? -EINVAL : latin1Bytes(`${name}\0`);
    }
    case s.SO_PEERNAME: {
      const peer = socket.peerName();
      if (isErrno(peer)) return -ENOTCONN;
      return (peer as Uint8Array).length < length ? -EINVAL : peer;
    }
    default:
      return -ENOPROTOOPT;
  }
}
