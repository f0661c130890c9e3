/** How groups are called. Linux: cgroup_path_ns. See cgroup_namespaces(7). */

import type { Cgroup } from './cgroup.ts';

/** The path of `cgroup` as seen from `root`, with `..` for what is above. */
export function cgroupPath(cgroup: Cgroup, root: Cgroup): string {
  let up = root;
  let path = '';
  while (!cgroup.isWithin(up)) {
    path += '/..';
    up = up.parent!;
  }
  const names: string[] = [];
  for (let at = cgroup; at !== up; at = at.parent!) names.unshift(at.name);
  return `${path}${names.map((name) => `/${name}`).join('')}` || '/';
}
