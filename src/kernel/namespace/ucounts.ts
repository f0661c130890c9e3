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

/** The objects of one user in one user namespace. */
export class Ucounts {
  readonly ns: UserNamespace;
  /** An id of the initial namespace. */
  readonly uid: number;
  private readonly counts: Partial<UcountLimits> = {};
  private total = 0;

  constructor(ns: UserNamespace, uid: number) {
    this.ns = ns;
    this.uid = uid;
  }

  of(name: UcountName): number {
    return this.counts[name] ?? 0;
  }

  add(name: UcountName, change: number): void {
    this.counts[name] = this.of(name) + change;
    this.total += change;
    if (this.total === 0) this.ns.ucounts.delete(this.uid);
    else this.ns.ucounts.set(this.uid, this);
  }

  /** Whoever made the namespace of these is counted too. */
  get next(): Ucounts | null {
    return this.ns.account?.ucounts ?? null;
  }
}

/** One more for the user `uid` of `ns` and for those who made `ns` and its ancestors: null when that is too many for one of them. */
export function incUcount(ns: UserNamespace, uid: number, name: UcountName): Ucounts | null {
  const first = ns.ucounts.get(uid) ?? new Ucounts(ns, uid);
  for (let at: Ucounts | null = first; at !== null; at = at.next) if (at.of(name) >= at.ns.limits[name]) return null;
  for (let at: Ucounts | null = first; at !== null; at = at.next) at.add(name, 1);
  return first;
}

export function decUcount(first: Ucounts, name: UcountName): void {
  for (let at: Ucounts | null = first; at !== null; at = at.next) at.add(name, -1);
}
