/** Unix sockets as NETLINK_SOCK_DIAG tells about them. Linux: net/unix/diag.c. See sock_diag(7). */

import { EINVAL, ENOENT, ESTALE } from '../../../abi/errno.ts';
import { TCP_CLOSE, TCP_ESTABLISHED, TCP_LISTEN } from '../../../abi/inet.ts';
import * as d from '../../../abi/sock_diag.ts';
import { AF_UNIX } from '../../../abi/socket.ts';
import { MessageWriter } from '../netlink/attributes.ts';
import type { NetlinkRequest } from '../netlink/request.ts';
import { UnixSocket } from '../unix/unix_socket.ts';
import { socketMemory } from './memory_info.ts';

/** Where sun_path begins. */
const PATH_AT = 2;

const u32s = (...numbers: number[]): Uint8Array => new Uint8Array(Uint32Array.from(numbers).buffer);

const stateOf = (socket: UnixSocket): number => (socket.listening ? TCP_LISTEN : socket.peer !== null ? TCP_ESTABLISHED : TCP_CLOSE);

/** The inode of the file that stands for a socket: 0 when it is closed, or waits for accept(2). */
function inodeOf(socket: UnixSocket): number {
  if (socket.dead) return 0;
  for (const other of socket.net.sockets) if (other instanceof UnixSocket && other.pendingConnections.includes(socket)) return 0;
  return socket.inode.ino;
}

function answer(request: NetlinkRequest, socket: UnixSocket, show: number): Uint8Array {
  const message = new MessageWriter(request.type, request.flags, request.sequence, request.port);
  message.u8(AF_UNIX).u8(socket.type).u8(stateOf(socket)).u8(0);
  message.u32(inodeOf(socket)).u32(socket.inode.ino).u32(0);
  const wants = (bit: number): boolean => (show & bit) !== 0;
  const { name, place, peer } = socket;
  if (wants(d.UDIAG_SHOW_NAME) && name !== null) message.attribute(d.UNIX_DIAG_NAME, name.subarray(PATH_AT));
  if (wants(d.UDIAG_SHOW_VFS) && place !== null) message.attribute(d.UNIX_DIAG_VFS, u32s(place.inode.ino, place.inode.sb.dev));
  if (wants(d.UDIAG_SHOW_PEER) && peer !== null) message.attribute32(d.UNIX_DIAG_PEER, inodeOf(peer));
  if (wants(d.UDIAG_SHOW_ICONS) && socket.listening)
    message.attribute(d.UNIX_DIAG_ICONS, u32s(...socket.pendingConnections.map((waiting) => waiting.peer?.inode.ino ?? 0)));
  const queued = socket.queue.reduce((total, { length }) => total + length, 0);
  if (wants(d.UDIAG_SHOW_RQLEN)) {
    const [receiving, sending] = socket.listening ? [socket.pendingConnections.length, socket.maxPending] : [queued, socket.sent];
    message.attribute(d.UNIX_DIAG_RQLEN, u32s(receiving, sending));
  }
  if (wants(d.UDIAG_SHOW_MEMINFO)) message.attribute(d.UNIX_DIAG_MEMINFO, socketMemory(socket, queued, socket.sent));
  message.attribute8(d.UNIX_DIAG_SHUTDOWN, socket.shutdownMask);
  if (wants(d.UDIAG_SHOW_UID)) message.attribute32(d.UNIX_DIAG_UID, request.task.cred.userNs.uid(socket.inode.uid));
  return message.finish();
}

export function askUnix(request: NetlinkRequest, all: boolean): number {
  const { body, net } = request;
  if (body.length < d.UNIX_DIAG_REQ_SIZE) return -EINVAL;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const states = view.getUint32(4, true);
  const ino = view.getUint32(8, true);
  const show = view.getUint32(12, true);
  const sockets = [...net.sockets].filter((socket): socket is UnixSocket => socket instanceof UnixSocket);
  if (all) {
    for (const socket of sockets) if (((states >>> stateOf(socket)) & 1) !== 0) request.answers.push(answer(request, socket, show));
    return 0;
  }
  if (ino === 0) return -EINVAL;
  const socket = sockets.find((one) => one.inode.ino === ino);
  if (socket === undefined) return -ENOENT;
  const cookie = view.getUint32(16, true);
  if (cookie !== d.INET_DIAG_NOCOOKIE && cookie !== ino) return -ESTALE;
  request.answers.push(answer(request, socket, show));
  return 0;
}
