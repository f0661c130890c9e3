/** A container's root: image layers under a writable one, the kernel's file systems, host folders; then pivot_root(2). */

import { errnoNames, isErrno } from '../../abi/errno.ts';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from '../../abi/mount.ts';
import type { Task } from '../task/task.ts';
import { umountTree } from '../vfs/mount_tree.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, lookupPath } from '../vfs/namei.ts';
import type { Path } from '../vfs/path.ts';
import { AT_FDCWD, makeDirectories, mountAt, mountSuper, writeFile } from './files.ts';
import { RuntimeProcess, type WritableLayer } from './runtime_process.ts';
import type { ContainerSpec } from './spec.ts';

interface SystemMount {
  readonly type: string;
  readonly target: string;
  readonly flags: number;
  readonly data: string;
  /** Only a privileged container may write to it. */
  readonly guarded?: boolean;
}

const QUIET = MS_NOSUID | MS_NODEV | MS_NOEXEC;

/** What every container has. See the OCI runtime specification, "Default Filesystems". */
const SYSTEM_MOUNTS: readonly SystemMount[] = [
  { type: 'proc', target: '/proc', flags: QUIET, data: '' },
  { type: 'devtmpfs', target: '/dev', flags: MS_NOSUID, data: 'mode=755' },
  { type: 'devpts', target: '/dev/pts', flags: MS_NOSUID | MS_NOEXEC, data: 'newinstance,ptmxmode=0666,mode=0620,gid=5' },
  { type: 'mqueue', target: '/dev/mqueue', flags: QUIET, data: '' },
  { type: 'sysfs', target: '/sys', flags: QUIET, data: '', guarded: true },
  { type: 'cgroup2', target: '/sys/fs/cgroup', flags: QUIET, data: '', guarded: true },
];

const SHM = '/dev/shm';

/** Where the pieces are put together, in the new mount namespace. */
const BASE = '/container';

const explain = (what: string, errno: number): string => `${what}: ${errnoNames[-errno] ?? errno}`;

/** Build and enter the root: the writable layer, or what went wrong. */
export function prepareRoot(task: Task, spec: ContainerSpec): WritableLayer | string {
  const layers = mountLayers(task, spec);
  if (typeof layers === 'string') return layers;
  enterRoot(task, layers.root);
  const failed = mountSystem(task, spec) ?? mountShm(task, spec) ?? mountExtra(task, spec);
  if (failed !== null) return failed;
  if (spec.readOnly) layers.root.mount.flags |= MS_RDONLY;
  return layers;
}

/** Mount at a directory that is made if it is absent. */
function mountMade(task: Task, type: string, source: string, target: string, flags: number, data = ''): number {
  const made = makeDirectories(task, target);
  const mounted = made < 0 ? made : mountAt(task, type, source, target, flags, data);
  return isErrno(mounted) ? mounted : 0;
}

/** The kernel's own file systems, as far as this kernel has them, and the names of the host. */
function mountSystem(task: Task, { privileged, hostname }: ContainerSpec): string | null {
  for (const { type, target, flags, data, guarded } of SYSTEM_MOUNTS) {
    if (!task.kernel.fileSystems.has(type)) continue;
    const failed = mountMade(task, type, type, target, guarded && !privileged ? flags | MS_RDONLY : flags, data);
    if (failed < 0) return explain(`cannot mount ${type} on ${target}`, failed);
  }
  makeDirectories(task, '/etc');
  writeFile(task, '/etc/hostname', `${hostname}\n`);
  writeFile(task, '/etc/hosts', `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t${hostname}\n`);
  return null;
}

/** POSIX shared memory: that of the container whose IPC namespace is shared, or a new one. See shm_overview(7). */
function mountShm(task: Task, { shm, namespaces: { ipc } }: ContainerSpec): string | null {
  if (shm === null) return null;
  const failed = ipc instanceof RuntimeProcess ? shareShm(task, ipc) : mountMade(task, 'tmpfs', 'shm', SHM, QUIET, `mode=1777,size=${shm}`);
  return failed < 0 ? explain(`cannot mount ${SHM}`, failed) : null;
}

function shareShm(task: Task, donor: RuntimeProcess): number {
  const theirs = lookupPath(donor.group.leader, AT_FDCWD, SHM, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  if (isErrno(theirs)) return theirs;
  const made = makeDirectories(task, SHM);
  const place = made < 0 ? made : lookupPath(task, AT_FDCWD, SHM, LOOKUP_FOLLOW);
  if (isErrno(place)) return place;
  return mountSuper(task, theirs.mount.sb, 'shm', QUIET, place);
}

/** What the user asked for: folders of the host, and tmpfs. */
function mountExtra(task: Task, { folders, tmpfs }: ContainerSpec): string | null {
  for (const { source, destination, readOnly } of folders) {
    const failed = mountMade(task, 'hostfs', source, destination, readOnly ? MS_RDONLY : 0);
    if (failed < 0) return explain(`cannot show the host's folder at ${destination}`, failed);
  }
  for (const { destination, flags, data } of tmpfs) {
    const failed = mountMade(task, 'tmpfs', 'tmpfs', destination, flags, data);
    if (failed < 0) return explain(`cannot mount a tmpfs with the options "${data}" on ${destination}`, failed);
  }
  return null;
}

/** The image's layers and a writable one, joined by overlayfs. */
function mountLayers(task: Task, spec: ContainerSpec): (WritableLayer & { readonly root: Path }) | string {
  const base = makeDirectories(task, BASE);
  const space = base < 0 ? base : mountSpace(task, spec.space);
  if (isErrno(space)) return explain('cannot make the writable layer', space);
  for (const folder of ['upper', 'work', 'root', ...spec.layers.map((_, i) => `lower${i}`)]) {
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
  return isErrno(upper) ? explain('cannot open the writable layer', upper) : { root, space: space.get(), upper: upper.get() };
}

/** A tmpfs for the writable layer, or the one of an earlier run. */
function mountSpace(task: Task, earlier: Path | null): Path | number {
  if (earlier === null) return mountAt(task, 'tmpfs', 'container', BASE, 0, 'mode=755');
  const place = lookupPath(task, AT_FDCWD, BASE, LOOKUP_FOLLOW);
  if (isErrno(place)) return place;
  const failed = mountSuper(task, earlier.mount.sb, 'container', 0, place);
  return failed < 0 ? failed : lookupPath(task, AT_FDCWD, BASE, LOOKUP_FOLLOW);
}

/** pivot_root(2), and the old root unmounted. */
function enterRoot(task: Task, root: Path): void {
  const { mount } = root;
  const old = task.fs!.root.mount;
  const { parent, mountpoint } = old;
  old.detach();
  mount.reattach(parent!, mountpoint!);
  task.fs!.setRoot(root);
  task.fs!.setCwd(root);
  umountTree(old, 0);
}
