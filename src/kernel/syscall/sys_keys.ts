/** add_key, request_key, keyctl. See the manual page of each. Linux: security/keys/keyctl.c. */

import { EFAULT, EINVAL, ENOKEY, EOPNOTSUPP, EPERM, isErrno } from '../../abi/errno.ts';
import * as k from '../keys/key.ts';
import * as keys from '../keys/keyctl.ts';
import { joinSession, lookUp } from '../keys/process_keys.ts';
import type { Task } from '../task/task.ts';
import { latin1Bytes } from '../vfs/text.ts';
import { int, long, ptr, size, str } from './args.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';

const MAX_PAYLOAD = 1024 * 1024 - 1;
const MAX_DESCRIPTION = 4096;
const MAX_TYPE = 32;

/** The name of a type: those with a dot are the kernel's. Linux: key_get_type_from_user. */
function readType(task: Task, address: number): string | number {
  const bytes = task.mm!.readString(address, MAX_TYPE);
  if (isErrno(bytes)) return bytes === -EFAULT ? bytes : -EINVAL;
  const type = bytes as string;
  if (type === '' || type.length >= MAX_TYPE) return -EINVAL;
  return type.startsWith('.') ? -EPERM : type;
}

function readText(task: Task, address: number): string | number {
  const text = task.mm!.readString(address, MAX_DESCRIPTION - 1);
  return isErrno(text) && text !== -EFAULT ? -EINVAL : text;
}

const readPayload = (task: Task, address: number, length: number): Uint8Array | number =>
  address === 0 || length === 0 ? new Uint8Array(0) : task.mm!.copyIn(address, length);

const addKey = defineSyscall(
  'add_key',
  [str('type'), str('description'), ptr('payload'), size('plen'), int('keyring')],
  (task, typeAddress, descriptionAddress, payloadAddress, length, ring) => {
    if (length > MAX_PAYLOAD) return -EINVAL;
    const type = readType(task, typeAddress);
    if (typeof type === 'number') return type;
    let description: string | number | null = null;
    if (descriptionAddress !== 0) {
      description = readText(task, descriptionAddress);
      if (typeof description === 'number') return description;
      if (description.startsWith('.') && type.startsWith('keyring')) return -EPERM;
      if (description === '') description = null;
    }
    const payload = readPayload(task, payloadAddress, length);
    return typeof payload === 'number' ? payload : keys.addKey(task, type, description, payload, ring);
  },
);

const requestKey = partial(
  defineSyscall(
    'request_key',
    [str('type'), str('description'), str('callout_info'), int('dest_keyring')],
    (task, typeAddress, descriptionAddress, callout, destination) => {
      const type = readType(task, typeAddress);
      if (typeof type === 'number') return type;
      const description = readText(task, descriptionAddress);
      if (typeof description === 'number') return description;
      const information = callout === 0 ? '' : readText(task, callout);
      return typeof information === 'number' ? information : keys.requestKey(task, type, description, destination);
    },
  ),
  'no program is started to make keys: ENOKEY',
);

/** Copy out as much as is asked for; how long it is. */
function give(task: Task, bytes: Uint8Array, address: number, length: number): number {
  if (address === 0 || bytes.length > length) return bytes.length;
  const failed = task.mm!.copyOut(address, bytes);
  return failed < 0 ? failed : bytes.length;
}

type Operation = (task: Task, a: number, b: number, c: number, d: number) => number;

/** An argument that is a size_t, of those that are decoded as signed. */
const asSize = (value: number): number => (value < 0 ? value + 2 ** 64 : value);

function join(task: Task, address: number): number {
  const name = address === 0 ? null : readText(task, address);
  if (typeof name === 'number') return name;
  return name?.startsWith('.') === true ? -EPERM : joinSession(task, name);
}

function describe(task: Task, id: number, address: number, length: number): number {
  const ref = lookUp(task, id, k.KEY_VIEW, { valid: true });
  return typeof ref === 'number' ? ref : give(task, latin1Bytes(`${ref.key.describe(task.cred.userNs)}\0`), address, length);
}

