/** struct sockaddr_in and struct sockaddr_in6. See ip(7), ipv6(7). */

import { EAFNOSUPPORT, EINVAL } from '../../../abi/errno.ts';
import { SOCKADDR_IN_SIZE, SOCKADDR_IN6_MIN, SOCKADDR_IN6_SIZE } from '../../../abi/inet.ts';
import { AF_INET, AF_INET6, AF_UNSPEC } from '../../../abi/socket.ts';
import { ANY4, type Ip, ipBytes, ipOf, mapped, unmapped } from '../ip_address.ts';

/** An address and a port. A mapped IPv4 address is that IPv4 address. */
export interface Endpoint {
  readonly ip: Ip;
  readonly port: number;
  /** The device of a link-local address; 0 for none. */
  readonly scope: number;
}

/** What a program passes to a socket of `family`: -EINVAL if it is too short, -EAFNOSUPPORT. */
export function parseSockaddr(family: number, bytes: Uint8Array, lenient: boolean): Endpoint | number {
  if (bytes.length < 2) return -EINVAL;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const given = view.getUint16(0, true);
  if (family === AF_INET6 && given === AF_INET6) {
    if (bytes.length < SOCKADDR_IN6_MIN) return -EINVAL;
    const scope = bytes.length >= SOCKADDR_IN6_SIZE ? view.getUint32(24, true) : 0;
    return { ip: unmapped(ipOf(bytes.subarray(8, 24))), port: view.getUint16(2), scope };
  }
  if (
    bytes.length < (family === AF_INET6 ? SOCKADDR_IN6_MIN : SOCKADDR_IN_SIZE) &&
    !(given === AF_INET && lenient && bytes.length >= SOCKADDR_IN_SIZE)
  )
    return -EINVAL;
  const ip = ipOf(bytes.subarray(4, 8));
  if (given === AF_INET && (family === AF_INET || lenient)) return { ip, port: view.getUint16(2), scope: 0 };
  if (given === AF_UNSPEC && family === AF_INET && lenient && ip === ANY4) return { ip, port: view.getUint16(2), scope: 0 };
  return -EAFNOSUPPORT;
}

/** What a socket of `family` shows. */
export function sockaddr(family: number, ip: Ip, port: number, scope = 0): Uint8Array {
  const bytes = new Uint8Array(family === AF_INET ? SOCKADDR_IN_SIZE : SOCKADDR_IN6_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  if (family === AF_INET) bytes.set(ipBytes(ip), 4);
  else {
    bytes.set(ipBytes(mapped(ip)), 8);
    view.setUint32(24, scope, true);
  }
  return bytes;
}
