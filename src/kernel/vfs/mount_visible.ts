/** Whether a new mount of procfs or sysfs in a user namespace would show what was hidden. Linux: mount_too_revealing in fs/namespace.c. */

import { MS_NOATIME, MS_NODIRATIME, MS_RDONLY, MS_RELATIME } from '../../abi/mount.ts';
import type { Task } from '../task/task.ts';
import { LOCK_ATIME, type Mount } from './mount.ts';
import type { SuperBlock } from './super_block.ts';

const ATIME_FLAGS = MS_NOATIME | MS_NODIRATIME | MS_RELATIME;

/** The flags of a mount and those of them that are locked. */
export interface RevealedFlags {
  readonly flags: number;
  readonly locked: number;
}

/** Flags for a mount of `sb` with `flags` in the task's namespace; null: it may not be mounted there. See user_namespaces(7). */
export function revealedFlags(task: Task, sb: SuperBlock, flags: number): RevealedFlags | null {
  const namespace = task.nsproxy.mnt;
  if (namespace.owner === task.kernel.initialUserNs || !sb.userNsVisible) return { flags, locked: 0 };
  for (const mount of namespace.list()) {
    const locked = visibleLocks(mount, sb, flags);
    if (locked !== null) return { flags, locked };
  }
  return null;
}

/** The locked flags of an existing mount that shows all of the file system and is no more restricted than `flags`; else null. */
function visibleLocks(mount: Mount, sb: SuperBlock, flags: number): number | null {
  if (mount.sb.type !== sb.type || mount.root !== mount.sb.root) return null;
  const locked = (mount.lockedFlags & (MS_RDONLY | LOCK_ATIME)) | (mount.sb.readOnly ? MS_RDONLY : 0);
  if ((locked & MS_RDONLY & ~flags) !== 0) return null;
  if ((locked & LOCK_ATIME) !== 0 && ((mount.flags ^ flags) & ATIME_FLAGS) !== 0) return null;
  for (const [place, child] of mount.children) if (child.locked && !place.inode!.isEmptyForever) return null;
  return locked;
}
