/** User namespaces: which ids of the initial namespace the ids inside mean. See user_namespaces(7). */

import type { UserKeyrings } from '../keys/process_keys.ts';
import { Namespace } from './namespace.ts';
import { NO_RLIMITS, type UcountLimits, type UcountRlimits, type Ucounts, ucountLimits } from './ucounts.ts';

/** Ids [inside, inside + count) are [outside, outside + count) of the initial namespace. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Shown for ids that have no meaning inside: /proc/sys/kernel/overflowuid. */
export const OVERFLOW_ID = 65534;
/** (uid_t)-1: no id. */
const INVALID_ID = 0xffffffff;
const INT_MAX = 2147483647;

export class UserNamespace extends Namespace {
  readonly kind = 'user';
  readonly parent: UserNamespace | null;
  readonly level: number;
  /** Who created it; an id of the initial namespace. */
  readonly ownerUid: number;
  readonly ownerGid: number;
  uidMap: readonly IdRange[] = [];
  gidMap: readonly IdRange[] = [];
  /** For project quotas, which no file system here has. */
  projidMap: readonly IdRange[] = [];
  /** /proc/[pid]/setgroups says "allow". */
  setgroupsAllowed = true;
  /** What its users have made, by their ids; and how much each of them may: /proc/sys/user. */
  readonly ucounts: Map<number, Ucounts> = new Map();
  readonly limits: UcountLimits = ucountLimits(INT_MAX);
  /** What all of its users together may count against the resource limits of who made it. Linux: rlimit_max. */
  rlimits: UcountRlimits = NO_RLIMITS;
  /** Keyrings of its users, by their initial ids. */
  readonly userKeyrings: Map<number, UserKeyrings> = new Map();
  /** The creator had CAP_SETFCAP: its members may map the parent's superuser. */
  parentCouldSetfcap = false;

  constructor(inode: number, parent: UserNamespace | null, ownerUid: number, ownerGid: number) {
    super(inode);
    this.parent = parent;
    this.level = parent === null ? 0 : parent.level + 1;
    this.ownerUid = ownerUid;
    this.ownerGid = ownerGid;
    if (parent !== null) this.setgroupsAllowed = parent.setgroupsAllowed;
  }

  get owner(): UserNamespace | null {
    return this.parent;
  }

  /** The initial id that `uid` means here, -1 if none. Linux: make_kuid. */
  kuid(uid: number): number {
    return inward(this.uidMap, uid);
  }

  kgid(gid: number): number {
    return inward(this.gidMap, gid);
  }

  /** The id here of an initial id; the overflow id if it has none. Linux: from_kuid_munged. */
  uid(kuid: number): number {
    const uid = outward(this.uidMap, kuid);
    return uid < 0 ? OVERFLOW_ID : uid;
  }

  gid(kgid: number): number {
    const gid = outward(this.gidMap, kgid);
    return gid < 0 ? OVERFLOW_ID : gid;
  }

  /** Whether an initial id has a name here. */
  hasUid(kuid: number): boolean {
    return outward(this.uidMap, kuid) >= 0;
  }

  hasGid(kgid: number): boolean {
    return outward(this.gidMap, kgid) >= 0;
  }

  /** Whether this is `other` or a descendant of it. Linux: in_userns. */
  isWithin(other: UserNamespace): boolean {
    for (let ns: UserNamespace | null = this; ns !== null; ns = ns.parent) if (ns === other) return true;
    return false;
  }
}

function inward(map: readonly IdRange[], id: number): number {
  for (const { inside, outside, count } of map) if (id >= inside && id < inside + count) return outside + (id - inside);
  return -1;
}

function outward(map: readonly IdRange[], id: number): number {
  for (const { inside, outside, count } of map) if (id >= outside && id < outside + count) return inside + (id - outside);
  return -1;
}

/** The namespace in which every id means itself. */
export function initialUserNamespace(inode: number): UserNamespace {
  const ns = new UserNamespace(inode, null, 0, 0);
  const all: readonly IdRange[] = [{ inside: 0, outside: 0, count: INVALID_ID }];
  ns.uidMap = all;
  ns.gidMap = all;
  ns.projidMap = all;
  return ns.get();
}
