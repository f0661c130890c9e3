/** /proc/[pid]/uid_map, gid_map and setgroups: what ids mean in the target's user namespace. Linux: kernel/user_namespace.c. See user_namespaces(7). */

import { CAP_SETFCAP, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import { EINVAL, EPERM } from '../../../abi/errno.ts';
import type { IdRange, UserNamespace } from '../../namespace/user_namespace.ts';
import type { Task } from '../../task/task.ts';
import type { ProcContext } from './entry.ts';

type MapName = 'uidMap' | 'gidMap';

/** Ranges in one map. Linux: UID_GID_MAP_MAX_EXTENTS. */
const MAX_RANGES = 340;
const TWO_32 = 4294967296;

const toInside = (ns: UserNamespace, map: MapName, id: number): number => {
  for (const { inside, outside, count } of ns[map]) if (id >= outside && id < outside + count) return inside + (id - outside);
  return TWO_32 - 1;
};

/** The outer ids are those of the reader's namespace, or of the parent if the reader is in this one. */
export const readIdMap =
  (map: MapName) =>
  ({ reader, target }: ProcContext): string => {
    const ns = target.cred.userNs;
    const lower = reader.cred.userNs === ns && ns.parent !== null ? ns.parent : reader.cred.userNs;
    const column = (value: number): string => String(value).padStart(10);
    return ns[map]
      .map(({ inside, outside, count }) => `${column(inside)} ${column(toInside(lower, map, outside))} ${column(count)}\n`)
      .join('');
  };

/** The lines of a map; null if there is something wrong with them. */
function parse(text: string): IdRange[] | null {
  const ranges: IdRange[] = [];
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(line);
    if (match === null) return null;
    const [inside, outside, count] = match.slice(1).map(Number) as [number, number, number];
    if (count === 0 || inside + count >= TWO_32 || outside + count >= TWO_32) return null;
    const overlaps = ranges.some(
      (r) => (inside < r.inside + r.count && r.inside < inside + count) || (outside < r.outside + r.count && r.outside < outside + count),
    );
    if (overlaps || ranges.length === MAX_RANGES) return null;
    ranges.push({ inside, outside, count });
  }
  return ranges;
}

/** Linux: new_idmap_permitted. */
function mayMap(reader: Task, ns: UserNamespace, map: MapName, ranges: readonly IdRange[]): boolean {
  const parent = ns.parent!;
  const { cred } = reader;
  const root = map === 'uidMap' && ranges.some(({ outside }) => outside === 0);
  if (root && !(cred.userNs === ns ? ns.parentCouldSetfcap : cred.capable(CAP_SETFCAP, parent))) return false;
  const [only] = ranges;
  if (ranges.length === 1 && only!.count === 1 && ns.ownerUid === cred.euid) {
    if (map === 'uidMap' && parent.kuid(only!.outside) === cred.euid) return true;
    if (map === 'gidMap' && !ns.setgroupsAllowed && parent.kgid(only!.outside) === cred.egid) return true;
  }
  return cred.capable(map === 'uidMap' ? CAP_SETUID : CAP_SETGID, parent);
}

/** Ids of the parent namespace as initial ones; null if one of a range means nothing or the range falls apart there. */
function translate(parent: UserNamespace, map: MapName, ranges: readonly IdRange[]): IdRange[] | null {
  const result: IdRange[] = [];
  for (const { inside, outside, count } of ranges) {
    const within = parent[map].find((r) => outside >= r.inside && outside + count <= r.inside + r.count);
    if (within === undefined) return null;
    result.push({ inside, outside: within.outside + (outside - within.inside), count });
  }
  return result;
}

/** Linux: map_write. */
export const writeIdMap =
  (map: MapName) =>
  ({ reader, target }: ProcContext, text: string): number => {
    const ns = target.cred.userNs;
    const { parent } = ns;
    if (parent === null || (reader.cred.userNs !== ns && reader.cred.userNs !== parent)) return -EPERM;
    if (ns[map].length > 0 || !reader.cred.capable(CAP_SYS_ADMIN, ns)) return -EPERM;
    const ranges = parse(text);
    if (ranges === null) return -EINVAL;
    if (!mayMap(reader, ns, map, ranges)) return -EPERM;
    const translated = translate(parent, map, ranges);
    if (translated === null) return -EPERM;
    ns[map] = translated;
    return 0;
  };

export const readSetgroups = ({ target }: ProcContext): string => (target.cred.userNs.setgroupsAllowed ? 'allow\n' : 'deny\n');

/** Linux: proc_setgroups_write. */
export function writeSetgroups({ reader, target }: ProcContext, text: string): number {
  const ns = target.cred.userNs;
  const match = /^(allow|deny)\s*$/.exec(text);
  if (match === null) return -EINVAL;
  if (!reader.cred.capable(CAP_SYS_ADMIN, ns)) return -EPERM;
  if (match[1] === 'allow') return ns.setgroupsAllowed ? 0 : -EPERM;
  if (ns.setgroupsAllowed && ns.gidMap.length > 0) return -EPERM;
  ns.setgroupsAllowed = false;
  return 0;
}
