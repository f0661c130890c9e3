/** The name of a place as a task sees it. Linux: fs/d_path.c. */

import type { Dentry } from './dentry.ts';
import type { Mount } from './mount.ts';
import type { Path } from './path.ts';

/** An absolute name, and whether the root it is relative to lies above it. */
export interface PathName {
  readonly name: string;
  readonly reachable: boolean;
}

/** The name of `path` seen from `root`. Linux: prepend_path. */
export function pathName(path: Path, root: Path): PathName {
  let { mount, dentry } = path;
  let name = '';
  for (;;) {
    if (mount === root.mount && dentry === root.dentry) return { name: name || '/', reachable: true };
    if (dentry === mount.root || dentry.isRoot) {
      const { parent, mountpoint } = mount;
      if (parent === null || mountpoint === null) return { name: name || '/', reachable: false };
      mount = parent;
      dentry = mountpoint;
      continue;
    }
    name = `/${dentry.name}${name}`;
    dentry = dentry.parent;
  }
}

/** What /proc/[pid]/exe, cwd, fd and maps show: with " (deleted)" when the name is gone. Linux: d_path. */
export function describePath(path: Path, root: Path): string {
  if (path.dentry.isRoot && path.mount.parent === null && path.mount.namespace === null && path.mount !== root.mount)
    return path.dentry.name || '/';
  const { name } = pathName(path, root);
  return path.dentry.unlinked ? `${name} (deleted)` : name;
}

/** Whether `dentry` of `mount` is below `root` (or is it). Linux: is_path_reachable. */
export function isPathReachable(mount: Mount, dentry: Dentry, root: Path): boolean {
  let at = mount;
  let place = dentry;
  while (at !== root.mount && at.parent !== null) {
    place = at.mountpoint!;
    at = at.parent;
  }
  return at === root.mount && root.dentry.isAncestorOf(place);
}
