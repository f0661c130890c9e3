/** The cpuset controller, on a machine with one processor and one memory node. Linux: kernel/cgroup/cpuset.c. See cgroup-v2.rst, Cpuset. */

import { EINVAL } from '../../abi/errno.ts';
import type { Cgroup } from './cgroup.ts';
import type { CgroupFile } from './cgroup_file.ts';

/** What was asked for: nothing, or all that there is. */
export class Cpuset {
  cpus = '';
  mems = '';
}

/** A list of numbers and ranges that is empty or means 0; null for what means anything else. Linux: cpulist_parse. */
function parseList(text: string): string | null {
  const list = text.trim();
  return list === '' || /^0+(-0+)?(,0+(-0+)?)*$/.test(list) ? (list === '' ? '' : '0') : null;
}

const wanted = (field: 'cpus' | 'mems'): Pick<CgroupFile, 'read' | 'write'> => ({
  read: ({ cpuset }: Cgroup) => `${cpuset![field]}\n`,
  write: ({ cpuset }: Cgroup, text: string) => {
    const list = parseList(text);
    if (list === null) return -EINVAL;
    cpuset![field] = list;
    return 0;
  },
});

const all = (): string => '0\n';

export const cpusetFiles: readonly CgroupFile[] = [
  { name: 'cpuset.cpus', mode: 0o644, ...wanted('cpus') },
  { name: 'cpuset.mems', mode: 0o644, ...wanted('mems') },
  { name: 'cpuset.cpus.effective', mode: 0o444, on: 'all', read: all },
  { name: 'cpuset.mems.effective', mode: 0o444, on: 'all', read: all },
];
