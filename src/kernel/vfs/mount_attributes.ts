/** The MOUNT_ATTR_ flags of fsmount(2), mount_setattr(2) and statmount(2) as MS_ flags of a mount, and mount_setattr itself. Linux: fs/namespace.c. */

import { EBUSY, EINVAL, EPERM } from '../../abi/errno.ts';
import * as m from '../../abi/mount.ts';
import type { Task } from '../task/task.ts';
import { isMountRoot, isOurs, mayBecomeReadOnly, mayChangeFlags } from './do_mount.ts';
import type { Path } from './path.ts';
import { changePropagation, inventGroupIds } from './pnode.ts';

const ATTRIBUTES: readonly (readonly [attribute: number, flag: number])[] = [
  [m.MOUNT_ATTR_RDONLY, m.MS_RDONLY],
  [m.MOUNT_ATTR_NOSUID, m.MS_NOSUID],
  [m.MOUNT_ATTR_NODEV, m.MS_NODEV],
  [m.MOUNT_ATTR_NOEXEC, m.MS_NOEXEC],
  [m.MOUNT_ATTR_NODIRATIME, m.MS_NODIRATIME],
  [m.MOUNT_ATTR_NOSYMFOLLOW, m.MS_NOSYMFOLLOW],
];

/** All but the atime ones, which are a number rather than bits. */
export const PLAIN_ATTRIBUTES: number = ATTRIBUTES.reduce((all, [attribute]) => all | attribute, 0);

/** The MS_ flags for attributes other than atime. Linux: attr_flags_to_mnt_flags. */
export const flagsOfAttributes = (attributes: number): number =>
  ATTRIBUTES.reduce((flags, [attribute, flag]) => ((attributes & attribute) !== 0 ? flags | flag : flags), 0);

/** The MS_ flag for the atime field of attributes; null if it is none. */
export function atimeFlags(attributes: number): number | null {
  switch (attributes & m.MOUNT_ATTR__ATIME) {
    case m.MOUNT_ATTR_RELATIME:
      return m.MS_RELATIME;
    case m.MOUNT_ATTR_NOATIME:
      return m.MS_NOATIME;
    case m.MOUNT_ATTR_STRICTATIME:
      return 0;
  }
  return null;
}

/** Linux: mnt_to_attr_flags. */
export function attributesOfFlags(flags: number): number {
  const plain = ATTRIBUTES.reduce((all, [attribute, flag]) => ((flags & flag) !== 0 ? all | attribute : all), 0);
  if ((flags & m.MS_NOATIME) !== 0) return plain | m.MOUNT_ATTR_NOATIME;
  return (flags & m.MS_RELATIME) !== 0 ? plain : plain | m.MOUNT_ATTR_STRICTATIME;
}

/** What mount_setattr(2) is to change: MS_ flags, and the propagation type or 0. Linux: struct mount_kattr. */
export interface AttributeChange {
  readonly set: number;
  readonly clear: number;
  readonly propagation: number;
  readonly recursive: boolean;
  readonly idmap: boolean;
}

/** Change all of the tree at `path`, or nothing. Linux: do_mount_setattr. */
export function setMountAttributes(task: Task, path: Path, { set, clear, propagation, recursive, idmap }: AttributeChange): number {
  const { mount } = path;
  const { namespace } = mount;
  if (!isMountRoot(path) || namespace === null) return -EINVAL;
  if ((mount.parent !== null || !namespace.anonymous) && !isOurs(task, mount)) return -EINVAL;
  const mounts = recursive ? [...mount.tree()] : [mount];
  for (const one of mounts) {
    const flags = (one.flags & ~clear) | set;
    if (!mayChangeFlags(one, flags)) return -EPERM;
    // No file system has the ids of its files mapped anew.
    if (idmap) return -EINVAL;
    if (!mayBecomeReadOnly(one, flags)) return -EBUSY;
  }
  if (propagation === m.MS_SHARED) inventGroupIds(mounts);
  for (const one of mounts) {
    one.flags = (one.flags & ~clear) | set;
    if (propagation !== 0) changePropagation(one, propagation);
  }
  namespace.touch();
  return 0;
}
