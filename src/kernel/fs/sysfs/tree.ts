/** What /sys shows: the one processor, where cgroups are mounted, and the directories that programs expect. See sysfs(5). */

/** Directories are records, attributes are texts; nothing here changes while the kernel runs. */
export interface SysfsDirectory {
  readonly [name: string]: SysfsEntry;
}
export type SysfsEntry = SysfsDirectory | string;

/** The mask of the only processor, or the list of it. */
const MASK = '1\n';
const LIST = '0\n';

const topology: SysfsDirectory = {
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

export const sysfsTree: SysfsDirectory = {
  block: {},
  bus: {},
  class: { net: {} },
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
    virtual: {},
  },
  firmware: {},
  fs: { cgroup: {} },
  kernel: { address_bits: '64\n', cpu_byteorder: 'little\n', fscaps: '1\n' },
  module: {},
};

/** The entry at `names`; null if there is none. */
export function findSysfs(names: readonly string[]): SysfsEntry | null {
  let entry: SysfsEntry = sysfsTree;
  for (const name of names) {
    if (typeof entry === 'string' || !Object.hasOwn(entry, name)) return null;
    entry = entry[name]!;
  }
  return entry;
}
