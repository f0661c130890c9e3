/** An address as a message of rtnetlink. Linux: inet_fill_ifaddr, inet6_fill_ifaddr. */

import * as n from '../../../abi/netlink.ts';
import { AF_INET, AF_INET6 } from '../../../abi/socket.ts';
import type { InetAddress } from '../device/inet_address.ts';
import type { NetDevice } from '../device/net_device.ts';
import { ipBytes, isIp4 } from '../ip_address.ts';
import { MessageWriter } from './attributes.ts';
import type { Envelope } from './request.ts';

export function fillAddress(device: NetDevice, address: InetAddress, type: number, { flags, sequence, port }: Envelope): Uint8Array {
  const { local, peer, broadcast, prefixLength, scope, label, protocol } = address;
  const four = isIp4(local);
  const message = new MessageWriter(type, flags, sequence, port);
  message.u8(four ? AF_INET : AF_INET6).u8(prefixLength);
  message
    .u8(address.flags & 0xff)
    .u8(scope)
    .u32(device.index);
  if (four) {
    message.attribute(n.IFA_ADDRESS, ipBytes(peer)).attribute(n.IFA_LOCAL, ipBytes(local));
    if (broadcast !== null) message.attribute(n.IFA_BROADCAST, ipBytes(broadcast));
    if (label !== '') message.text(n.IFA_LABEL, label);
    if (protocol !== 0) message.attribute8(n.IFA_PROTO, protocol);
    message.attribute32(n.IFA_FLAGS, address.flags);
    return cacheInfo(message, address).finish();
  }
  if (peer === local) message.attribute(n.IFA_ADDRESS, ipBytes(local));
  else message.attribute(n.IFA_LOCAL, ipBytes(local)).attribute(n.IFA_ADDRESS, ipBytes(peer));
  cacheInfo(message, address).attribute32(n.IFA_FLAGS, address.flags);
  if (protocol !== 0) message.attribute8(n.IFA_PROTO, protocol);
  return message.finish();
}

/** struct ifa_cacheinfo: preferred and valid for ever, made and changed when. */
const cacheInfo = (message: MessageWriter, { created }: InetAddress): MessageWriter =>
  message.attribute(n.IFA_CACHEINFO, new Uint8Array(Int32Array.of(-1, -1, created, created).buffer));
