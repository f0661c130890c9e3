/** The mounts of a namespace as /proc/[pid]/mountinfo, mounts and mountstats show them. Linux: fs/proc_namespace.c. See proc_pid_mountinfo(5). */

import * as m from '../../abi/mount.ts';
import { majorOf, minorOf } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { pathName } from './d_path.ts';
import type { Mount } from './mount.ts';
import type { MountNamespace } from './mount_namespace.ts';
import { Path } from './path.ts';
import { dominatingId } from './pnode.ts';
import { manglePath } from './text.ts';

const MOUNT_OPTIONS: readonly (readonly [number, string])[] = [
  [m.MS_NOSUID, 'nosuid'],
  [m.MS_NODEV, 'nodev'],
  [m.MS_NOEXEC, 'noexec'],
  [m.MS_NOATIME, 'noatime'],
  [m.MS_NODIRATIME, 'nodiratime'],
  [m.MS_RELATIME, 'relatime'],
  [m.MS_NOSYMFOLLOW, 'nosymfollow'],
];

const SUPER_OPTIONS: readonly (readonly [number, string])[] = [
  [m.MS_SYNCHRONOUS, 'sync'],
  [m.MS_DIRSYNC, 'dirsync'],
  [m.MS_MANDLOCK, 'mand'],
  [m.MS_LAZYTIME, 'lazytime'],
];

const optionsOf = (flags: number, table: readonly (readonly [number, string])[]): string =>
  table
    .filter(([bit]) => (flags & bit) !== 0)
    .map(([, name]) => `,${name}`)
    .join('');

interface Visible {
  readonly mount: Mount;
  readonly place: string;
}

/** The mounts below `root`, with their names there. */
function visible(namespace: MountNamespace, root: Path): Visible[] {
  const list: Visible[] = [];
  for (const mount of namespace.list()) {
    const { name, reachable } = pathName(new Path(mount, mount.root), root);
    if (reachable) list.push({ mount, place: name });
  }
  return list;
}

/** The optional fields. */
function propagation(mount: Mount, root: Path): string {
  const { master } = mount;
  let text = mount.shared ? ` shared:${mount.groupId}` : '';
  if (master !== null) {
    const dominating = dominatingId(mount, root);
    text += ` master:${master.groupId}${dominating !== 0 && dominating !== master.groupId ? ` propagate_from:${dominating}` : ''}`;
  }
  return mount.unbindable ? `${text} unbindable` : text;
}

/** The name of the mount's root inside its file system, as `reader` sees it. */
export function rootName({ root, sb }: Mount, reader: Task): string {
  const shown = sb.showPath(root, reader);
  if (shown !== null) return shown;
  let name = '';
  for (let dentry = root; !dentry.isRoot; dentry = dentry.parent) name = `/${dentry.name}${name}`;
  return root.unlinked ? `${name}//deleted` : name || '/';
}

export function mountInfo(namespace: MountNamespace, root: Path, reader: Task): string {
  return visible(namespace, root)
    .map(({ mount, place }) => {
      const { sb } = mount;
      const own = `${(mount.flags & m.MS_RDONLY) !== 0 ? 'ro' : 'rw'}${optionsOf(mount.flags, MOUNT_OPTIONS)}`;
      const whole = `${sb.readOnly ? 'ro' : 'rw'}${optionsOf(sb.flags, SUPER_OPTIONS)}${sb.showOptions()}`;
      const ids = `${mount.id} ${mount.parent?.id ?? mount.id} ${majorOf(sb.dev)}:${minorOf(sb.dev)}`;
      return `${ids} ${manglePath(rootName(mount, reader))} ${manglePath(place)} ${own}${propagation(mount, root)} - ${sb.type.name} ${manglePath(mount.source, '#')} ${whole}\n`;
    })
    .join('');
}

export function mountTable(namespace: MountNamespace, root: Path): string {
  return visible(namespace, root)
    .map(({ mount, place }) => {
      const { sb } = mount;
      const options = `${mount.readOnly ? 'ro' : 'rw'}${optionsOf(sb.flags, SUPER_OPTIONS)}${optionsOf(mount.flags, MOUNT_OPTIONS)}${sb.showOptions()}`;
      return `${manglePath(mount.source, '#')} ${manglePath(place)} ${sb.type.name} ${options} 0 0\n`;
    })
    .join('');
}

export function mountStats(namespace: MountNamespace, root: Path): string {
  return visible(namespace, root)
    .map(
      ({ mount, place }) => `device ${manglePath(mount.source, '#')} mounted on ${manglePath(place)} with fstype ${mount.sb.type.name}\n`,
    )
    .join('');
}
