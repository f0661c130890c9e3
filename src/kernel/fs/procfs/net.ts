/** /proc/[pid]/net: the network stack of the target's namespace, as far as there is one. See proc_pid_net(5). */

import { AF_UNIX } from '../../../abi/socket.ts';
import { NetlinkSocket } from '../../net/netlink/netlink_socket.ts';
import type { Socket } from '../../net/socket.ts';
import { UnixSocket } from '../../net/unix/unix_socket.ts';
import { latin1Text } from '../../vfs/text.ts';
import { directory, file, type ProcContext, type ProcDirectoryEntry } from './entry.ts';
import { deviceFiles } from './net_devices.ts';
import { protocolsFile } from './net_protocols.ts';
import { socketFiles } from './net_sockets.ts';

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

/** Linux: netlink_native_seq_show; the kernel's own sockets are not shown, for there are none. */
function netlink(context: ProcContext): string {
  let text = 'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n';
  for (const socket of socketsOf(context)) {
    if (!(socket instanceof NetlinkSocket)) continue;
    const number = (value: number, width: number): string => String(value).padEnd(width);
    const groups = new DataView(socket.localName().buffer).getUint32(8, true).toString(16).padStart(8, '0');
    text += `0000000000000000 ${number(socket.protocol, 3)} ${number(socket.portNumber, 10)} ${groups} ${number(socket.waiting, 8)} ${number(0, 8)} ${number(0, 5)} ${number(2, 8)} ${number(0, 8)} ${number(socket.inode.ino, 8)}\n`;
  }
  return text;
}

export const netDirectory: ProcDirectoryEntry = directory({
  ...deviceFiles,
  netlink: file(0o444, netlink),
  ...socketFiles,
  protocols: protocolsFile,
  unix: file(0o444, unix),
});
