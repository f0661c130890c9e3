/** The kernel's end of netlink: messages are handled in order and answered. Linux: netlink_rcv_skb, rtnetlink_rcv_msg, sock_diag_rcv_msg, netlink_ack. */

import { EOPNOTSUPP, EPERM } from '../../../abi/errno.ts';
import * as n from '../../../abi/netlink.ts';
import type { Task } from '../../task/task.ts';
import { askSockDiag } from '../diag/sock_diag.ts';
import { MessageWriter, messagesIn, type NetlinkMessage } from './attributes.ts';
import type { NetlinkSocket } from './netlink_socket.ts';
import { NetlinkRequest } from './request.ts';
import { handlers } from './rtnetlink.ts';
import { injectEvent } from './uevent.ts';

/** Messages of a listing are sent together up to this many bytes. Linux: NLMSG_GOODSIZE, max_recvmsg_len. */
const DATAGRAM_SIZE = 8192;
/** The kinds of message types: new, del, get, set. */
const KIND_MASK = 3;
const KIND_GET = 2;

export function handleDatagram(task: Task, socket: NetlinkSocket, bytes: Uint8Array): void {
  for (const message of messagesIn(bytes)) handleMessage(task, socket, message);
}

function handleMessage(task: Task, socket: NetlinkSocket, message: NetlinkMessage): void {
  const { type, flags } = message;
  const isRequest = (flags & n.NLM_F_REQUEST) !== 0 && type >= n.NLMSG_MIN_TYPE;
  const request = new NetlinkRequest(task, socket.net, {
    ...message,
    port: socket.portNumber,
    strict: socket.hasOption(n.NETLINK_GET_STRICT_CHK),
  });
  const diag = socket.protocol === n.NETLINK_SOCK_DIAG;
  const isEvent = socket.protocol === n.NETLINK_KOBJECT_UEVENT;
  const isDump = !isEvent && (diag || (type & KIND_MASK) === KIND_GET) && (flags & n.NLM_F_DUMP) !== 0;
  const ask = (): number => (isEvent ? injectEvent(socket, request) : diag ? askSockDiag(request) : dispatch(socket, request, isDump));
  const error = isRequest ? ask() : 0;
  if (isRequest && isDump && error === 0) {
    sendListing(socket, request);
    return;
  }
  for (const answer of request.answers) socket.deliver(answer, 0);
  if (error !== 0 || (flags & n.NLM_F_ACK) !== 0) socket.deliver(acknowledgement(socket, message, request, error), 0);
}

function dispatch(socket: NetlinkSocket, request: NetlinkRequest, isDump: boolean): number {
  if (request.type > n.RTM_MAX) return -EOPNOTSUPP;
  if (request.body.length < 1) return 0;
  if ((request.type & KIND_MASK) !== KIND_GET && !socket.mayAdminister(request.task)) return -EPERM;
  const handler = handlers.get(request.type);
  const act = isDump ? handler?.list : handler?.act;
  if (act === undefined || act === null) return -EOPNOTSUPP;
  if (isDump) request.flags = n.NLM_F_MULTI;
  return act(request);
}

/** The answers of a listing, several in a datagram, and its end. */
function sendListing(socket: NetlinkSocket, request: NetlinkRequest): void {
  let some: Uint8Array[] = [];
  let size = 0;
  const flush = (): void => {
    if (some.length > 0) socket.deliver(join(some, size), 0);
    some = [];
    size = 0;
  };
  for (const answer of request.answers) {
    if (size + answer.length > DATAGRAM_SIZE) flush();
    some.push(answer);
    size += answer.length;
  }
  flush();
  socket.deliver(new MessageWriter(n.NLMSG_DONE, n.NLM_F_MULTI, request.sequence, request.port).u32(request.listingError).finish(), 0);
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** NLMSG_ERROR: the result (0 for success), the request's header, and all of the request if it failed. */
function acknowledgement(socket: NetlinkSocket, { bytes }: NetlinkMessage, request: NetlinkRequest, error: number): Uint8Array {
  const whole = error !== 0 && !socket.hasOption(n.NETLINK_CAP_ACK);
  const reason = socket.hasOption(n.NETLINK_EXT_ACK) ? request.reason : null;
  const flags = (whole ? 0 : n.NLM_F_CAPPED) | (reason === null ? 0 : n.NLM_F_ACK_TLVS);
  const answer = new MessageWriter(n.NLMSG_ERROR, flags, request.sequence, request.port).u32(error);
  const copy = whole ? bytes : bytes.subarray(0, n.NLMSG_HDRLEN);
  answer.raw(copy).raw(new Uint8Array(-copy.length & 3));
  if (reason !== null) answer.text(n.NLMSGERR_ATTR_MSG, reason);
  return answer.finish();
}
