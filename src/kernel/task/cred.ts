/** A task's credentials: immutable, replaced as a whole. Linux: struct cred. See credentials(7), capabilities(7). */

import type { Keyrings } from '../keys/key.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';

/** Every capability of Linux 6.12 (CAP_LAST_CAP is 40). */
export const CAP_FULL: bigint = (1n << 41n) - 1n;

export interface CredFields {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly fsuid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsgid: number;
  readonly groups: readonly number[];
  readonly inheritable: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly bounding: bigint;
  readonly ambient: bigint;
  readonly securebits: number;
  readonly noNewPrivs: boolean;
  readonly userNs: UserNamespace;
  readonly keyrings: Keyrings;
}

/** Ids are those of the initial user namespace (kuid_t, kgid_t). */
export class Cred {
  readonly fields: CredFields;

  constructor(fields: CredFields) {
    this.fields = fields;
  }

  /** A copy with some fields changed. */
  with(changes: Partial<CredFields>): Cred {
    return new Cred({ ...this.fields, ...changes });
  }

  get uid(): number {
    return this.fields.uid;
  }
  get euid(): number {
    return this.fields.euid;
  }
  get fsuid(): number {
    return this.fields.fsuid;
  }
  get gid(): number {
    return this.fields.gid;
  }
  get egid(): number {
    return this.fields.egid;
  }
  get fsgid(): number {
    return this.fields.fsgid;
  }
  get userNs(): UserNamespace {
    return this.fields.userNs;
  }

  /** Whether `capability` (its number) is in the effective set. */
  has(capability: number): boolean {
    return (this.fields.effective & (1n << BigInt(capability))) !== 0n;
  }

  /** Whether `gid` is the file-system group or a supplementary one. Linux: in_group_p. */
  inGroup(gid: number): boolean {
    return gid === this.fields.fsgid || this.fields.groups.includes(gid);
  }

  /** Whether these credentials hold `capability` (its number) towards objects owned by `target`. See user_namespaces(7). */
  capable(capability: number, target: UserNamespace): boolean {
    for (let ns: UserNamespace | null = target; ns !== null; ns = ns.parent) {
      if (ns === this.userNs) return this.has(capability);
      if (ns.parent === this.userNs && ns.ownerUid === this.euid) return true;
    }
    return false;
  }
}
