/** /proc/[pid]/uid_map, gid_map, projid_map and setgroups: what ids mean in the target's user namespace. Linux: kernel/user_namespace.c. See user_namespaces(7). */

import { CAP_SETFCAP, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import { EACCES, EINVAL, EPERM } from '../../../abi/errno.ts';
import type { IdRange, UserNamespace } from '../../namespace/user_namespace.ts';
import type { ProcContext } from './entry.ts';

type MapName = 'uidMap' | 'gidMap' | 'projidMap';

/** Who may map ids that are not his own; anybody may map projects. */
const CAPABILITY: Readonly<Record<MapName, number | null>> = { uidMap: CAP_SETUID, gidMap: CAP_SETGID, projidMap: null };
/** Ranges in one map. Linux: UID_GID_MAP_MAX_EXTENTS. */
const MAX_RANGES = 340;
const PAGE = 4096;
const TWO_32 = 4294967296;

const toInside = (ns: UserNamespace, map: MapName, id: number): number => {
  for (const { inside, outside, count } of ns[map]) if (id >= outside && id < outside + count) return inside + (id - outside);
  return TWO_32 - 1;
};

/** The outer ids are those of the opener's namespace, or of the parent if he is in this one. */
export const readIdMap =
  (map: MapName) =>
  ({ opener, target }: ProcContext): string => {
    const ns = target.cred.userNs;
    const lower = opener.userNs === ns && ns.parent !== null ? ns.parent : opener.userNs;
    const column = (value: number): string => String(value).padStart(10);
    return ns[map]
      .map(({ inside, outside, count }) => `${column(inside)} ${column(toInside(lower, map, outside))} ${column(count)}\n`)
      .join('');
  };

/** The lines of a map; null if there is something wrong with them. */
function parse(text: string): IdRange[] | null {
  const ranges: IdRange[] = [];
  for (const line of text.split('\0', 1)[0]!.replace(/\n$/, '').split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(line);
    if (match === null || ranges.length === MAX_RANGES) return null;
    const [inside, outside, count] = match.slice(1).map((digits) => Number(digits) % TWO_32) as [number, number, number];
    if (count === 0 || inside + count >= TWO_32 || outside + count >= TWO_32) return null;
    const overlaps = ranges.some(
      (r) => (inside < r.inside + r.count && r.inside < inside + count) || (outside < r.outside + r.count && r.outside < outside + count),
    );
    if (overlaps) return null;
    ranges.push({ inside, outside, count });
  }
  return ranges;
}

/** The superuser of the parent can be mapped only by who could set file capabilities there. Linux: verify_root_map. */
function mayMapRoot({ opener }: ProcContext, ns: UserNamespace, ranges: readonly IdRange[]): boolean {
  if (ranges.every(({ outside }) => outside !== 0)) return true;
  return opener.userNs === ns ? ns.parentCouldSetfcap : opener.capable(CAP_SETFCAP, ns.parent!);
}

/** Linux: new_idmap_permitted. */
function mayMap(context: ProcContext, ns: UserNamespace, map: MapName, ranges: readonly IdRange[]): boolean {
  const parent = ns.parent!;
  const { opener, reader } = context;
  if (map === 'uidMap' && !mayMapRoot(context, ns, ranges)) return false;
  const [only] = ranges;
  if (ranges.length === 1 && only!.count === 1 && ns.ownerUid === opener.euid) {
    if (map === 'uidMap' && parent.kuid(only!.outside) === opener.euid) return true;
    if (map === 'gidMap' && !ns.setgroupsAllowed && parent.kgid(only!.outside) === opener.egid) return true;
  }
  const capability = CAPABILITY[map];
  return capability === null || (reader.cred.capable(capability, parent) && opener.capable(capability, parent));
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

/** A map is written once, as a whole. Linux: proc_uid_map_write, map_write. */
export const writeIdMap =
  (map: MapName) =>
  (context: ProcContext, text: string, position: number): number => {
    const { opener, target } = context;
    const ns = target.cred.userNs;
    const { parent } = ns;
    if (parent === null || (opener.userNs !== ns && opener.userNs !== parent)) return -EPERM;
    if (position !== 0 || text.length >= PAGE) return -EINVAL;
    if (ns[map].length > 0 || (CAPABILITY[map] !== null && !opener.capable(CAP_SYS_ADMIN, ns))) return -EPERM;
    const ranges = parse(text);
    if (ranges === null) return -EINVAL;
    if (!mayMap(context, ns, map, ranges)) return -EPERM;
    const translated = translate(parent, map, ranges);
    if (translated === null) return -EPERM;
    ns[map] = translated;
    return 0;
  };

export const readSetgroups = ({ target }: ProcContext): string => (target.cred.userNs.setgroupsAllowed ? 'allow\n' : 'deny\n');

/** Linux: proc_setgroups_open. */
export const mayWriteSetgroups = ({ reader, target }: ProcContext): number =>
  reader.cred.capable(CAP_SYS_ADMIN, target.cred.userNs) ? 0 : -EACCES;

/** Linux: proc_setgroups_write. */
export function writeSetgroups({ target }: ProcContext, text: string, position: number): number {
  const ns = target.cred.userNs;
  const match = /^(allow|deny)\s*$/.exec(text.split('\0', 1)[0]!);
  if (position !== 0 || text.length >= 8 || match === null) return -EINVAL;
  if (match[1] === 'allow') return ns.setgroupsAllowed ? 0 : -EPERM;
  if (ns.gidMap.length > 0) return -EPERM;
  ns.setgroupsAllowed = false;
  return 0;
}
