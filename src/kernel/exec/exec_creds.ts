/** The credentials that a program gets. See capabilities(7), Transformation of capabilities during execve(); Linux: security/commoncap.c. */

import { CAP_SETUID, SECBIT_KEEP_CAPS, SECBIT_NOROOT } from '../../abi/capability.ts';
import { EINVAL, EPERM } from '../../abi/errno.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Cred, CredFields } from '../task/cred.ts';

const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o010;

const VFS_CAP_REVISION_MASK = 0xff000000;
const VFS_CAP_FLAGS_EFFECTIVE = 1;
/** Size of the attribute by revision. See linux/capability.h, struct vfs_ns_cap_data. */
const REVISION_SIZES: ReadonlyMap<number, number> = new Map([
  [0x01000000, 12],
  [0x02000000, 20],
  [0x03000000, 24],
]);

/** What of a file decides about credentials. */
export interface ExecSubject {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The xattr security.capability, or null. */
  readonly capability: Uint8Array | null;
  /** False on a nosuid mount, or one that belongs to another user namespace. */
  readonly maySuid: boolean;
  /** The program shares fs or is traced by somebody who could use what it gains. */
  readonly unsafe: boolean;
}

export interface ExecCreds {
  readonly cred: Cred;
  /** AT_SECURE. */
  readonly secure: boolean;
}

interface FileCaps {
  readonly permitted: bigint;
  readonly inheritable: bigint;
  readonly effective: boolean;
}

/** The new credentials, or a negative errno. */
export function execCreds(old: Cred, subject: ExecSubject): ExecCreds | number {
  const o = old.fields;
  const next: { -readonly [K in keyof CredFields]: CredFields[K] } = { ...o };
  if (subject.maySuid && !o.noNewPrivs) applySetid(next, subject);
  const caps = subject.maySuid ? fileCaps(subject.capability, o.userNs) : null;
  if (typeof caps === 'number') return caps;
  next.permitted = 0n;
  let effective = false;
  if (caps !== null) {
    next.permitted = (next.bounding & caps.permitted) | (next.inheritable & caps.inheritable);
    if (caps.effective && (caps.permitted & ~next.permitted) !== 0n) return -EPERM;
    effective = caps.effective;
  }
  const root = o.userNs.kuid(0);
  if ((next.securebits & SECBIT_NOROOT) === 0 && !(caps !== null && next.uid !== root && next.euid === root)) {
    if (next.euid === root || next.uid === root) next.permitted = o.bounding | o.inheritable;
    if (next.euid === root) effective = true;
  }
  const setid = next.euid !== o.uid || next.egid !== o.gid;
  const gained = (next.permitted & ~o.permitted) !== 0n;
  if ((setid || gained) && (subject.unsafe || o.noNewPrivs)) {
    if (o.noNewPrivs || !old.capable(CAP_SETUID, o.userNs)) {
      next.euid = next.uid;
      next.egid = next.gid;
    }
    next.permitted &= o.permitted;
  }
  next.suid = next.fsuid = next.euid;
  next.sgid = next.fsgid = next.egid;
  if (caps !== null || setid) next.ambient = 0n;
  next.permitted |= next.ambient;
  next.effective = effective ? next.permitted : next.ambient;
  next.securebits &= ~SECBIT_KEEP_CAPS;
  const secure = setid || (next.uid !== root && (effective || (next.permitted & ~next.ambient) !== 0n));
  return { cred: old.with(next), secure };
}

/** The set-user-ID and set-group-ID bits. Linux: bprm_fill_uid. */
function applySetid(next: { euid: number; egid: number }, subject: ExecSubject): void {
  if ((subject.mode & S_ISUID) !== 0) next.euid = subject.uid;
  if ((subject.mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP)) next.egid = subject.gid;
}

/** Decode security.capability: null when there is none for this namespace, -EINVAL when it is malformed. */
function fileCaps(value: Uint8Array | null, ns: UserNamespace): FileCaps | number | null {
  if (value === null) return null;
  if (value.length < 4) return -EINVAL;
  const data = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const magic = data.getUint32(0, true);
  const revision = (magic & VFS_CAP_REVISION_MASK) >>> 0;
  const size = REVISION_SIZES.get(revision);
  if (size === undefined || value.length !== size) return -EINVAL;
  const two = size >= 20;
  const rootid = size === 24 ? data.getUint32(20, true) : 0;
  if (rootid !== ns.kuid(0) && !(size !== 24 && ns.parent === null)) return null;
  const wide = (at: number): bigint => BigInt(data.getUint32(at, true)) | (two ? BigInt(data.getUint32(at + 8, true)) << 32n : 0n);
  return { permitted: wide(4), inheritable: wide(8), effective: (magic & VFS_CAP_FLAGS_EFFECTIVE) !== 0 };
}
