/** When messages arrived, for programs that asked to be told. Linux: __sock_recv_timestamp in net/socket.c. See socket(7), SO_TIMESTAMP. */

import { SO_TIMESTAMP, SO_TIMESTAMP_NEW, SOL_SOCKET } from '../../abi/socket.ts';
import type { Timespec } from '../vfs/inode.ts';
import type { Incoming } from './message.ts';
import type { Socket } from './socket.ts';

/** The time of arrival of what comes to `socket` now; null if it does not want to know. */
export const arrivalTime = (socket: Socket): Timespec | null => (socket.timestamps === 0 ? null : socket.kernel.clock.realtime());

/** Tell when a message has arrived: struct timeval or timespec. What came before the program asked has come now. */
export function tellArrival(socket: Socket, arrived: Timespec | null, incoming: Incoming): void {
  const type = socket.timestamps;
  if (type === 0) return;
  const { seconds, nanoseconds } = arrived ?? socket.kernel.clock.realtime();
  const fraction = type === SO_TIMESTAMP || type === SO_TIMESTAMP_NEW ? Math.floor(nanoseconds / 1000) : nanoseconds;
  const data = new Uint8Array(BigInt64Array.of(BigInt(seconds), BigInt(fraction)).buffer);
  incoming.control.push({ level: SOL_SOCKET, type, data });
}
