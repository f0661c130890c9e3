/** The credentials that a program gets. See capabilities(7), Transformation of capabilities during execve(); Linux: security/commoncap.c. */

import { CAP_SETUID, SECBIT_KEEP_CAPS, SECBIT_NOROOT } from '../../abi/capability.ts';
import { EPERM } from '../../abi/errno.ts';
import { forkKeyrings } from '../keys/key.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Cred, CredFields } from '../task/cred.ts';
import { decodeCapability } from '../vfs/file_capability.ts';

const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o010;

/** What of a file decides about credentials. */
export interface ExecSubject {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The xattr security.capability, or null. */
  readonly capability: Uint8Array | null;
  /** False on a nosuid mount, or one that belongs to another user namespace. */
  readonly maySuid: boolean;
  /** The user namespace that owns the file system. */
  readonly owner: UserNamespace;
  /** The program shares fs or is traced by somebody who could use what it gains. */
  readonly unsafe: boolean;
}

export interface ExecCreds {
  readonly cred: Cred;
  /** AT_SECURE. */
  readonly secure: boolean;
}

/** The new credentials, or a negative errno. */
export function execCreds(old: Cred, subject: ExecSubject): ExecCreds | number {
  const o = old.fields;
  const next: { -readonly [K in keyof CredFields]: CredFields[K] } = { ...o };
  if (subject.maySuid && !o.noNewPrivs && o.userNs.hasUid(subject.uid) && o.userNs.hasGid(subject.gid)) applySetid(next, subject);
  const caps = subject.maySuid ? decodeCapability(subject.capability, subject.owner, o.userNs) : null;
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
  next.keyrings = forkKeyrings(o.keyrings, false);
  const secure = setid || (next.uid !== root && (effective || (next.permitted & ~next.ambient) !== 0n));
  return { cred: old.with(next), secure };
}

/** The set-user-ID and set-group-ID bits. Linux: bprm_fill_uid. */
function applySetid(next: { euid: number; egid: number }, subject: ExecSubject): void {
  if ((subject.mode & S_ISUID) !== 0) next.euid = subject.uid;
  if ((subject.mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP)) next.egid = subject.gid;
}
