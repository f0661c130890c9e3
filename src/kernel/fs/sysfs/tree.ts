/** What /sys shows: the one processor, where cgroups are mounted, and the directories that programs expect. See sysfs(5). */

import { MOUNT_OPTIONS } from '../../cgroup/cgroup_root.ts';
import { controllers } from '../../cgroup/controllers.ts';
import { coreFiles } from '../../cgroup/core_files.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import { netClass, netDevices } from './net_devices.ts';

/** A symbolic link. */
export class SysfsLink {
  readonly target: string;

  constructor(target: string) {
    this.target = target;
  }
}

/** Directories are records; attributes are texts, or the negative errno of reading them. */
export interface SysfsDirectory {
  readonly [name: string]: SysfsEntry;
}
export type SysfsEntry = SysfsDirectory | SysfsLink | string | number;

/** What is always there; below devices/virtual/net and class/net are the devices of a network namespace. */
interface StaticDirectory {
  readonly [name: string]: StaticEntry;
}
type StaticEntry = StaticDirectory | string | ((net: NetNamespace) => SysfsDirectory);

/** The files that who is given a group may write to. Linux: delegate_show. */
const delegatedFiles: string = [...coreFiles, ...controllers.flatMap(({ files }) => files)]
  .filter(({ delegated }) => delegated === true)
  .map(({ name }) => `${name}\n`)
  .join('');

/** The mask of the only processor, or the list of it. */
const MASK = '1\n';
const LIST = '0\n';

const topology: StaticDirectory = {
  core_cpus: MASK,
  core_cpus_list: LIST,
  core_id: LIST,
  core_siblings: MASK,
  core_siblings_list: LIST,
  package_cpus: MASK,
  package_cpus_list: LIST,
  physical_package_id: LIST,
  thread_siblings: MASK,
  thread_siblings_list: LIST,
};

const sysfsTree: StaticDirectory = {
  block: {},
  bus: {},
  class: { net: netClass },
  dev: { block: {}, char: {} },
  devices: {
    system: {
      cpu: {
        cpu0: { topology },
        isolated: '\n',
        kernel_max: LIST,
        offline: '\n',
        online: LIST,
        possible: LIST,
        present: LIST,
      },
    },
    virtual: { net: netDevices },
  },
  firmware: {},
  fs: { cgroup: {} },
  kernel: {
    address_bits: '64\n',
    cgroup: { delegate: delegatedFiles, features: `${MOUNT_OPTIONS.join('\n')}\n` },
    cpu_byteorder: 'little\n',
    fscaps: '1\n',
  },
  module: {},
};

/** The entry at `names`, for the network namespace `net`; null if there is none. */
export function findSysfs(names: readonly string[], net: NetNamespace): SysfsEntry | null {
  let entry: StaticEntry | SysfsEntry = sysfsTree;
  for (const name of names) {
    if (!isDirectory(entry) || !Object.hasOwn(entry, name)) return null;
    const next: StaticEntry | SysfsEntry = (entry as StaticDirectory)[name]!;
    entry = typeof next === 'function' ? next(net) : next;
  }
  return entry as SysfsEntry;
}

export const isDirectory = (entry: StaticEntry | SysfsEntry): entry is SysfsDirectory =>
  typeof entry === 'object' && !(entry instanceof SysfsLink);
