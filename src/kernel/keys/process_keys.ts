/** Which keyrings a task has, and finding keys by way of them. Linux: security/keys/process_keys.c, keyring.c. See keyrings(7). */

import { EACCES, EINVAL, EKEYEXPIRED, EKEYREVOKED, ENOKEY } from '../../abi/errno.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Task } from '../task/task.ts';
import { KEY_ALL, KEY_LINK, KEY_READ, KEY_SEARCH, KEY_SETATTR, KEY_VIEW, type Key, type Keyrings, POSSESSOR, USER } from './key.ts';

export const KEY_SPEC_THREAD_KEYRING = -1;
export const KEY_SPEC_PROCESS_KEYRING = -2;
export const KEY_SPEC_SESSION_KEYRING = -3;
export const KEY_SPEC_USER_KEYRING = -4;
export const KEY_SPEC_USER_SESSION_KEYRING = -5;
const KEY_SPEC_REQKEY_AUTH_KEY = -7;
const KEY_SPEC_REQUESTOR_KEYRING = -8;

/** Permissions of the keyrings that come by themselves. */
const OWN = (KEY_ALL << POSSESSOR) | (KEY_VIEW << USER);
const SESSION = (KEY_ALL << POSSESSOR) | ((KEY_VIEW | KEY_READ) << USER);
const NAMED_SESSION = (KEY_ALL << POSSESSOR) | ((KEY_VIEW | KEY_READ | KEY_LINK) << USER);
const OF_USER = ((KEY_ALL & ~KEY_SETATTR) << POSSESSOR) | (KEY_ALL << USER);
/** How deep keyrings are searched. Linux: KEYRING_SEARCH_MAX_DEPTH. */
const MAX_DEPTH = 6;

/** The keyrings of a user in a user namespace. See user-keyring(7), user-session-keyring(7). */
export interface UserKeyrings {
  readonly user: Key;
  readonly session: Key;
}

/** A key, and whether it was reached by a keyring of the task's own. Linux: key_ref_t. */
export interface KeyRef {
  readonly key: Key;
  readonly possessed: boolean;
}

export function setKeyrings(task: Task, changes: Partial<Keyrings>): void {
  task.cred = task.cred.with({ keyrings: { ...task.cred.fields.keyrings, ...changes } });
}

function createKeyring(task: Task, description: string, permissions: number, counted: boolean): Key | number {
  const { uid, gid } = task.cred;
  return task.kernel.keys.create(task, { type: 'keyring', description, payload: new Uint8Array(0), uid, gid, permissions, counted });
}

/** Linux: look_up_user_keyrings. */
function userKeyrings(task: Task): UserKeyrings | number {
  const { userNs, uid } = task.cred;
  const known = userNs.userKeyrings.get(uid);
  if (known !== undefined) return known;
  const id = userNs.uid(uid);
  const make = (description: string): Key | number =>
    task.kernel.keys.create(task, {
      type: 'keyring',
      description,
      payload: new Uint8Array(0),
      uid,
      gid: -1,
      permissions: OF_USER,
      counted: true,
    });
  const user = make(`_uid.${id}`);
  if (typeof user === 'number') return user;
  const session = make(`_uid_ses.${id}`);
  if (typeof session === 'number') return session;
  const linked = task.kernel.keys.link(session, user);
  if (linked < 0) return linked;
  const made = { user, session };
  userNs.userKeyrings.set(uid, made);
  return made;
}

/** A keyring without a name as the session's. Linux: install_session_keyring. */
function newSession(task: Task): Key | number {
  const keyring = createKeyring(task, '_ses', SESSION, task.cred.fields.keyrings.session !== null);
  if (typeof keyring !== 'number') setKeyrings(task, { session: keyring });
  return keyring;
}

/** Linux: lookup_user_key, case KEY_SPEC_SESSION_KEYRING. */
function sessionKeyring(task: Task, create: boolean): Key | number {
  const { session } = task.cred.fields.keyrings;
  const own = userKeyrings(task);
  if (typeof own === 'number') return own;
  if (session === null) {
    if (create) return newSession(task);
    setKeyrings(task, { session: own.session });
    return own.session;
  }
  return session === own.session && create ? newSession(task) : session;
}

function ownKeyring(task: Task, which: 'thread' | 'process', description: string, create: boolean): Key | number {
  const known = task.cred.fields.keyrings[which];
  if (known !== null) return known;
  if (!create) return -ENOKEY;
  const keyring = createKeyring(task, description, OWN, false);
  if (typeof keyring !== 'number') setKeyrings(task, { [which]: keyring });
  return keyring;
}

function special(task: Task, id: number, create: boolean): Key | number {
  switch (id) {
    case KEY_SPEC_THREAD_KEYRING:
      return ownKeyring(task, 'thread', '_tid', create);
    case KEY_SPEC_PROCESS_KEYRING:
      return ownKeyring(task, 'process', '_pid', create);
    case KEY_SPEC_SESSION_KEYRING:
      return sessionKeyring(task, create);
    case KEY_SPEC_USER_KEYRING:
    case KEY_SPEC_USER_SESSION_KEYRING: {
      const own = userKeyrings(task);
      if (typeof own === 'number') return own;
      return id === KEY_SPEC_USER_KEYRING ? own.user : own.session;
    }
    case KEY_SPEC_REQKEY_AUTH_KEY:
    case KEY_SPEC_REQUESTOR_KEYRING:
      return -ENOKEY;
    default:
      return -EINVAL;
  }
}

