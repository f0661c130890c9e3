/** MS_MOVE and move_mount(2). Linux: do_move_mount, do_set_group in fs/namespace.c. See mount(2), mount_namespaces(7). */

import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EINVAL, ELOOP, ENOENT, EPERM, isErrno } from '../../abi/errno.ts';
import { S_IFDIR, S_IFMT } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import type { Dentry } from './dentry.ts';
import { hasLockedChildren, isMountRoot, isNamespaceLoop, isOurs } from './do_mount.ts';
import type { Inode } from './inode.ts';
import type { Mount } from './mount.ts';
import { placeFor } from './mount_clone.ts';
import { attachRecursive } from './mount_tree.ts';
import type { Path } from './path.ts';
import { joinPeers, joinSlaves, setShared, wouldOvermount } from './pnode.ts';

const isDirectory = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFDIR;

const isWithin = (mount: Mount, other: Mount): boolean => {
  for (let at: Mount | null = mount; at !== null; at = at.parent) if (at === other) return true;
  return false;
};

const some = (mount: Mount, test: (one: Mount) => boolean): boolean => [...mount.tree()].some(test);

/** Move the mount whose root is `source` on top of `place`, or beneath what is mounted there. */
export function moveMount(task: Task, source: Path, place: Path, beneath: boolean): number {
  const path = placeFor(place);
  if (isErrno(path)) return path;
  const { mount } = source;
  const dentry = beneath ? (path.mount.mountpoint ?? path.dentry) : path.dentry;
  if (dentry.unlinked) return -ENOENT;
  if (!isOurs(task, path.mount) || mount.namespace === null) return -EINVAL;
  const { parent, namespace } = mount;
  const attached = parent !== null;
  if (attached ? !isOurs(task, mount) : !namespace.anonymous) return -EINVAL;
  if (mount.locked || !isMountRoot(source) || isDirectory(path.inode) !== isDirectory(source.inode)) return -EINVAL;
  // What is below a shared mount would have to vanish elsewhere.
  if (parent?.shared === true) return -EINVAL;
  if (beneath && !mayMoveBeneath(task, mount, path, dentry)) return -EINVAL;
  const dest = beneath ? path.mount.parent! : path.mount;
  if (dest.shared && some(mount, (one) => one.unbindable)) return -EINVAL;
  if (some(mount, (one) => isNamespaceLoop(task, one.root.inode!)) || isWithin(dest, mount)) return -ELOOP;
  const failed = attachRecursive(task, mount, path.mount, dentry, { move: attached, beneath });
  if (failed < 0) return failed;
  mount.expiring = false;
  if (!attached) namespace.free();
  return 0;
}

/** Linux: can_move_mount_beneath. */
function mayMoveBeneath(task: Task, mount: Mount, path: Path, dentry: Dentry): boolean {
  const top = path.mount;
  if (top.parent === null || !isMountRoot(path) || top.locked || mount.children.has(mount.root)) return false;
  if (top === task.fs!.root.mount || top.parent === task.nsproxy.mnt.root || isWithin(mount, top)) return false;
  return !wouldOvermount(top.parent, top, dentry) && !wouldOvermount(top.parent, mount, dentry);
}

/** MOVE_MOUNT_SET_GROUP: `to` joins the peer group of `from` and has its master. */
export function setGroup(task: Task, from: Path, to: Path): number {
  const source = from.mount;
  const { mount } = to;
  if (source.namespace === null || mount.namespace === null) return -EINVAL;
  for (const { owner } of [source.namespace, mount.namespace]) if (!task.cred.capable(CAP_SYS_ADMIN, owner)) return -EPERM;
  if (!isMountRoot(from) || !isMountRoot(to) || source.sb !== mount.sb || !source.root.isAncestorOf(mount.root)) return -EINVAL;
  if (hasLockedChildren(source, { dentry: mount.root })) return -EINVAL;
  if (mount.shared || mount.master !== null || (!source.shared && source.master === null)) return -EINVAL;
  if (source.master !== null) joinSlaves(mount, source.master, null);
  if (source.shared) {
    mount.groupId = source.groupId;
    joinPeers(mount, source);
    setShared(mount);
  }
  return 0;
}
