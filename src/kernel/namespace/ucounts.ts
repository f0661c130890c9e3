/** How many objects each user of each user namespace has, limited by /proc/sys/user. Linux: kernel/ucount.c. See namespaces(7). */

import type { UserNamespace } from './user_namespace.ts';

/** What is counted: a kind of namespace, or something else that users make. The names are those of /proc/sys/user. */
export const UCOUNTS = [
  'cgroup_namespaces',
  'inotify_instances',
  'inotify_watches',
  'ipc_namespaces',
  'mnt_namespaces',
  'net_namespaces',
  'pid_namespaces',
  'time_namespaces',
  'user_namespaces',
  'uts_namespaces',
] as const;

export type UcountName = (typeof UCOUNTS)[number];
export type UcountLimits = Record<UcountName, number>;

/** The same limit for everything. */
export const ucountLimits = (limit: number): UcountLimits => Object.fromEntries(UCOUNTS.map((name) => [name, limit])) as UcountLimits;

/** Resource limits that count per user: threads, bytes of POSIX message queues, queued signals, locked pages. Linux: enum rlimit_type. */
export type UcountRlimit = 'processes' | 'messageQueueBytes' | 'pendingSignals' | 'lockedPages';
export type UcountRlimits = Readonly<Record<UcountRlimit, number>>;

export const NO_RLIMITS: UcountRlimits = {
  processes: Number.POSITIVE_INFINITY,
  messageQueueBytes: Number.POSITIVE_INFINITY,
  pendingSignals: Number.POSITIVE_INFINITY,
  lockedPages: Number.POSITIVE_INFINITY,
};

/** The objects of one user in one user namespace. It is registered there, and holds it, as long as there are any. */
export class Ucounts {
  readonly ns: UserNamespace;
  /** An id of the initial namespace. */
  readonly uid: number;
  private readonly counts: Partial<Record<UcountName | UcountRlimit, number>> = {};
  private total = 0;

  constructor(ns: UserNamespace, uid: number) {
    this.ns = ns;
    this.uid = uid;
  }

  of(name: UcountName | UcountRlimit): number {
    return this.counts[name] ?? 0;
  }

  add(name: UcountName | UcountRlimit, change: number): void {
    const before = this.total;
    this.counts[name] = this.of(name) + change;
    this.total += change;
    if (before === 0 && this.total !== 0) {
      this.ns.ucounts.set(this.uid, this);
      this.ns.get();
    } else if (before !== 0 && this.total === 0) {
      this.ns.ucounts.delete(this.uid);
      this.ns.put();
    }
  }

  /** Whoever made the namespace of these is counted too. */
  get next(): Ucounts | null {
    return this.ns.account?.ucounts ?? null;
  }
}

/** Those of the user `uid` (an initial id) of `ns`. */
export const ucountsOf = (ns: UserNamespace, uid: number): Ucounts => ns.ucounts.get(uid) ?? new Ucounts(ns, uid);

/** The real user of `cred`, whom resource limits concern. */
export const accountOf = ({ userNs, uid }: { readonly userNs: UserNamespace; readonly uid: number }): Ucounts => ucountsOf(userNs, uid);

/** One more for the user `uid` of `ns` and for those who made `ns` and its ancestors: null when that is too many for one of them. */
export function incUcount(ns: UserNamespace, uid: number, name: UcountName): Ucounts | null {
  const first = ucountsOf(ns, uid);
  for (let at: Ucounts | null = first; at !== null; at = at.next) if (at.of(name) >= at.ns.limits[name]) return null;
  addUcount(first, name, 1);
  return first;
}

export const decUcount = (first: Ucounts, name: UcountName): void => addUcount(first, name, -1);

/** `change` for the user and for those who made the namespace and its ancestors, whatever their limits. Linux: inc_rlimit_ucounts. */
export function addUcount(first: Ucounts, name: UcountName | UcountRlimit, change: number): void {
  for (let at: Ucounts | null = first; at !== null; ) {
    // The last object may have kept the namespace.
    const { next }: Ucounts = at;
    at.add(name, change);
    at = next;
  }
}

/**
 * Whether `more` would be too many for the user, who may have `limit`, or for who made the namespace: he may have in all what his
 * limit was then. Linux: is_rlimit_overlimit.
 */
export function exceedsRlimit(first: Ucounts, name: UcountRlimit, more: number, limit: number): boolean {
  let max = limit;
  for (let at: Ucounts | null = first; at !== null; at = at.next) {
    if (at.of(name) + more > max) return true;
    max = at.ns.rlimits[name];
  }
  return false;
}
