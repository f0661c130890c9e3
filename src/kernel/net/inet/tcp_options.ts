/** The options of level IPPROTO_TCP: a table. Linux: do_tcp_setsockopt, do_tcp_getsockopt. See tcp(7). */

import { EINVAL, ENOENT, ENOPROTOOPT } from '../../../abi/errno.ts';
import * as i from '../../../abi/inet.ts';
import { latin1Bytes, latin1Text } from '../../vfs/text.ts';
import type { TcpSocket } from './tcp_socket.ts';

interface Row {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  /** A switch: any number is 1. */
  readonly boolean: boolean;
}

const number = (initial: number, min: number, max: number): Row => ({ initial, min, max, boolean: false });
const onOff = (initial: number): Row => ({ initial, min: -0x80000000, max: 0x7fffffff, boolean: true });

/** What they would change on a wire does not exist within one kernel: bytes move at once, and an end cannot vanish silently. */
const ROWS: ReadonlyMap<number, Row> = new Map([
  [i.TCP_NODELAY, onOff(0)],
  [i.TCP_MAXSEG, number(536, 88, 32767)],
  [i.TCP_CORK, onOff(0)],
  [i.TCP_KEEPIDLE, number(7200, 1, 32767)],
  [i.TCP_KEEPINTVL, number(75, 1, 32767)],
  [i.TCP_KEEPCNT, number(9, 1, 127)],
  [i.TCP_SYNCNT, number(6, 1, 127)],
  [i.TCP_LINGER2, number(60, -0x80000000, 120)],
  [i.TCP_DEFER_ACCEPT, number(0, 0, 0)],
  [i.TCP_WINDOW_CLAMP, number(0, 0, 0x7fffffff)],
  [i.TCP_QUICKACK, onOff(1)],
  [i.TCP_USER_TIMEOUT, number(0, 0, 0x7fffffff)],
  [i.TCP_NOTSENT_LOWAT, number(0, 0, 0x7fffffff)],
]);

/** The algorithms that may be named; none is needed. */
const CONGESTION_CONTROLS: readonly string[] = ['cubic', 'reno'];
const TCP_CA_NAME_MAX = 16;

export function setTcpOption(socket: TcpSocket, name: number, bytes: Uint8Array): number {
  if (name === i.TCP_CONGESTION) {
    const at = CONGESTION_CONTROLS.indexOf(latin1Text(bytes).split('\0', 1)[0]!);
    if (at < 0) return -ENOENT;
    socket.tcpOptions.set(name, at);
    return 0;
  }
  if (bytes.length < 4) return -EINVAL;
  const row = ROWS.get(name);
  if (row === undefined) return -ENOPROTOOPT;
  const value = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  if (value < row.min || value > row.max) return -EINVAL;
  socket.tcpOptions.set(name, row.boolean ? Number(value !== 0) : value);
  return 0;
}

export function getTcpOption(socket: TcpSocket, name: number): Uint8Array | number {
  if (name === i.TCP_INFO) return tcpInfo(socket);
  if (name === i.TCP_CONGESTION) {
    const bytes = new Uint8Array(TCP_CA_NAME_MAX);
    bytes.set(latin1Bytes(CONGESTION_CONTROLS[socket.tcpOptions.get(name) ?? 0]!));
    return bytes;
  }
  const row = ROWS.get(name);
  if (row === undefined) return -ENOPROTOOPT;
  return new Uint8Array(Int32Array.of(socket.tcpOptions.get(name) ?? row.initial).buffer);
}

/** struct tcp_info: the state, and what a lossless connection has of the rest. */
function tcpInfo(socket: TcpSocket): Uint8Array {
  const bytes = new Uint8Array(i.TCP_INFO_SIZE);
  const view = new DataView(bytes.buffer);
  bytes[0] = socket.tcpState;
  // Retransmission timeout and delayed acknowledgement, in microseconds.
  view.setUint32(8, 200000, true);
  view.setUint32(12, 40000, true);
  return bytes;
}
