/** open_tree, move_mount, mount_setattr, statmount, listmount: mounts by descriptor and by id. Linux: fs/namespace.c. */

import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { E2BIG, EBADF, EFAULT, EINVAL, ENOENT, EOVERFLOW, EPERM, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/fcntl.ts';
import * as m from '../../abi/mount.ts';
import { NamespaceFile } from '../fs/nsfs/namespace_file.ts';
import { UserNamespace } from '../namespace/user_namespace.ts';
import type { Task } from '../task/task.ts';
import { openDetachedCopy } from '../vfs/detached_tree.ts';
import { mayMount } from '../vfs/do_mount.ts';
import * as attributes from '../vfs/mount_attributes.ts';
import { moveMount, setGroup } from '../vfs/move_mount.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, userPath } from '../vfs/namei.ts';
import { openPath } from '../vfs/open.ts';
import { listMounts, requestedNamespace, statMount } from '../vfs/statmount.ts';
import { MNT_UNIQUE_ID_OFFSET } from '../vfs/vfs.ts';
import { fd, flags, ptr, size, str } from './args.ts';
import { longs, readStruct } from './copy.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';

const PAGE_SIZE = 4096;
/** Ids that listmount(2) gives at once. */
const MAX_IDS = 1000000;

/** LOOKUP_ flags for AT_ flags. */
const lookupOf = (at: number): number =>
  ((at & c.AT_SYMLINK_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW) | ((at & c.AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);

const OPEN_TREE_FLAGS = c.AT_EMPTY_PATH | c.AT_NO_AUTOMOUNT | m.AT_RECURSIVE | c.AT_SYMLINK_NOFOLLOW | m.OPEN_TREE_CLONE | c.O_CLOEXEC;

const openTree = defineSyscall('open_tree', [fd('dfd'), str('path'), flags('flags')], (task, dirfd, address, flag) => {
  if ((flag & ~OPEN_TREE_FLAGS) !== 0) return -EINVAL;
  if ((flag & (m.AT_RECURSIVE | m.OPEN_TREE_CLONE)) === m.AT_RECURSIVE) return -EINVAL;
  const detached = (flag & m.OPEN_TREE_CLONE) !== 0;
  if (detached && !mayMount(task)) return -EPERM;
  const path = userPath(task, dirfd, address, lookupOf(flag));
  if (isErrno(path)) return path;
  const file = detached
    ? openDetachedCopy(task, path, (flag & m.AT_RECURSIVE) !== 0)
    : openPath(task, path, { flags: c.O_PATH, mode: 0, resolve: 0 }, false);
  return isErrno(file) ? file : newFd(task, file, flag & c.O_CLOEXEC);
});

/** LOOKUP_ flags for the half of `flag` that speaks of one path. */
const lookupFlags = (flag: number, symlinks: number, empty: number): number =>
  ((flag & symlinks) !== 0 ? LOOKUP_FOLLOW : 0) | ((flag & empty) !== 0 ? LOOKUP_EMPTY : 0);

const moveMountCall = defineSyscall(
  'move_mount',
  [fd('from_dfd'), str('from_path'), fd('to_dfd'), str('to_path'), flags('flags')],
  (task, fromFd, fromAddress, toFd, toAddress, flag) => {
    if (!mayMount(task)) return -EPERM;
    if ((flag & ~m.MOVE_MOUNT__MASK) !== 0) return -EINVAL;
    if ((flag & (m.MOVE_MOUNT_BENEATH | m.MOVE_MOUNT_SET_GROUP)) === (m.MOVE_MOUNT_BENEATH | m.MOVE_MOUNT_SET_GROUP)) return -EINVAL;
    const from = userPath(task, fromFd, fromAddress, lookupFlags(flag, m.MOVE_MOUNT_F_SYMLINKS, m.MOVE_MOUNT_F_EMPTY_PATH));
    if (isErrno(from)) return from;
    const to = userPath(task, toFd, toAddress, lookupFlags(flag, m.MOVE_MOUNT_T_SYMLINKS, m.MOVE_MOUNT_T_EMPTY_PATH));
    if (isErrno(to)) return to;
    if ((flag & m.MOVE_MOUNT_SET_GROUP) !== 0) return setGroup(task, from, to);
    return moveMount(task, from, to, (flag & m.MOVE_MOUNT_BENEATH) !== 0);
  },
);

const MOUNT_SETATTR_FLAGS = c.AT_EMPTY_PATH | m.AT_RECURSIVE | c.AT_SYMLINK_NOFOLLOW | c.AT_NO_AUTOMOUNT;
const ALL_ATTRIBUTES = attributes.PLAIN_ATTRIBUTES | m.MOUNT_ATTR__ATIME | m.MOUNT_ATTR_IDMAP;
const PROPAGATION = m.MS_UNBINDABLE | m.MS_PRIVATE | m.MS_SLAVE | m.MS_SHARED;

/** What a struct mount_attr asks for. Linux: build_mount_kattr. */
function attributeChange(task: Task, data: DataView, recursive: boolean): attributes.AttributeChange | number {
  const [set, clear, propagation] = [0, 8, 16].map((at) => data.getUint32(at, true)) as [number, number, number];
  const high = [4, 12, 20].some((at) => data.getUint32(at, true) !== 0);
  if (high || (propagation & ~PROPAGATION) !== 0 || (propagation & (propagation - 1)) !== 0) return -EINVAL;
  if (((set | clear) & ~ALL_ATTRIBUTES) !== 0) return -EINVAL;
  const change = {
    set: attributes.flagsOfAttributes(set),
    clear: attributes.flagsOfAttributes(clear),
    propagation,
    recursive,
    idmap: (set & m.MOUNT_ATTR_IDMAP) !== 0,
  };
  // The atime attributes are a number: who sets another one must clear all of the field.
  if ((clear & m.MOUNT_ATTR__ATIME) !== 0) {
    const atime = attributes.atimeFlags(set);
    if ((clear & m.MOUNT_ATTR__ATIME) !== m.MOUNT_ATTR__ATIME || atime === null) return -EINVAL;
    change.clear |= m.MS_RELATIME | m.MS_NOATIME;
    change.set |= atime;
  } else if ((set & m.MOUNT_ATTR__ATIME) !== 0) return -EINVAL;
  if ((clear & m.MOUNT_ATTR_IDMAP) !== 0) return -EINVAL;
  const failed = change.idmap ? checkIdmap(task, data) : 0;
  return failed < 0 ? failed : change;
}

/** Linux: build_mount_idmapped. */
function checkIdmap(task: Task, data: DataView): number {
  if (data.getInt32(24, true) < 0 || data.getUint32(28, true) !== 0) return -EINVAL;
  const file = task.files!.get(data.getInt32(24, true));
  if (file === null) return -EBADF;
  if (!(file instanceof NamespaceFile) || !(file.namespace instanceof UserNamespace)) return -EINVAL;
  if (file.namespace === task.kernel.initialUserNs) return -EPERM;
  return task.cred.capable(CAP_SYS_ADMIN, file.namespace) ? 0 : -EPERM;
}

const mountSetattr = partial(
  defineSyscall(
    'mount_setattr',
    [fd('dfd'), str('path'), flags('flags'), ptr('uattr'), size('usize')],
    (task, dirfd, address, flag, attribute, length) => {
      if ((flag & ~MOUNT_SETATTR_FLAGS) !== 0) return -EINVAL;
      if (length > PAGE_SIZE) return -E2BIG;
      if (length < m.MOUNT_ATTR_SIZE) return -EINVAL;
      if (!mayMount(task)) return -EPERM;
      const data = readStruct(task, attribute, length, m.MOUNT_ATTR_SIZE);
      if (isErrno(data)) return data;
      if ([0, 4, 8, 12, 16, 20].every((at) => data.getUint32(at, true) === 0)) return 0;
      const change = attributeChange(task, data, (flag & m.AT_RECURSIVE) !== 0);
      if (isErrno(change)) return change;
      const path = userPath(task, dirfd, address, lookupOf(flag));
      return isErrno(path) ? path : attributes.setMountAttributes(task, path, change);
    },
  ),
  'no file system can be mounted with MOUNT_ATTR_IDMAP: EINVAL',
);

interface IdRequest {
  /** Null for LSMT_ROOT. */
  readonly id: number | null;
  readonly parameter: number;
  readonly namespace: number;
}

/** A struct mnt_id_req. Linux: copy_mnt_id_req. */
function readRequest(task: Task, address: number): IdRequest | number {
  const length = task.mm!.readU32(address);
  if (length < 0) return length;
  if (length > PAGE_SIZE) return -E2BIG;
  if (length < m.MNT_ID_REQ_SIZE_VER0) return -EINVAL;
  const data = readStruct(task, address, length, m.MNT_ID_REQ_SIZE);
  if (isErrno(data)) return data;
  const u64 = (at: number): number => data.getUint32(at + 4, true) * 2 ** 32 + data.getUint32(at, true);
  const id = u64(8);
  if (data.getUint32(4, true) !== 0 || id <= MNT_UNIQUE_ID_OFFSET) return -EINVAL;
  const isRoot = data.getUint32(8, true) === 0xffffffff && data.getUint32(12, true) === 0xffffffff;
  return { id: isRoot ? null : id, parameter: u64(16), namespace: u64(24) };
}

const statmount = defineSyscall(
  'statmount',
  [ptr('req'), ptr('buf'), size('bufsize'), flags('flags')],
  (task, address, buffer, length, flag) => {
    if (flag !== 0) return -EINVAL;
    const request = readRequest(task, address);
    if (isErrno(request)) return request;
    const namespace = requestedNamespace(task, request.namespace);
    if (namespace === null) return -ENOENT;
    const bytes = statMount(task, namespace, request.id ?? 0, request.parameter % 2 ** 32, length);
    return isErrno(bytes) ? bytes : task.mm!.copyOut(buffer, bytes);
  },
);

const listmount = defineSyscall(
  'listmount',
  [ptr('req'), ptr('mnt_ids'), size('nr_mnt_ids'), flags('flags')],
  (task, address, buffer, count, flag) => {
    if ((flag & ~m.LISTMOUNT_REVERSE) !== 0) return -EINVAL;
    if (count > MAX_IDS) return -EOVERFLOW;
    if (buffer + count * 8 > 2 ** 48) return -EFAULT;
    const request = readRequest(task, address);
    if (isErrno(request)) return request;
    const { id, parameter } = request;
    if (parameter !== 0 && parameter <= MNT_UNIQUE_ID_OFFSET) return -EINVAL;
    const namespace = requestedNamespace(task, request.namespace);
    if (namespace === null) return -ENOENT;
    const ids = listMounts(task, namespace, id, parameter, (flag & m.LISTMOUNT_REVERSE) !== 0, count);
    return isErrno(ids) ? ids : task.mm!.copyOut(buffer, longs(ids)) || ids.length;
  },
);

export const moveMountCalls: readonly Syscall[] = [openTree, moveMountCall, mountSetattr, statmount, listmount];
