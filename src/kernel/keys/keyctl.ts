/** What add_key(2), request_key(2) and keyctl(2) do, apart from copying their arguments. Linux: security/keys/keyctl.c. */

import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import {
  EACCES,
  EDEADLK,
  EEXIST,
  EINVAL,
  EKEYREVOKED,
  ELOOP,
  ENODEV,
  ENOENT,
  ENOKEY,
  ENOTDIR,
  EOPNOTSUPP,
  EPERM,
} from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import * as k from './key.ts';
import { type Key, keyTypes } from './key.ts';
import { type KeyRef, lookUp, searchKeyring, searchOwn, setKeyrings, validate } from './process_keys.ts';

const MAX_DEPTH = 6;

/** What a new key grants. Linux: key_create_or_update. */
function defaultPermissions(type: k.KeyType): number {
  let possessor = k.KEY_VIEW | k.KEY_SEARCH | k.KEY_LINK | k.KEY_SETATTR;
  if (type.readable) possessor |= k.KEY_READ;
  if (type.updatable || type.name === 'keyring') possessor |= k.KEY_WRITE;
  return (possessor << k.POSSESSOR) | (k.KEY_VIEW << k.USER);
}

const isLike =
  (type: string, description: string) =>
  (key: Key): boolean =>
    key.type === type && key.description === description;

/** Make a key in a keyring, or replace the payload of the one that is there: its number or a negative errno. */
export function addKey(task: Task, typeName: string, description: string | null, payload: Uint8Array, ringId: number): number {
  const ring = lookUp(task, ringId, k.KEY_WRITE, { create: true });
  if (typeof ring === 'number') return ring;
  const type = keyTypes.get(typeName);
  if (type === undefined) return -ENODEV;
  const { links } = ring.key;
  if (description === null) return -EINVAL;
  if (links === null) return -ENOTDIR;
  const wrong = type.check(description, payload);
  if (wrong < 0) return wrong;
  if (ring.key.state === 'revoked') return -EKEYREVOKED;
  const { keys } = task.kernel;
  const old = type.updatable ? [...links.values()].find((key) => isLike(typeName, description)(key) && key.state === 'valid') : undefined;
  if (old !== undefined) {
    if (!old.grants(task.cred, ring.possessed, k.KEY_WRITE)) return -EACCES;
    return keys.replacePayload(old, payload) || renew(old);
  }
  const { fsuid: uid, fsgid: gid } = task.cred;
  const key = keys.create(task, { type: typeName, description, payload, uid, gid, permissions: defaultPermissions(type), counted: true });
  if (typeof key === 'number') return key;
  return keys.link(ring.key, key) || key.serial;
}

/** A new payload has no end. */
function renew(key: Key): number {
  key.expiry = Number.POSITIVE_INFINITY;
  return key.serial;
}

/** Find a key by way of the task's keyrings. Nothing here makes keys on request, as on a Linux without /sbin/request-key. */
export function requestKey(task: Task, typeName: string, description: string, destination: number): number {
  const ring = destination === 0 ? null : lookUp(task, destination, k.KEY_WRITE, { create: true });
  if (typeof ring === 'number') return ring;
  if (!keyTypes.has(typeName)) return -ENOKEY;
  const found = searchOwn(task, isLike(typeName, description));
  if (typeof found === 'number') return found;
  return ring === null ? found.key.serial : link(task, found.key, ring.key) || found.key.serial;
}

/** Whether `ring` is `key` or in it; -ELOOP when it lies too deep. Linux: keyring_detect_cycle. */
function detectCycle(key: Key, ring: Key, depth = 0): number {
  if (key === ring) return -EDEADLK;
  if (depth > MAX_DEPTH) return -ELOOP;
  for (const below of key.links?.values() ?? []) {
    const failed = below.links === null ? 0 : detectCycle(below, ring, depth + 1);
    if (failed < 0) return failed;
  }
  return 0;
}

/** Linux: key_link. */
function link(task: Task, key: Key, ring: Key): number {
  if (ring.links === null) return -ENOTDIR;
  if (ring.state !== 'valid') return -EKEYREVOKED;
  return detectCycle(key, ring) || task.kernel.keys.link(ring, key);
}