function search(task: Task, ring: number, typeAddress: number, descriptionAddress: number, destination: number): number {
  const type = readType(task, typeAddress);
  if (typeof type === 'number') return type;
  const description = readText(task, descriptionAddress);
  return typeof description === 'number' ? description : keys.search(task, ring, type, description, destination | 0);
}

function read(task: Task, id: number, address: number, length: number): number {
  const bytes = keys.readKey(task, id);
  return typeof bytes === 'number' ? bytes : give(task, bytes, address, length);
}

function update(task: Task, id: number, address: number, length: number): number {
  if (length > 4096) return -EINVAL;
  const payload = readPayload(task, address, length);
  return typeof payload === 'number' ? payload : keys.updateKey(task, id, payload);
}

function keyringId(task: Task, id: number, create: number): number {
  const ref = lookUp(task, id, k.KEY_SEARCH, { create: create !== 0 });
  return typeof ref === 'number' ? ref : ref.key.serial;
}

function getSecurity(task: Task, id: number, address: number, length: number): number {
  const ref = lookUp(task, id, k.KEY_VIEW, { valid: true });
  return typeof ref === 'number' ? ref : give(task, Uint8Array.of(0), address, length);
}

/** KEYCTL_CAPABILITIES and _INVALIDATE and _MOVE; names of keyrings belong to user namespaces. */
const CAPABILITIES = Uint8Array.of(0x01 | 0x20 | 0x80, 0x01);

function capabilities(task: Task, address: number, length: number): number {
  if (length === 0) return CAPABILITIES.length;
  const bytes = new Uint8Array(Math.min(length, 4096));
  bytes.set(CAPABILITIES.subarray(0, bytes.length));
  const failed = task.mm!.copyOut(address, bytes);
  return failed < 0 ? failed : CAPABILITIES.length;
}

/** There are no keys under construction, so that nobody has the authority to finish one. */
const unauthorised: Operation = () => -EPERM;

/** By KEYCTL_ number. */
const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [0, (task, id, create) => keyringId(task, id | 0, create)],
  [1, join],
  [2, (task, id, address, length) => update(task, id | 0, address, asSize(length))],
  [3, (task, id) => keys.revokeKey(task, id | 0)],
  [4, (task, id, uid, gid) => keys.chownKey(task, id | 0, uid >>> 0, gid >>> 0)],
  [5, (task, id, permissions) => keys.setPermissions(task, id | 0, permissions | 0)],
  [6, (task, id, address, length) => describe(task, id | 0, address, asSize(length))],
  [7, (task, id) => keys.clearKeyring(task, id | 0)],
  [8, (task, id, ring) => keys.linkKey(task, id | 0, ring | 0)],
  [9, (task, id, ring) => keys.unlinkKey(task, id | 0, ring | 0)],
  [10, (task, ring, type, description, destination) => search(task, ring | 0, type, description, destination)],
  [11, (task, id, address, length) => read(task, id | 0, address, asSize(length))],
  [12, unauthorised],
  [13, unauthorised],
  [14, (task, destination) => keys.setDestination(task, destination | 0)],
  [15, (task, id, seconds) => keys.setTimeout(task, id | 0, seconds >>> 0)],
  [16, (_task, id) => ((id | 0) < 0 ? -EINVAL : id === 0 ? 0 : -ENOKEY)],
  [17, (task, id, address, length) => getSecurity(task, id | 0, address, asSize(length))],
  [18, (task) => keys.sessionToParent(task)],
  [19, unauthorised],
  [20, unauthorised],
  [21, (task, id) => keys.invalidateKey(task, id | 0)],
  [30, (task, id, from, to, flags) => keys.moveKey(task, id | 0, from | 0, to | 0, flags)],
  [31, (task, address, length) => capabilities(task, address, asSize(length))],
]);

const keyctl = partial(
  defineSyscall('keyctl', [int('operation'), long('arg2'), long('arg3'), long('arg4'), long('arg5')], (task, operation, a, b, c, d) => {
    const perform = OPERATIONS.get(operation);
    return perform === undefined ? -EOPNOTSUPP : perform(task, a, b, c, d);
  }),
  'keys of types keyring, user and logon; persistent keyrings, restrictions, public keys and watches answer EOPNOTSUPP',
);

export const keyCalls: readonly Syscall[] = [addKey, requestKey, keyctl];
