/** The control groups of containers: made, limited and removed as runc(8) does through cgroup2. */

import { isErrno } from '../../abi/errno.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { controllers } from '../cgroup/controllers.ts';
import { findFile } from '../cgroup/files.ts';
import { createCgroup, removeCgroup, setSubtreeControl } from '../cgroup/hierarchy.ts';
import type { Kernel } from '../kernel.ts';
import { PeakReader } from '../mm/memory_group.ts';
import type { ContainerSpec } from './spec.ts';

/** The default period of cpu.max, in microseconds. */
const CPU_PERIOD = 100000;

/** Write to a file of a group, as the runtime: 0 or a negative errno. */
function writeCgroupFile({ firstTask: task }: Kernel, cgroup: Cgroup, name: string, text: string): number {
  const file = findFile(cgroup, name)?.file.write;
  return file?.(cgroup, text, { task, cred: task.cred, namespace: task.nsproxy.cgroup, peakReader: new PeakReader() }) ?? 0;
}

/** The group of a container, with its limits; or a negative errno. */
export function containerCgroup(kernel: Kernel, spec: ContainerSpec): Cgroup | number {
  const root = kernel.rootCgroup;
  const all = controllers.reduce((bits, { bit }) => bits | bit, 0);
  const enabled = setSubtreeControl(kernel, root, all, 0);
  if (enabled < 0) return enabled;
  for (const ended of [...kernel.cgroups.ended]) endCgroup(kernel, ended);
  const cgroup = createCgroup(kernel, root, spec.id, { mode: 0o755, uid: 0, gid: 0, payer: kernel.memory.root });
  if (isErrno(cgroup)) return cgroup;
  forgetName(kernel, root, spec.id);
  const limited = writeLimits(kernel, cgroup, spec);
  if (limited < 0) {
    endCgroup(kernel, cgroup);
    return limited;
  }
  if (spec.trace) cgroup.tracedAs = spec.id;
  return cgroup;
}

/** Limit a group: 0 or the first negative errno. */
export function writeLimits(
  kernel: Kernel,
  cgroup: Cgroup,
  { memory, pids, cpus }: Pick<ContainerSpec, 'memory' | 'pids' | 'cpus'>,
): number {
  const values = {
    'memory.max': memory ?? 'max',
    'pids.max': pids ?? 'max',
    'cpu.max': `${cpus === null ? 'max' : Math.round(cpus * CPU_PERIOD)} ${CPU_PERIOD}`,
  };
  for (const [name, value] of Object.entries(values)) {
    const failed = writeCgroupFile(kernel, cgroup, name, String(value));
    if (failed < 0) return failed;
  }
  return 0;
}

/** A container has ended: its group goes, with those below it, now or when the last of its processes has died. */
export function endCgroup(kernel: Kernel, cgroup: Cgroup): void {
  const { ended } = kernel.cgroups;
  for (const group of [...cgroup.subtree()].reverse()) {
    if (!group.dead && removeCgroup(kernel, group) === 0) forgetName(kernel, group.parent!, group.name);
  }
  if (cgroup.dead) ended.delete(cgroup);
  else ended.add(cgroup);
}

/** The directory has changed without the help of its cached names. */
function forgetName(kernel: Kernel, { directory }: Cgroup, name: string): void {
  if (directory !== null) kernel.vfs.dcache.invalidate(directory, name);
}