export function search(task: Task, ringId: number, typeName: string, description: string, destination: number): number {
  const ring = lookUp(task, ringId, k.KEY_SEARCH);
  if (typeof ring === 'number') return ring;
  const into = destination === 0 ? null : lookUp(task, destination, k.KEY_WRITE, { create: true });
  if (typeof into === 'number') return into;
  if (!keyTypes.has(typeName)) return -ENOKEY;
  if (ring.key.links === null) return -ENOTDIR;
  const found = searchKeyring(task, ring, isLike(typeName, description));
  if (typeof found === 'number') return found;
  if (into !== null) {
    if (!found.key.grants(task.cred, found.possessed, k.KEY_LINK)) return -EACCES;
    const failed = link(task, found.key, into.key);
    if (failed < 0) return failed;
  }
  return found.key.serial;
}

export function linkKey(task: Task, id: number, ringId: number): number {
  const ring = lookUp(task, ringId, k.KEY_WRITE, { create: true });
  if (typeof ring === 'number') return ring;
  const ref = lookUp(task, id, k.KEY_LINK, { create: true });
  return typeof ref === 'number' ? ref : link(task, ref.key, ring.key);
}

export function unlinkKey(task: Task, id: number, ringId: number): number {
  const ring = lookUp(task, ringId, k.KEY_WRITE);
  if (typeof ring === 'number') return ring;
  const ref = lookUp(task, id, 0);
  if (typeof ref === 'number') return ref;
  if (ring.key.links === null) return -ENOTDIR;
  return task.kernel.keys.unlink(ring.key, ref.key.serial) ? 0 : -ENOENT;
}

const MOVE_EXCL = 1;

export function moveKey(task: Task, id: number, fromId: number, toId: number, flags: number): number {
  if ((flags & ~MOVE_EXCL) !== 0) return -EINVAL;
  const ref = lookUp(task, id, k.KEY_LINK, { create: true });
  if (typeof ref === 'number') return ref;
  const from = lookUp(task, fromId, k.KEY_WRITE);
  if (typeof from === 'number') return from;
  const to = lookUp(task, toId, k.KEY_WRITE, { create: true });
  if (typeof to === 'number') return to;
  if (from.key.links === null || to.key.links === null) return -ENOTDIR;
  if (from.key === to.key) return 0;
  if (!from.key.links.has(ref.key.serial)) return -ENOENT;
  const { type, description } = ref.key;
  if ((flags & MOVE_EXCL) !== 0 && [...to.key.links.values()].some(isLike(type, description))) return -EEXIST;
  const failed = link(task, ref.key, to.key);
  if (failed === 0) task.kernel.keys.unlink(from.key, ref.key.serial);
  return failed;
}

export function clearKeyring(task: Task, id: number): number {
  const ring = lookUp(task, id, k.KEY_WRITE, { create: true });
  if (typeof ring === 'number') return ring;
  const { links } = ring.key;
  if (links === null) return -ENOTDIR;
  for (const serial of [...links.keys()]) task.kernel.keys.unlink(ring.key, serial);
  return 0;
}

export function updateKey(task: Task, id: number, payload: Uint8Array): number {
  const ref = lookUp(task, id, k.KEY_WRITE);
  if (typeof ref === 'number') return ref;
  const { key } = ref;
  const bad = validate(task, key);
  if (bad < 0) return bad;
  const type = keyTypes.get(key.type)!;
  if (!type.updatable) return -EOPNOTSUPP;
  const wrong = type.check(key.description, payload);
  if (wrong < 0) return wrong;
  const failed = task.kernel.keys.replacePayload(key, payload);
  if (failed === 0) renew(key);
  return failed;
}

/** KEYCTL_REVOKE: nobody can use the key any more. Linux: keyring_revoke, user_revoke. */
export function revokeKey(task: Task, id: number): number {
  const first = lookUp(task, id, k.KEY_WRITE);
  const ref = first === -EACCES ? lookUp(task, id, k.KEY_SETATTR) : first;
  if (typeof ref === 'number') return ref;
  const { key } = ref;
  key.state = 'revoked';
  for (const serial of [...(key.links?.keys() ?? [])]) task.kernel.keys.unlink(key, serial);
  return task.kernel.keys.replacePayload(key, new Uint8Array(0));
}

