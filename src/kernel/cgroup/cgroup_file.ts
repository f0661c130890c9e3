/** What a file of a group is: a row in a table. Linux: struct cftype. */

import { EINVAL, ERANGE } from '../../abi/errno.ts';
import type { PeakReader } from '../mm/memory_group.ts';
import type { CgroupNamespace } from '../namespace/cgroup_namespace.ts';
import type { Cred } from '../task/cred.ts';
import type { Task } from '../task/task.ts';
import type { Cgroup } from './cgroup.ts';

/** Who uses the file: the task, and the credentials and the cgroup namespace with which it was opened. */
export interface CgroupAccess {
  readonly task: Task;
  readonly cred: Cred;
  readonly namespace: CgroupNamespace;
  /** Since when memory.peak counts for the open file. */
  readonly peakReader: PeakReader;
}

export interface CgroupFile {
  readonly name: string;
  readonly mode: number;
  /** The root has it too, or it alone. Groups below it have files of their own unless told otherwise. */
  readonly on?: 'root' | 'all' | 'children';
  /** Who was given a group as the root of a namespace may write to it. See cgroup-v2.rst, nsdelegate. */
  readonly delegated?: boolean;
  /** The text, or a negative errno. */
  readonly read?: (cgroup: Cgroup, access: CgroupAccess) => string | number;
  /** 0 or a negative errno. */
  readonly write?: (cgroup: Cgroup, text: string, access: CgroupAccess) => number;
}

export const isOn = ({ on = 'children' }: CgroupFile, { parent }: Cgroup): boolean => on === 'all' || (on === 'root') === (parent === null);

/** A number as kstrtoll(…, 0) takes it; NaN for what is none. */
export function parseNumber(text: string): number {
  return /^[-+]?(0x[0-9a-f]+|[0-9]+)$/i.test(text) ? Number(text.replace(/^\+/, '').replace(/^(-?)0(?=[0-7]+$)/, '$10o')) : Number.NaN;
}

/** "max", or a number up to `greatest`: Infinity, the number or a negative errno. */
export function parseLimit(text: string, greatest: number): number {
  const word = text.trim();
  if (word === 'max') return Number.POSITIVE_INFINITY;
  const number = parseNumber(word);
  if (Number.isNaN(number) || number < 0) return -EINVAL;
  return number > greatest ? (number > 2 ** 63 - 1 ? -ERANGE : -EINVAL) : number;
}

export const limitText = (limit: number): string => (limit === Number.POSITIVE_INFINITY ? 'max\n' : `${limit}\n`);
