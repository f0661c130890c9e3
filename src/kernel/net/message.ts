/** What travels through a socket besides bytes. Linux: struct msghdr, struct scm_cookie. See unix(7). */

import type { Pid } from '../task/pid.ts';
import type { File } from '../vfs/file.ts';
import type { IovIter } from '../vfs/iov_iter.ts';

/** Who sent a message or owns a socket. Ids are those of the initial user namespace. */
export interface Ucred {
  /** Null once it cannot be told. */
  readonly pid: Pid | null;
  readonly uid: number;
  readonly gid: number;
}

/** A message to be sent. */
export interface Outgoing {
  readonly iter: IovIter;
  /** MSG_ flags; MSG_DONTWAIT is set for a descriptor with O_NONBLOCK. */
  readonly flags: number;
  /** The address to send to, with its family; null for the peer. */
  readonly name: Uint8Array | null;
  /** Open files to pass on. No references are taken for them yet. */
  readonly files: readonly File[];
  /** Explicit credentials, checked. */
  readonly cred: Ucred | null;
}

/** A control message. See cmsg(3). */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** What came with a received message. */
export class Incoming {
  /** The sender's address; null when it has none. */
  name: Uint8Array | null = null;
  /** Passed files, one reference each. */
  files: File[] = [];
  cred: Ucred | null = null;
  /** The sender, of whom the receiver gets a descriptor. */
  pidfdOf: Pid | null = null;
  /** Control messages of protocols. */
  readonly control: ControlMessage[] = [];
  /** MSG_TRUNC, MSG_EOR. */
  flags = 0;
}