/** Where a task begins to look for keys. Linux: search_cred_keyrings_rcu. */
function ownKeyrings(task: Task): Key[] {
  const { thread, process, session } = task.cred.fields.keyrings;
  const last = session ?? task.cred.userNs.userKeyrings.get(task.cred.uid)?.session ?? null;
  return [thread, process, last].filter((key) => key !== null);
}

/** The errno of a key that cannot be used any more, or 0. Linux: key_validate. */
export function validate(task: Task, key: Key): number {
  if (key.state === 'invalidated') return -ENOKEY;
  if (key.state === 'revoked') return -EKEYREVOKED;
  return task.kernel.now().seconds >= key.expiry ? -EKEYEXPIRED : 0;
}

/** A key of a keyring or of those in it that `matches`; the worst that was met on the way if there is none. Linux: keyring_search_rcu. */
export function searchKeyring(
  task: Task,
  { key: root, possessed }: KeyRef,
  matches: (key: Key) => boolean,
  anyState = false,
): KeyRef | number {
  if (!root.grants(task.cred, possessed, KEY_SEARCH)) return -EACCES;
  if (matches(root)) return { key: root, possessed };
  let error = -ENOKEY;
  let level: Key[] = [root];
  const seen = new Set<Key>(level);
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const below: Key[] = [];
    for (const ring of level) {
      if (validate(task, ring) < 0) continue;
      for (const key of ring.links!.values()) {
        if (seen.has(key)) continue;
        seen.add(key);
        const mayFind = key.grants(task.cred, possessed, KEY_SEARCH);
        if (matches(key)) {
          const bad = anyState ? 0 : validate(task, key);
          if (bad === 0 && mayFind) return { key, possessed };
          error = bad === 0 ? -EACCES : bad;
        }
        if (key.links !== null && mayFind) below.push(key);
      }
    }
    level = below;
  }
  return error;
}

/** Look through the task's own keyrings: that a key is missing in one says more than that it cannot be used in another. Linux: search_process_keyrings_rcu. */
export function searchOwn(task: Task, matches: (key: Key) => boolean, anyState = false): KeyRef | number {
  let error = 0;
  for (const keyring of ownKeyrings(task)) {
    const found = searchKeyring(task, { key: keyring, possessed: true }, matches, anyState);
    if (typeof found !== 'number') return found;
    if (error !== -ENOKEY) error = found;
  }
  return error || -ENOKEY;
}

export interface LookUp {
  /** Make a keyring of the task's own that it does not have yet. */
  readonly create?: boolean;
  /** Refuse keys that are revoked or expired. */
  readonly valid?: boolean;
}

/** The key with a number, or one of the task's keyrings; `mask` must be granted. Linux: lookup_user_key. */
export function lookUp(task: Task, id: number, mask: number, { create = false, valid = false }: LookUp = {}): KeyRef | number {
  let ref: KeyRef;
  if (id < 0) {
    const key = special(task, id, create);
    if (typeof key === 'number') return key;
    ref = { key, possessed: true };
  } else {
    const key = id === 0 ? -EINVAL : (task.kernel.keys.keys.get(id) ?? -ENOKEY);
    if (typeof key === 'number') return key;
    ref = { key, possessed: typeof searchOwn(task, (other) => other === key, true) !== 'number' };
  }
  if (ref.key.state === 'invalidated') return -ENOKEY;
  const bad = valid ? validate(task, ref.key) : 0;
  if (bad < 0) return bad;
  return mask === 0 || ref.key.grants(task.cred, ref.possessed, mask) ? ref : -EACCES;
}

/** KEYCTL_JOIN_SESSION_KEYRING: a new session keyring, or the one with that name in the task's user namespace. */
export function joinSession(task: Task, name: string | null): number {
  if (name === null) {
    const made = newSession(task);
    return typeof made === 'number' ? made : made.serial;
  }
  let keyring: Key | number | null = findByName(task, name, task.cred.userNs);
  keyring ??= createKeyring(task, name, NAMED_SESSION, true);
  if (typeof keyring === 'number') return keyring;
  if (keyring === task.cred.fields.keyrings.session) return 0;
  setKeyrings(task, { session: keyring });
  return keyring.serial;
}

/** Linux: find_keyring_by_name. */
function findByName(task: Task, name: string, ns: UserNamespace): Key | null {
  for (const key of task.kernel.keys.keys.values()) {
    if (key.type !== 'keyring' || key.description !== name || key.state !== 'valid' || !ns.hasUid(key.uid)) continue;
    if (key.grants(task.cred, false, KEY_SEARCH)) return key;
  }
  return null;
}
