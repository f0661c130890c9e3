/** A container's root: image layers under a writable one, the kernel's file systems, host folders; then pivot_root(2). */

import { errnoNames, isErrno } from '../../abi/errno.ts';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from '../../abi/mount.ts';
import { layerSuperBlock } from '../fs/layerfs/layerfs.ts';
import { OverlaySuperBlock } from '../fs/overlayfs/overlay_super_block.ts';
import type { Task } from '../task/task.ts';
import type { Inode } from '../vfs/inode.ts';
import { umountTree } from '../vfs/mount_tree.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, lookupPath } from '../vfs/namei.ts';
import { Path } from '../vfs/path.ts';
import type { SuperBlock } from '../vfs/super_block.ts';
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

/** What /proc/[pid]/mountinfo says of the root: the layers have no paths. */
const OPTIONS = ',lowerdir=layers,upperdir=upper,workdir=work';

const explain = (what: string, errno: number): string => `${what}: ${errnoNames[-errno] ?? errno}`;

/** Build and enter the root: the writable layer, for the caller to put, or what went wrong. */
export function prepareRoot(task: Task, spec: ContainerSpec): WritableLayer | string {
  const { kernel } = task;
  const layer = spec.layer ?? kernel.fileSystems.get('tmpfs')!.mount(kernel, task, 'container', 0, 'mode=755');
  if (isErrno(layer)) return explain('cannot make the writable layer', layer);
  layer.get();
  const failed = joinLayers(task, spec, layer) ?? mountSystem(task, spec) ?? mountShm(task, spec) ?? mountExtra(task, spec);
  if (failed !== null) {
    layer.put();
    return failed;
  }
  if (spec.readOnly) task.fs!.root.mount.flags |= MS_RDONLY;
  return layer;
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
  const mount = mountSuper(task, theirs.mount.sb, 'shm', QUIET, place);
  return isErrno(mount) ? mount : 0;
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

/** The root becomes the image's layers and a writable one, joined by overlayfs. They need no places in a tree, as with FSCONFIG_SET_FD. */
function joinLayers(task: Task, { layers }: ContainerSpec, writable: WritableLayer): string | null {
  const { kernel } = task;
  const lowers: Inode[] = [];
  // overlayfs wants the uppermost lower layer first.
  for (const id of [...layers].reverse()) {
    const lower = layerSuperBlock(kernel, id);
    if (isErrno(lower)) return explain(`cannot read layer ${id}`, lower);
    lowers.push(lower.root.inode!);
  }
  const type = kernel.fileSystems.get('overlay')!;
  return enterRoot(task, new OverlaySuperBlock(kernel, type, writable.root.inode!, lowers, 0, OPTIONS, false));
}

/** Mount `sb` in the place of the root, and enter it, as pivot_root(2) does; the old root is unmounted. */
function enterRoot(task: Task, sb: SuperBlock): string | null {
  const { fs } = task;
  const old = fs!.root.mount;
  const { parent, mountpoint } = old;
  const mount = mountSuper(task, sb, 'overlay', 0, fs!.root);
  if (isErrno(mount)) return explain('cannot mount the root', mount);
  const root = new Path(mount, mount.root);
  old.detach();
  mount.reattach(parent!, mountpoint!);
  fs!.setRoot(root);
  fs!.setCwd(root);
  umountTree(old, 0);
  return null;
}
