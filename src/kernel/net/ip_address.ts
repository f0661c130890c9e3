/** IP addresses as texts of hexadecimal digits: 8 of IPv4, 32 of IPv6. See ip(7), ipv6(7). */

export type Ip = string;

export const ANY4 = '00000000';
export const ANY6: string = '0'.repeat(32);
export const LOOPBACK4 = '7f000001';
export const LOOPBACK6: string = `${'0'.repeat(31)}1`;
/** ::ffff:0:0/96. */
const MAPPED: string = `${'0'.repeat(20)}ffff`;

export const ipOf = (bytes: Uint8Array): Ip => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export function ipBytes(ip: Ip): Uint8Array {
  const bytes = new Uint8Array(ip.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(ip.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export const isIp4 = (ip: Ip): boolean => ip.length === 8;
export const ipBits = (ip: Ip): number => ip.length * 4;

/** The first `length` bits of `ip`; the others are those of `fill` (0 or f). */
function keepBits(ip: Ip, length: number, fill: '0' | 'f'): Ip {
  const whole = length >> 2;
  if (whole >= ip.length) return ip;
  const host = 0xf >> (length & 3);
  const digit = Number.parseInt(ip[whole]!, 16);
  const mixed = fill === '0' ? digit & ~host : digit | host;
  return ip.slice(0, whole) + mixed.toString(16) + fill.repeat(ip.length - whole - 1);
}

export const networkOf = (ip: Ip, length: number): Ip => keepBits(ip, length, '0');
export const broadcastOf = (ip: Ip, length: number): Ip => keepBits(ip, length, 'f');
export const netmaskOf = (length: number): Ip => networkOf('ffffffff', length);
export const inNetwork = (ip: Ip, network: Ip, length: number): boolean =>
  ip.length === network.length && networkOf(ip, length) === networkOf(network, length);

export const isAny = (ip: Ip): boolean => ip === ANY4 || ip === ANY6;
export const isLoopback = (ip: Ip): boolean => (isIp4(ip) ? ip.startsWith('7f') : ip === LOOPBACK6);
/** 224.0.0.0/4, ff00::/8. */
export const isMulticast = (ip: Ip): boolean => (isIp4(ip) ? ip.startsWith('e') : ip.startsWith('ff'));
/** 169.254.0.0/16, fe80::/10. */
export const isLinkLocal = (ip: Ip): boolean => (isIp4(ip) ? ip.startsWith('a9fe') : inNetwork(ip, `fe8${'0'.repeat(29)}`, 10));
export const isMapped = (ip: Ip): boolean => ip.startsWith(MAPPED) && !isIp4(ip);
export const mapped = (ip: Ip): Ip => (isIp4(ip) ? MAPPED + ip : ip);
/** The IPv4 address that a mapped one stands for; others stay. */
export const unmapped = (ip: Ip): Ip => (isMapped(ip) ? ip.slice(24) : ip);
