/** /proc/[pid]/net: the network stack of the target's namespace, as far as there is one. See proc_pid_net(5). */

import { AF_UNIX } from '../../../abi/socket.ts';
import type { Socket } from '../../net/socket.ts';
import { UnixSocket } from '../../net/unix/unix_socket.ts';
import { latin1Text } from '../../vfs/text.ts';
import { constant, directory, file, type ProcContext, type ProcDirectoryEntry } from './entry.ts';

const SO_ACCEPTCON = 0x10000;
/** Linux: socket_state. */
const SS_UNCONNECTED = 1;
const SS_CONNECTED = 3;
/** Where the name begins in struct sockaddr_un. */
const NAME_OFFSET = 2;

const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');

/** Path names end at their NUL; NULs of abstract names are shown as @. */
function nameOf(address: Uint8Array): string {
  const name = latin1Text(address.subarray(NAME_OFFSET));
  return name.startsWith('\0') ? name.replaceAll('\0', '@') : name.split('\0', 1)[0]!;
}

/** Linux: unix_seq_show. Addresses of kernel objects mean nothing here. */
function unixRow(socket: UnixSocket): string {
  const flags = socket.listening ? SO_ACCEPTCON : 0;
  const state = socket.peer !== null ? SS_CONNECTED : SS_UNCONNECTED;
  const columns = [
    hex(socket.refs + 1, 8),
    hex(0, 8),
    hex(flags, 8),
    hex(socket.type, 4),
    hex(state, 2),
    String(socket.inode.ino).padStart(5),
  ];
  return `0000000000000000: ${columns.join(' ')}${socket.name === null ? '' : ` ${nameOf(socket.name)}`}\n`;
}

const socketsOf = ({ target }: ProcContext): Iterable<Socket> => target.nsproxy.net.sockets;

function unix(context: ProcContext): string {
  let text = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
  for (const socket of socketsOf(context)) if (socket.family === AF_UNIX && socket instanceof UnixSocket) text += unixRow(socket);
  return text;
}

export const netDirectory: ProcDirectoryEntry = directory({
  // There are no network devices.
  dev: constant(
    'Inter-|   Receive                                                |  Transmit\n' +
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n',
  ),
  sockstat: file(0o444, (context) => `sockets: used ${[...socketsOf(context)].length}\n`),
  unix: file(0o444, unix),
});