export function invalidateKey(task: Task, id: number): number {
  const ref = lookUp(task, id, k.KEY_SEARCH);
  if (typeof ref === 'number') return ref;
  ref.key.state = 'invalidated';
  task.kernel.keys.sweep();
  return 0;
}

const isOwner = (task: Task, { key }: KeyRef): boolean =>
  task.cred.fsuid === key.uid || task.cred.capable(CAP_SYS_ADMIN, task.kernel.initialUserNs);

const ALL_PERMISSIONS = 0x3f3f3f3f;

export function setPermissions(task: Task, id: number, permissions: number): number {
  if ((permissions & ~ALL_PERMISSIONS) !== 0) return -EINVAL;
  const ref = lookUp(task, id, k.KEY_SETATTR, { create: true, valid: true });
  if (typeof ref === 'number') return ref;
  if (!isOwner(task, ref)) return -EACCES;
  ref.key.permissions = permissions;
  return 0;
}

const KEEP = 0xffffffff;

/** KEYCTL_CHOWN: only the superuser gives keys away; groups must be the caller's. */
export function chownKey(task: Task, id: number, uid: number, gid: number): number {
  const { cred } = task;
  const kuid = uid === KEEP ? -1 : cred.userNs.kuid(uid);
  const kgid = gid === KEEP ? -1 : cred.userNs.kgid(gid);
  if ((uid !== KEEP && kuid < 0) || (gid !== KEEP && kgid < 0)) return -EINVAL;
  if (uid === KEEP && gid === KEEP) return 0;
  const ref = lookUp(task, id, k.KEY_SETATTR, { create: true, valid: true });
  if (typeof ref === 'number') return ref;
  const { key } = ref;
  const { initialUserNs } = task.kernel;
  if (!cred.capable(CAP_SYS_ADMIN, initialUserNs)) {
    if (kuid >= 0 && kuid !== key.uid) return -EACCES;
    if (kgid >= 0 && kgid !== key.gid && !cred.inGroup(kgid)) return -EACCES;
  }
  const failed = kuid >= 0 && kuid !== key.uid ? task.kernel.keys.chown(key, kuid) : 0;
  if (failed === 0 && kgid >= 0) key.gid = kgid;
  return failed;
}

export function setTimeout(task: Task, id: number, seconds: number): number {
  const ref = lookUp(task, id, k.KEY_SETATTR, { create: true, valid: true });
  if (typeof ref === 'number') return ref;
  ref.key.expiry = seconds === 0 ? Number.POSITIVE_INFINITY : task.kernel.now().seconds + seconds;
  return 0;
}

/** What a key holds: the payload, or the numbers of the keys in a keyring. */
export function readKey(task: Task, id: number): Uint8Array | number {
  const ref = lookUp(task, id, 0);
  if (typeof ref === 'number') return ref;
  const { key, possessed } = ref;
  if (!key.grants(task.cred, possessed, k.KEY_READ) && !possessed) return -EACCES;
  const bad = validate(task, key);
  if (bad < 0) return bad;
  if (!keyTypes.get(key.type)!.readable) return -EOPNOTSUPP;
  return key.links === null ? key.payload : new Uint8Array(Int32Array.from(key.links.keys()).buffer);
}

const DESTINATIONS = 7;

/** KEYCTL_SET_REQKEY_KEYRING: the destination before. */
export function setDestination(task: Task, destination: number): number {
  const old = task.cred.fields.keyrings.destination;
  if (destination === -1) return old;
  if (destination < 0 || destination > DESTINATIONS) return -EINVAL;
  if (destination === 6) return -EINVAL;
  setKeyrings(task, { destination });
  return old;
}

/** KEYCTL_SESSION_TO_PARENT: the parent gets the caller's session keyring. */
export function sessionToParent(task: Task): number {
  const { session } = task.cred.fields.keyrings;
  const parent = task.group.parent;
  if (session === null || parent === null || parent.pid.in(parent.pid.namespace) <= 1 || parent.group.live > 1) return -EPERM;
  const mine = task.cred.fields;
  const its = parent.cred.fields;
  const same =
    [its.uid, its.euid, its.suid].every((id) => id === mine.euid) && [its.gid, its.egid, its.sgid].every((id) => id === mine.egid);
  if (!same || session.uid !== mine.euid || parent.mm === null) return -EPERM;
  setKeyrings(parent, { session });
  return 0;
}
