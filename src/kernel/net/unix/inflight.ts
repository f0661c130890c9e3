/** Files on their way through Unix sockets, and those that nobody can ever receive. Linux: net/unix/garbage.c. */

import type { Kernel } from '../../kernel.ts';
import { Timer } from '../../time/timer.ts';
import type { File } from '../../vfs/file.ts';
import { UnixSocket } from './unix_socket.ts';

/** `files` are put into a message. */
export function addInflight(files: readonly File[]): void {
  for (const file of files) {
    if (!(file instanceof UnixSocket)) continue;
    file.inflight++;
    file.kernel.inflightSockets.add(file);
  }
}

/** `files` are taken out of a message. */
export function removeInflight(files: readonly File[]): void {
  for (const file of files) {
    if (!(file instanceof UnixSocket)) continue;
    if (--file.inflight === 0) file.kernel.inflightSockets.delete(file);
  }
}

/** The Unix sockets that wait in the queues of `socket`, and of connections that it has not accepted yet. */
function* passedThrough(socket: UnixSocket): IterableIterator<UnixSocket> {
  for (const message of socket.queue) for (const file of message.files) if (file instanceof UnixSocket) yield file;
  for (const connection of socket.pendingConnections) yield* passedThrough(connection);
}

/**
 * Sockets that are only in flight, inside queues of sockets that are only in flight themselves, can never be received:
 * empty their queues. Linux: unix_gc.
 */
function collectGarbage(sockets: ReadonlySet<UnixSocket>): void {
  if (sockets.size === 0) return;
  const candidates = new Set<UnixSocket>();
  for (const socket of sockets) if (socket.refs === socket.inflight) candidates.add(socket);
  const internal = new Map<UnixSocket, number>();
  for (const candidate of candidates) {
    for (const inner of passedThrough(candidate)) internal.set(inner, (internal.get(inner) ?? 0) + 1);
  }
  // Whatever is referred to from outside is alive, and all that can be reached from it.
  const alive = [...candidates].filter((candidate) => candidate.refs > (internal.get(candidate) ?? 0));
  for (let socket = alive.pop(); socket !== undefined; socket = alive.pop()) {
    if (!candidates.delete(socket)) continue;
    for (const inner of passedThrough(socket)) if (candidates.has(inner)) alive.push(inner);
  }
  for (const garbage of candidates) {
    garbage.purge();
    for (const connection of garbage.pendingConnections) connection.purge();
  }
}

/** Garbage is looked for once, however many sockets a program closes: in time that grows with what there is to look at. */
class Collection extends Timer {
  expire(kernel: Kernel): void {
    collectGarbage(kernel.inflightSockets);
  }
}

const DELAY = 1e6;
const DELAY_PER_SOCKET = 2000;

/**
 * `socket` is closed: throw away what it has received, and with that the sockets that only it would have received, and so on:
 * one after the other, for there is no end to how deep they are nested.
 */
export function emptyClosed(socket: UnixSocket): void {
  const { kernel } = socket;
  const { closedSockets: closed } = kernel;
  if (closed.push(socket) > 1) return;
  for (let at = 0; at < closed.length; at++) closed[at]!.purge();
  closed.length = 0;
  const { size } = kernel.inflightSockets;
  if (size === 0) return;
  kernel.unixCollection ??= new Collection();
  if (kernel.unixCollection.slot < 0) {
    kernel.timers.arm(kernel.unixCollection, kernel.clock.monotonic() + DELAY + size * DELAY_PER_SOCKET);
  }
}
