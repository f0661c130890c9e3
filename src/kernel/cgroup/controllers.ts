/** The controllers that groups can be given, and the files that come with them. Linux: struct cgroup_subsys. */

import type { Kernel } from '../kernel.ts';
import type { Cgroup } from './cgroup.ts';
import type { CgroupFile } from './cgroup_file.ts';
import { cpuFiles, cpuOffline, cpuOnline } from './cpu.ts';
import { Cpuset, cpusetFiles } from './cpuset.ts';
import { IoGroup, ioFiles } from './io.ts';
import { memoryFiles, memoryOffline, memoryOnline } from './memory.ts';
import { PidsGroup, pidsFiles } from './pids.ts';

export interface Controller {
  readonly name: string;
  /** What /proc/cgroups calls it. */
  readonly legacyName: string;
  /** Its bit in subtree_control. */
  readonly bit: number;
  /** Single threads can be controlled. */
  readonly threaded: boolean;
  readonly files: readonly CgroupFile[];
  /** A group gets it (false: there is no room for another one), or loses it. */
  readonly online: (kernel: Kernel, cgroup: Cgroup) => boolean;
  readonly offline: (kernel: Kernel, cgroup: Cgroup) => void;
}

/** In the order of cgroup.controllers. */
export const controllers: readonly Controller[] = [
  {
    name: 'cpuset',
    legacyName: 'cpuset',
    bit: 1 << 0,
    threaded: true,
    files: cpusetFiles,
    online: (_kernel, cgroup) => {
      cgroup.cpuset = new Cpuset();
      return true;
    },
    offline: (_kernel, cgroup) => {
      cgroup.cpuset = null;
    },
  },
  {
    name: 'cpu',
    legacyName: 'cpu',
    bit: 1 << 1,
    threaded: true,
    files: cpuFiles,
    online: cpuOnline,
    offline: cpuOffline,
  },
  {
    name: 'io',
    legacyName: 'blkio',
    bit: 1 << 2,
    threaded: false,
    files: ioFiles,
    online: (_kernel, cgroup) => {
      cgroup.io = new IoGroup();
      return true;
    },
    offline: (_kernel, cgroup) => {
      cgroup.io = null;
    },
  },
  {
    name: 'memory',
    legacyName: 'memory',
    bit: 1 << 3,
    threaded: false,
    files: memoryFiles,
    online: memoryOnline,
    offline: memoryOffline,
  },
  {
    name: 'pids',
    legacyName: 'pids',
    bit: 1 << 4,
    threaded: true,
    files: pidsFiles,
    online: (_kernel, cgroup) => {
      cgroup.pids = new PidsGroup(cgroup.threads);
      return true;
    },
    offline: (_kernel, cgroup) => {
      cgroup.pids = null;
    },
  },
];

const bitsOf = (list: readonly Controller[]): number => list.reduce((bits, { bit }) => bits | bit, 0);
const ALL = bitsOf(controllers);
export const THREADED: number = bitsOf(controllers.filter(({ threaded }) => threaded));

/** The controllers that a group has. Linux: cgroup_control. */
export function controlOf(cgroup: Cgroup): number {
  const { parent, domain } = cgroup;
  if (parent === null) return ALL;
  return domain === cgroup ? parent.subtreeControl : parent.subtreeControl & THREADED;
}

/** Names separated by spaces, as cgroup.controllers shows them. */
export const controllerNames = (bits: number): string =>
  `${controllers
    .filter(({ bit }) => (bits & bit) !== 0)
    .map(({ name }) => name)
    .join(' ')}\n`;
