/** One mount and all mounts below one, by their unique ids: statmount(2), listmount(2). Linux: fs/namespace.c. */

import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { ENOENT, EOVERFLOW, EPERM } from '../../abi/errno.ts';
import * as m from '../../abi/mount.ts';
import { majorOf, minorOf } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { isPathReachable, pathName } from './d_path.ts';
import type { Mount } from './mount.ts';
import { attributesOfFlags } from './mount_attributes.ts';
import { rootOf } from './mount_clone.ts';
import { rootName } from './mount_info.ts';
import type { MountNamespace } from './mount_namespace.ts';
import { Path } from './path.ts';
import { dominatingId, propagationFlags } from './pnode.ts';
import { latin1Bytes } from './text.ts';

const TWO_32 = 4294967296;
const SUPER_FLAGS = m.MS_RDONLY | m.MS_SYNCHRONOUS | m.MS_DIRSYNC | m.MS_LAZYTIME;

/** The root below which the task sees the mounts of `namespace`. Linux: grab_requested_root. */
const rootIn = (task: Task, namespace: MountNamespace): Path => (namespace === task.nsproxy.mnt ? task.fs!.root : rootOf(namespace));

const maySee = (task: Task, namespace: MountNamespace, path: Path, root: Path): boolean =>
  isPathReachable(path.mount, path.dentry, root) || task.cred.capable(CAP_SYS_ADMIN, namespace.owner);

/** The mount namespace with that id, if the task may look into it; 0: its own. */
export function requestedNamespace(task: Task, id: number): MountNamespace | null {
  const own = task.nsproxy.mnt;
  if (id === 0) return own;
  const found = task.kernel.vfs.mountNamespaces.get(id) ?? null;
  return found === null || (found !== own && !task.cred.capable(CAP_SYS_ADMIN, found.owner)) ? null : found;
}

/** The ids of what is mounted below the mount `parent` (null: the root), beyond `last`. */
export function listMounts(
  task: Task,
  namespace: MountNamespace,
  parent: number | null,
  last: number,
  reverse: boolean,
  limit: number,
): number[] | number {
  const root = rootIn(task, namespace);
  let from = root;
  if (parent !== null) {
    const mount = namespace.find(parent);
    if (mount === null) return -ENOENT;
    from = new Path(mount, mount.root);
  }
  if (!maySee(task, namespace, from, root)) return -EPERM;
  const mounts = namespace.list();
  if (reverse) mounts.reverse();
  const ids: number[] = [];
  for (const mount of mounts) {
    const id = mount.uniqueId;
    if (ids.length >= limit) break;
    if (id === parent || (last !== 0 && (reverse ? id >= last : id <= last))) continue;
    if (isPathReachable(mount, mount.root, from)) ids.push(id);
  }
  return ids;
}

/** Fills a struct statmount; strings are gathered behind it. */
class StatMount {
  private readonly view: DataView = new DataView(new ArrayBuffer(m.STATMOUNT_SIZE));
  private strings = '';
  private mask = 0;
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  has(bit: number): void {
    this.mask |= bit;
  }

  u32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  u64(at: number, value: number): void {
    this.view.setUint32(at, value % TWO_32, true);
    this.view.setUint32(at + 4, Math.floor(value / TWO_32), true);
  }

  /** -EOVERFLOW when there is no room. */
  text(bit: number, at: number, text: string): number {
    // Offset 0 is the empty string.
    if (this.strings === '') this.strings = '\0';
    if (m.STATMOUNT_SIZE + this.strings.length + text.length >= this.size) return -EOVERFLOW;
    this.u32(at, this.strings.length);
    this.strings += `${text}\0`;
    this.has(bit);
    return 0;
  }

  finish(): Uint8Array {
    const length = Math.min(this.size, m.STATMOUNT_SIZE);
    this.u32(0, length + this.strings.length);
    this.u64(8, this.mask);
    const bytes = new Uint8Array(length + this.strings.length);
    bytes.set(new Uint8Array(this.view.buffer, 0, length));
    bytes.set(latin1Bytes(this.strings), length);
    return bytes;
  }
}

function mountBasic(out: StatMount, mount: Mount): void {
  const parent = mount.parent ?? mount;
  out.has(m.STATMOUNT_MNT_BASIC);
  out.u64(40, mount.uniqueId);
  out.u64(48, parent.uniqueId);
  out.u32(56, mount.id);
  out.u32(60, parent.id);
  out.u64(64, attributesOfFlags(mount.flags));
  out.u64(72, propagationFlags(mount));
  out.u64(80, mount.shared ? mount.groupId : 0);
  out.u64(88, mount.master?.groupId ?? 0);
}

function superBasic(out: StatMount, { sb }: Mount): void {
  out.has(m.STATMOUNT_SB_BASIC);
  out.u32(16, majorOf(sb.dev));
  out.u32(20, minorOf(sb.dev));
  out.u64(24, sb.magic);
  out.u32(32, sb.flags & SUPER_FLAGS);
}

/** What `mask` (STATMOUNT_ bits) asks about the mount `id`, for a buffer of `size` bytes; or a negative errno. */
export function statMount(task: Task, namespace: MountNamespace, id: number, mask: number, size: number): Uint8Array | number {
  const strings = m.STATMOUNT_FS_TYPE | m.STATMOUNT_MNT_ROOT | m.STATMOUNT_MNT_POINT | m.STATMOUNT_MNT_OPTS;
  if ((mask & strings) !== 0 && size === m.STATMOUNT_SIZE) return -EOVERFLOW;
  const mount = namespace.find(id);
  if (mount === null) return -ENOENT;
  const root = rootIn(task, namespace);
  const place = new Path(mount, mount.root);
  if (!maySee(task, namespace, place, root)) return -EPERM;
  const out = new StatMount(size);
  if ((mask & m.STATMOUNT_SB_BASIC) !== 0) superBasic(out, mount);
  if ((mask & m.STATMOUNT_MNT_BASIC) !== 0) mountBasic(out, mount);
  if ((mask & m.STATMOUNT_PROPAGATE_FROM) !== 0) {
    out.has(m.STATMOUNT_PROPAGATE_FROM);
    if (mount.master !== null) out.u64(96, dominatingId(mount, task.fs!.root));
  }
  const { name, reachable } = pathName(place, root);
  const texts: readonly (readonly [number, number, string])[] = [
    [m.STATMOUNT_FS_TYPE, 36, mount.sb.type.name],
    [m.STATMOUNT_MNT_ROOT, 104, rootName(mount, task)],
    [m.STATMOUNT_MNT_POINT, 108, reachable ? name : ''],
    [m.STATMOUNT_MNT_OPTS, 4, mount.sb.showOptions().slice(1)],
  ];
  for (const [bit, at, text] of texts) {
    const failed = (mask & bit) !== 0 ? out.text(bit, at, text) : 0;
    if (failed < 0) return failed;
  }
  if ((mask & m.STATMOUNT_MNT_NS_ID) !== 0) {
    out.has(m.STATMOUNT_MNT_NS_ID);
    out.u64(112, namespace.id);
  }
  return out.finish();
}
