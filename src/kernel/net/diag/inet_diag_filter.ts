/** The filter of a request for sockets of IP: operations that jump forward, past the end for "no". Linux: inet_diag_bc_run, inet_diag_bc_audit. */

import { EINVAL } from '../../../abi/errno.ts';
import * as d from '../../../abi/sock_diag.ts';
import { AF_INET, AF_INET6, AF_UNSPEC } from '../../../abi/socket.ts';
import type { PortHolder } from '../inet/port_table.ts';
import { type Ip, ipBytes, isIp4 } from '../ip_address.ts';

/** struct inet_diag_bc_op, struct inet_diag_hostcond. */
const OP_SIZE = 4;
const HOST_SIZE = 8;
const ADDRESS_SIZES: Readonly<Record<number, number>> = { [AF_UNSPEC]: 0, [AF_INET]: 4, [AF_INET6]: 16 };

const viewOf = (code: Uint8Array): DataView => new DataView(code.buffer, code.byteOffset, code.byteLength);

/** The bytes that an operation has at least, NaN for one that is wrong or unknown. */
function leastSize(view: DataView, at: number, left: number): number {
  switch (view.getUint8(at)) {
    case d.INET_DIAG_BC_NOP:
    case d.INET_DIAG_BC_JMP:
    case d.INET_DIAG_BC_AUTO:
      return OP_SIZE;
    case d.INET_DIAG_BC_S_GE:
    case d.INET_DIAG_BC_S_LE:
    case d.INET_DIAG_BC_D_GE:
    case d.INET_DIAG_BC_D_LE:
    case d.INET_DIAG_BC_S_EQ:
    case d.INET_DIAG_BC_D_EQ:
    case d.INET_DIAG_BC_DEV_COND:
      return left < 2 * OP_SIZE ? Number.NaN : 2 * OP_SIZE;
    case d.INET_DIAG_BC_S_COND:
    case d.INET_DIAG_BC_D_COND: {
      if (left < OP_SIZE + HOST_SIZE) return Number.NaN;
      const bytes = ADDRESS_SIZES[view.getUint8(at + OP_SIZE)];
      if (bytes === undefined || view.getUint8(at + OP_SIZE + 1) > 8 * bytes) return Number.NaN;
      const size = OP_SIZE + HOST_SIZE + bytes;
      return left < size ? Number.NaN : size;
    }
  }
  return Number.NaN;
}

/** Whether an operation begins `left` bytes before the end. Linux: valid_cc. */
function begins(view: DataView, left: number): boolean {
  for (let at = 0, rest = view.byteLength; rest >= 0; ) {
    if (left > rest) return false;
    if (left === rest) return true;
    const yes = view.getUint8(at + 1);
    if (yes < OP_SIZE || (yes & 3) !== 0) return false;
    at += yes;
    rest -= yes;
  }
  return false;
}

/** 0 or -EINVAL. */
export function auditFilter(code: Uint8Array): number {
  const view = viewOf(code);
  if (code.length < OP_SIZE) return -EINVAL;
  let at = 0;
  for (let left = code.length; left > 0; ) {
    if (left < OP_SIZE) return -EINVAL;
    const least = leastSize(view, at, left);
    const yes = view.getUint8(at + 1);
    const no = view.getUint16(at + 2, true);
    const fits = (jump: number): boolean => jump >= least && jump <= left + OP_SIZE && (jump & 3) === 0;
    if (!fits(yes)) return -EINVAL;
    if (view.getUint8(at) !== d.INET_DIAG_BC_NOP && (!fits(no) || (no < left && !begins(view, left - no)))) return -EINVAL;
    at += yes;
    left -= yes;
    if (left < 0) return -EINVAL;
  }
  return 0;
}

function sameBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let i = 0; i < bits; i++) {
    const mask = 0x80 >> (i & 7);
    if ((a[i >> 3]! & mask) !== (b[i >> 3]! & mask)) return false;
  }
  return true;
}

/** A condition on one end: its port, and the first bits of its address. */
function hostMatches(view: DataView, at: number, ip: Ip | null, port: number, family: number): boolean {
  const wanted = view.getUint8(at);
  const bits = view.getUint8(at + 1);
  const wantedPort = view.getInt32(at + 4, true);
  if (wantedPort !== -1 && wantedPort !== port) return false;
  // An IPv6 socket with an IPv4 address can be asked for by that.
  const bytes = ip === null ? new Uint8Array(family === AF_INET ? 4 : 16) : ipBytes(ip);
  if (wanted !== AF_UNSPEC && wanted !== family && !(wanted === AF_INET && ip !== null && isIp4(ip))) return false;
  if (bits === 0) return true;
  return bits <= 8 * bytes.length && sameBits(bytes, new Uint8Array(view.buffer, view.byteOffset + at + HOST_SIZE), bits);
}

/** Whether the socket is asked for. The filter has been audited. */
export function filterMatches(code: Uint8Array, holder: PortHolder, chosenPort: boolean): boolean {
  const view = viewOf(code);
  const { local, localPort, remote, remotePort, family, boundDevice } = holder;
  const holds = (at: number): boolean => {
    const number = at + OP_SIZE + 2 < code.length ? view.getUint16(at + OP_SIZE + 2, true) : 0;
    switch (view.getUint8(at)) {
      case d.INET_DIAG_BC_JMP:
        return false;
      case d.INET_DIAG_BC_S_EQ:
        return localPort === number;
      case d.INET_DIAG_BC_S_GE:
        return localPort >= number;
      case d.INET_DIAG_BC_S_LE:
        return localPort <= number;
      case d.INET_DIAG_BC_D_EQ:
        return remotePort === number;
      case d.INET_DIAG_BC_D_GE:
        return remotePort >= number;
      case d.INET_DIAG_BC_D_LE:
        return remotePort <= number;
      case d.INET_DIAG_BC_AUTO:
        return !chosenPort;
      case d.INET_DIAG_BC_S_COND:
        return hostMatches(view, at + OP_SIZE, local, localPort, family);
      case d.INET_DIAG_BC_D_COND:
        return hostMatches(view, at + OP_SIZE, remote, remotePort, family);
      case d.INET_DIAG_BC_DEV_COND:
        return view.getUint32(at + OP_SIZE, true) === boundDevice;
    }
    return true;
  };
  let at = 0;
  while (at < code.length) at += holds(at) ? view.getUint8(at + 1) : view.getUint16(at + 2, true);
  return at === code.length;
}
