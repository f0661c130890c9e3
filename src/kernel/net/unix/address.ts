/** Names of Unix sockets: paths, abstract names, or none. Linux: struct unix_address. See unix(7). */

import { EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL, ENOENT, EPROTOTYPE, isErrno } from '../../../abi/errno.ts';
import { AT_FDCWD } from '../../../abi/fcntl.ts';
import { AF_UNIX, SOCKADDR_UN_SIZE } from '../../../abi/socket.ts';
import { S_IFMT, S_IFSOCK } from '../../../abi/stat.ts';
import type { Task } from '../../task/task.ts';
import { LOOKUP_FOLLOW, lookupPath } from '../../vfs/namei.ts';
import { makeNode, maskMode, newName } from '../../vfs/names.ts';
import { Path } from '../../vfs/path.ts';
import { MAY_WRITE, permission } from '../../vfs/permission.ts';
import { latin1Bytes, latin1Text } from '../../vfs/text.ts';
import type { UnixSocket } from './unix_socket.ts';

/** struct sockaddr_un of a name in sun_path. */
export function sockaddr(path: Uint8Array): Uint8Array {
  const address = new Uint8Array(2 + path.length);
  address[0] = AF_UNIX;
  address.set(path, 2);
  return address;
}

export const UNNAMED: Uint8Array = sockaddr(new Uint8Array(0));

/** 0 if `address` is a struct sockaddr_un with a name. Linux: unix_validate_addr. */
export const validate = (address: Uint8Array): number =>
  address.length > 2 && address.length <= SOCKADDR_UN_SIZE && address[0] === AF_UNIX && address[1] === 0 ? 0 : -EINVAL;

export const isAbstract = (address: Uint8Array): boolean => address[2] === 0;

/** The key of an abstract name: sockets of different types have names of their own. */
export const abstractKey = (address: Uint8Array, type: number): string => `${type}:${latin1Text(address.subarray(2))}`;

/** The file name in a struct sockaddr_un, up to a NUL. */
function pathOf(address: Uint8Array): string {
  const end = address.indexOf(0, 2);
  return latin1Text(address.subarray(2, end < 0 ? address.length : end));
}

/** Make a socket file: where it is, a negative errno or NOT_RESIDENT. */
export function makeSocketFile(
  task: Task,
  address: Uint8Array,
  socket: UnixSocket,
): { readonly path: Path; readonly name: Uint8Array } | number {
  const text = pathOf(address);
  const place = newName(task, AT_FDCWD, text, false);
  if (isErrno(place)) return place === -EEXIST ? -EADDRINUSE : place;
  const made = makeNode(task, place.dentry, S_IFSOCK | maskMode(task, 0o777), 0);
  if (made < 0) return made === -EEXIST ? -EADDRINUSE : made;
  const path = new Path(place.walk.mount, place.dentry).get();
  path.inode.socket = socket;
  return { path, name: sockaddr(latin1Bytes(`${text}\0`)) };
}

/** Why a socket that has a name cannot get this one: the path is looked at first. */
export function cannotBind(task: Task, address: Uint8Array): number {
  const place = newName(task, AT_FDCWD, pathOf(address), false);
  if (isErrno(place)) return place === -EEXIST ? -EADDRINUSE : place;
  return -EINVAL;
}

/** The socket of `type` that `address` names. Linux: unix_find_other. */
export function findSocket(task: Task, address: Uint8Array, from: UnixSocket): UnixSocket | number {
  if (isAbstract(address)) return from.net.abstractSockets.get(abstractKey(address, from.type)) ?? -ECONNREFUSED;
  const text = pathOf(address);
  if (text === '') return -ENOENT;
  const path = lookupPath(task, AT_FDCWD, text, LOOKUP_FOLLOW);
  if (isErrno(path)) return path;
  const { inode } = path;
  const denied = permission(task, inode, MAY_WRITE);
  if (denied < 0) return denied;
  if ((inode.mode & S_IFMT) !== S_IFSOCK || inode.socket === null) return -ECONNREFUSED;
  return inode.socket.type === from.type ? inode.socket : -EPROTOTYPE;
}
