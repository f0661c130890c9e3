/** The attribute security.capability as it is kept and as it is shown: it belongs to the superuser of a user namespace. Linux: security/commoncap.c. See capabilities(7). */

import { CAP_SETFCAP } from '../../abi/capability.ts';
import { EINVAL, EOVERFLOW, EPERM } from '../../abi/errno.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Cred } from '../task/cred.ts';
import type { Inode } from './inode.ts';
import { inodeCapable } from './permission.ts';

const VFS_CAP_REVISION_MASK = 0xff000000;
const VFS_CAP_REVISION_2 = 0x02000000;
const VFS_CAP_REVISION_3 = 0x03000000;
const VFS_CAP_FLAGS_EFFECTIVE = 1;
const SIZE_2 = 20;
const SIZE_3 = 24;
/** Where the third revision has the id of the superuser. */
const ROOTID = 20;
/** Size of the attribute by revision. See linux/capability.h, struct vfs_ns_cap_data. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [0x01000000, 12],
  [VFS_CAP_REVISION_2, SIZE_2],
  [VFS_CAP_REVISION_3, SIZE_3],
]);

export const FILE_CAPABILITY = 'security.capability';

const viewOf = (value: Uint8Array): DataView => new DataView(value.buffer, value.byteOffset, value.byteLength);
const revisionOf = (view: DataView): number => (view.getUint32(0, true) & VFS_CAP_REVISION_MASK) >>> 0;

/** Whether the superuser `kroot` is that of `ns` or of one above it. Linux: rootid_owns_currentns. */
function owns(kroot: number, ns: UserNamespace): boolean {
  for (let at: UserNamespace | null = ns; at !== null; at = at.parent) if (at.kuid(0) === kroot) return true;
  return false;
}

/** The same capabilities in another revision. */
function rewrite(value: Uint8Array, rootid: number | null): Uint8Array {
  const size = rootid === null ? SIZE_2 : SIZE_3;
  const bytes = new Uint8Array(size);
  bytes.set(value.subarray(0, SIZE_2));
  const view = viewOf(bytes);
  const effective = view.getUint32(0, true) & VFS_CAP_FLAGS_EFFECTIVE;
  view.setUint32(0, (rootid === null ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3) | effective, true);
  if (rootid !== null) view.setUint32(ROOTID, rootid, true);
  return bytes;
}

const isValid = (value: Uint8Array): boolean =>
  value.length >= 4 && value.length >= SIZE_2 && SIZES.get(revisionOf(viewOf(value))) === value.length;

/** What is kept when `cred` sets the attribute; or a negative errno. Linux: cap_convert_nscap. */
export function storedCapability(cred: Cred, inode: Inode, value: Uint8Array): Uint8Array | number {
  if (!isValid(value)) return -EINVAL;
  if (!inodeCapable(cred, inode, CAP_SETFCAP)) return -EPERM;
  const owner = inode.sb.userNs ?? inode.sb.kernel.initialUserNs;
  if (value.length === SIZE_2 && cred.capable(CAP_SETFCAP, owner)) return value;
  const kroot = cred.userNs.kuid(value.length === SIZE_3 ? viewOf(value).getUint32(ROOTID, true) : 0);
  if (kroot < 0 || !owner.hasUid(kroot)) return -EINVAL;
  return rewrite(value, owner.uid(kroot));
}

/** What `cred` is shown; or a negative errno. Linux: cap_inode_getsecurity. */
export function shownCapability(cred: Cred, inode: Inode, value: Uint8Array): Uint8Array | number {
  if (!isValid(value)) return -EINVAL;
  const owner = inode.sb.userNs ?? inode.sb.kernel.initialUserNs;
  const kroot = owner.kuid(value.length === SIZE_3 ? viewOf(value).getUint32(ROOTID, true) : 0);
  const { userNs } = cred;
  const mapped = kroot >= 0 && userNs.hasUid(kroot) ? userNs.uid(kroot) : 0;
  if (mapped !== 0) return rewrite(value, mapped);
  return owns(kroot, userNs) ? rewrite(value, null) : -EOVERFLOW;
}

export interface FileCapability {
  readonly permitted: bigint;
  readonly inheritable: bigint;
  readonly effective: boolean;
}

/** The capabilities of a program on a file system that `owner` owns: null when they are not for `ns`, -EINVAL when malformed. Linux: get_vfs_caps_from_disk. */
export function decodeCapability(value: Uint8Array | null, owner: UserNamespace, ns: UserNamespace): FileCapability | number | null {
  if (value === null) return null;
  if (value.length < 4) return -EINVAL;
  const view = viewOf(value);
  const size = SIZES.get(revisionOf(view));
  if (size === undefined || value.length !== size) return -EINVAL;
  const kroot = owner.kuid(size === SIZE_3 ? view.getUint32(ROOTID, true) : 0);
  if (kroot < 0 || !owns(kroot, ns)) return null;
  const wide = (at: number): bigint =>
    BigInt(view.getUint32(at, true)) | (size >= SIZE_2 ? BigInt(view.getUint32(at + 8, true)) << 32n : 0n);
  return { permitted: wide(4), inheritable: wide(8), effective: (view.getUint32(0, true) & VFS_CAP_FLAGS_EFFECTIVE) !== 0 };
}
