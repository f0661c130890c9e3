/** A container's root: image layers under a writable one, the kernel's file systems, host folders; then pivot_root(2). */

import { errnoNames, isErrno } from '../../abi/errno.ts';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from '../../abi/mount.ts';
import type { Task } from '../task/task.ts';
import { attachTree, detachTree } from '../vfs/mount_tree.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, lookupPath } from '../vfs/namei.ts';
import { Path } from '../vfs/path.ts';
import type { ContainerSpec } from './container.ts';
import { AT_FDCWD, makeDirectories, mountAt, writeFile } from './files.ts';

interface SystemMount {
  readonly type: string;
  readonly target: string;
  readonly flags: number;
  readonly data: string;
  /** The system is usable without it, where the kernel does not have the type. */
  readonly optional?: boolean;
}

const QUIET = MS_NOSUID | MS_NODEV | MS_NOEXEC;

/** What every container has. See the OCI runtime specification, "Default Filesystems". */
const SYSTEM_MOUNTS: readonly SystemMount[] = [
  { type: 'proc', target: '/proc', flags: QUIET, data: '' },
  { type: 'devtmpfs', target: '/dev', flags: MS_NOSUID, data: 'mode=755' },
  { type: 'devpts', target: '/dev/pts', flags: MS_NOSUID | MS_NOEXEC, data: 'newinstance,ptmxmode=0666,mode=0620,gid=5' },
  { type: 'tmpfs', target: '/dev/shm', flags: QUIET, data: 'mode=1777' },
  { type: 'mqueue', target: '/dev/mqueue', flags: QUIET, data: '', optional: true },
  { type: 'sysfs', target: '/sys', flags: QUIET | MS_RDONLY, data: '', optional: true },
  { type: 'cgroup2', target: '/sys/fs/cgroup', flags: QUIET | MS_RDONLY, data: '', optional: true },
];

/** Where the pieces are put together, in the new mount namespace. */
const BASE = '/container';

const explain = (what: string, errno: number): string => `${what}: ${errnoNames[-errno] ?? errno}`;

/** Build and enter the root: the writable layer, or what went wrong. */
export function prepareRoot(task: Task, spec: ContainerSpec): Path | string {
  const layers = mountLayers(task, spec);
  if (typeof layers === 'string') return layers;
  const { root, upper } = layers;
  enterRoot(task, root);
  for (const mount of SYSTEM_MOUNTS) {
    if (mount.optional && !task.kernel.fileSystems.has(mount.type)) continue;
    const made = makeDirectories(task, mount.target);
    const mounted = made < 0 ? made : mountAt(task, mount.type, mount.type, mount.target, mount.flags, mount.data);
    if (isErrno(mounted)) return explain(`cannot mount ${mount.type} on ${mount.target}`, mounted);
  }
  makeDirectories(task, '/etc');
  writeFile(task, '/etc/hostname', `${spec.hostname}\n`);
  writeFile(task, '/etc/hosts', `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t${spec.hostname}\n`);
  for (const folder of spec.folders) {
    const made = makeDirectories(task, folder.destination);
    const flags = folder.readOnly ? MS_RDONLY : 0;
    const mounted = made < 0 ? made : mountAt(task, 'hostfs', folder.source, folder.destination, flags);
    if (isErrno(mounted)) return explain(`cannot show the host's folder at ${folder.destination}`, mounted);
  }
  if (spec.readOnly) task.nsproxy.mnt.root.flags |= MS_RDONLY;
  return upper;
}

/** The image's layers and a writable one, joined by overlayfs. */
function mountLayers(task: Task, spec: ContainerSpec): { readonly root: Path; readonly upper: Path } | string {
  const folders = ['upper', 'work', 'root', ...spec.layers.map((_, i) => `lower${i}`)];
  const base = makeDirectories(task, BASE);
  const space = base < 0 ? base : mountAt(task, 'tmpfs', 'container', BASE, 0, 'mode=755');
  if (isErrno(space)) return explain('cannot make the writable layer', space);
  for (const folder of folders) {
    const made = makeDirectories(task, `${BASE}/${folder}`);
    if (made < 0) return explain('cannot make the writable layer', made);
  }
  for (const [i, layer] of spec.layers.entries()) {
    const mounted = mountAt(task, 'layerfs', layer, `${BASE}/lower${i}`, MS_RDONLY);
    if (isErrno(mounted)) return explain(`cannot read layer ${layer}`, mounted);
  }
  // overlayfs wants the uppermost lower layer first.
  const lower = spec.layers.map((_, i) => `${BASE}/lower${i}`).reverse();
  const data = `lowerdir=${lower.join(':')},upperdir=${BASE}/upper,workdir=${BASE}/work`;
  const root = mountAt(task, 'overlay', 'overlay', `${BASE}/root`, 0, data);
  if (isErrno(root)) return explain('cannot join the layers', root);
  const upper = lookupPath(task, AT_FDCWD, `${BASE}/upper`, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  return isErrno(upper) ? explain('cannot open the writable layer', upper) : { root, upper: upper.get() };
}

/** pivot_root(2), and the old root unmounted. */
function enterRoot(task: Task, root: Path): void {
  const { mount } = root;
  const namespace = task.nsproxy.mnt;
  const old = namespace.root;
  mount.detach();
  namespace.count--;
  mount.namespace = null;
  const path = new Path(mount, mount.root).get();
  task.fs!.setRoot(path);
  task.fs!.setCwd(path);
  detachTree(old);
  attachTree(mount, namespace, null, null);
}
