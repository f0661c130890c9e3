/** Keys and keyrings: small secrets that the kernel holds for users, processes and sessions. Linux: struct key in security/keys. See keyrings(7). */

import { EINVAL } from '../../abi/errno.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Cred } from '../task/cred.ts';

/** What a mask grants; four of them make up the permissions: possessor, user, group, other. */
export const KEY_VIEW = 0x01;
export const KEY_READ = 0x02;
export const KEY_WRITE = 0x04;
export const KEY_SEARCH = 0x08;
export const KEY_LINK = 0x10;
export const KEY_SETATTR = 0x20;
export const KEY_ALL = 0x3f;
export const POSSESSOR = 24;
export const USER = 16;
export const GROUP = 8;

/** Payloads of keys of type user and logon are at most this long. */
const MAX_PAYLOAD = 32767;

/** What kinds of keys there are. Linux: struct key_type. */
export interface KeyType {
  readonly name: string;
  /** Whether the payload can be read, and replaced. */
  readonly readable: boolean;
  readonly updatable: boolean;
  /** Whether description and payload are allowed: 0 or -EINVAL. */
  readonly check: (description: string, payload: Uint8Array) => number;
}

const checkUser = (payload: Uint8Array): number => (payload.length === 0 || payload.length > MAX_PAYLOAD ? -EINVAL : 0);

export const keyTypes: ReadonlyMap<string, KeyType> = new Map(
  [
    { name: 'keyring', readable: true, updatable: false, check: (_: string, payload: Uint8Array) => (payload.length === 0 ? 0 : -EINVAL) },
    { name: 'user', readable: true, updatable: true, check: (_: string, payload: Uint8Array) => checkUser(payload) },
    // The description of a logon key begins with the name of the service that it is for.
    {
      name: 'logon',
      readable: false,
      updatable: true,
      check: (description: string, payload: Uint8Array) => (/^[^:]+:/.test(description) ? checkUser(payload) : -EINVAL),
    },
  ].map((type) => [type.name, type]),
);

/** What a key's state is, but for its age. */
export type KeyState = 'valid' | 'revoked' | 'invalidated';

export class Key {
  readonly serial: number;
  /** A name of `keyTypes`. */
  readonly type: string;
  readonly description: string;
  /** Ids of the initial user namespace; -1 for no group. */
  uid: number;
  gid: number;
  permissions: number;
  state: KeyState = 'valid';
  /** Seconds since the epoch; Infinity for no end. */
  expiry: number = Number.POSITIVE_INFINITY;
  payload: Uint8Array;
  /** The keys in a keyring, in the order in which they came; null for other keys. */
  readonly links: Map<number, Key> | null;
  /** Whether it counts towards its owner's quota, and who pays for its memory. */
  readonly counted: boolean;
  readonly payer: MemoryGroup;
  /** The last sweep that found it in use. */
  mark = 0;

  constructor(serial: number, request: KeyRequest, payer: MemoryGroup) {
    this.serial = serial;
    this.type = request.type;
    this.description = request.description;
    this.uid = request.uid;
    this.gid = request.gid;
    this.permissions = request.permissions;
    this.payload = request.payload;
    this.links = request.type === 'keyring' ? new Map() : null;
    this.counted = request.counted;
    this.payer = payer;
  }

  /** Bytes that it takes of its owner's quota. */
  get size(): number {
    return this.description.length + 1 + this.payload.length + 4 * (this.links?.size ?? 0);
  }

  /** Whether `cred`, which possesses the key or not, is granted all of `mask`. Linux: key_task_permission. */
  grants(cred: Cred, possessed: boolean, mask: number): boolean {
    const ofGroup = this.gid >= 0 && ((this.permissions >> GROUP) & KEY_ALL) !== 0 && cred.inGroup(this.gid);
    let granted = this.permissions >> (cred.fsuid === this.uid ? USER : ofGroup ? GROUP : 0);
    if (possessed) granted |= this.permissions >> POSSESSOR;
    return (granted & mask) === mask;
  }

  /** What keyctl(KEYCTL_DESCRIBE) tells, with ids of `ns`. */
  describe(ns: UserNamespace): string {
    return `${this.type};${ns.uid(this.uid)};${ns.gid(this.gid)};${(this.permissions >>> 0).toString(16).padStart(8, '0')};${this.description}`;
  }
}

/** A key that is to be made. */
export interface KeyRequest {
  readonly type: string;
  readonly description: string;
  readonly payload: Uint8Array;
  readonly uid: number;
  readonly gid: number;
  readonly permissions: number;
  readonly counted: boolean;
}

/** The keyrings that a task has of itself; the session's is inherited. See thread-keyring(7), process-keyring(7), session-keyring(7). */
export interface Keyrings {
  readonly thread: Key | null;
  readonly process: Key | null;
  readonly session: Key | null;
  /** Where request_key(2) puts what it made: KEY_REQKEY_DEFL_*. */
  readonly destination: number;
}

export const NO_KEYRINGS: Keyrings = { thread: null, process: null, session: null, destination: 0 };

/** The keyrings of a new thread or process. Linux: copy_creds. */
export function forkKeyrings(keyrings: Keyrings, thread: boolean): Keyrings {
  if (keyrings.thread === null && (thread || keyrings.process === null)) return keyrings;
  return { ...keyrings, thread: null, process: thread ? keyrings.process : null };
}
