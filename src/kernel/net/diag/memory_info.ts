/** The memory that a socket uses. Linux: sk_get_meminfo. See sock_diag(7), UDIAG_SHOW_MEMINFO. */

import type { Socket } from '../socket.ts';

/** SK_MEMINFO_: received, its limit, sent, its limit, forward allocated, queued, options, backlog, drops. */
export const socketMemory = (socket: Socket, receiving: number, sending: number): Uint8Array =>
  new Uint8Array(Uint32Array.of(receiving, socket.receiveBuffer, sending, socket.sendBuffer, 0, sending, 0, 0, 0).buffer);
