/** The io controller. There are no block devices, so nothing is counted and nothing can be limited. Linux: block/blk-cgroup.c. See cgroup-v2.rst, IO. */

import { EINVAL, ENODEV, ERANGE } from '../../abi/errno.ts';
import type { Cgroup } from './cgroup.ts';
import { type CgroupFile, parseNumber } from './cgroup_file.ts';

const WEIGHT_MAX = 1000;

export class IoGroup {
  weight = 100;
}

/** Linux: blkg_conf_open_bdev: the first word names a device. */
const deviceOf = (text: string): number => (/^\s*\d+:\d+\s/.test(text) ? -ENODEV : -EINVAL);

/** The default, or that of a device. Linux: bfq_io_set_weight. */
function writeWeight({ io }: Cgroup, text: string): number {
  const [, word] = /^\s*(?:default\s+)?(\d+)\s*$/.exec(text) ?? [];
  if (word === undefined) return deviceOf(text);
  const weight = parseNumber(word);
  if (weight < 1 || weight > WEIGHT_MAX) return -ERANGE;
  io!.weight = weight;
  return 0;
}

export const ioFiles: readonly CgroupFile[] = [
  { name: 'io.stat', mode: 0o444, on: 'all', read: () => '' },
  { name: 'io.max', mode: 0o644, read: () => '', write: (_cgroup, text) => deviceOf(text) },
  { name: 'io.weight', mode: 0o644, read: ({ io }) => `default ${io!.weight}\n`, write: writeWeight },
];
