/** A request of a program to rtnetlink, and the answers to it. */

import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { Task } from '../../task/task.ts';

/** What the headers of answers say. */
export interface Envelope {
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
}

export class NetlinkRequest implements Envelope {
  readonly task: Task;
  readonly net: NetNamespace;
  readonly type: number;
  /** NLM_F_ of the request. */
  readonly requested: number;
  readonly sequence: number;
  /** The asking socket. */
  readonly port: number;
  readonly body: Uint8Array;
  /** Whether what does not fit the request is refused (NETLINK_GET_STRICT_CHK), and restricts what is listed. */
  readonly strict: boolean;
  /** NLM_F_ of the answers. */
  flags = 0;
  /** Why it failed, in words. */
  reason: string | null = null;
  readonly answers: Uint8Array[] = [];
  /** What the end of a listing says: 0, or a negative errno. */
  listingError = 0;

  constructor(
    task: Task,
    net: NetNamespace,
    message: Pick<NetlinkRequest, 'type' | 'sequence' | 'port' | 'body' | 'strict'> & { readonly flags: number },
  ) {
    this.task = task;
    this.net = net;
    this.type = message.type;
    this.requested = message.flags;
    this.sequence = message.sequence;
    this.port = message.port;
    this.body = message.body;
    this.strict = message.strict;
  }

  /** The bytes of the fixed header, zero where the program sent less. */
  header(size: number): DataView {
    const bytes = new Uint8Array(size);
    bytes.set(this.body.subarray(0, size));
    return new DataView(bytes.buffer);
  }

  /** Fail with a reason. */
  refuse(errno: number, reason: string): number {
    this.reason = reason;
    return -errno;
  }
}
