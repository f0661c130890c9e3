/** /proc/[pid]/timens_offsets: the clocks of the time namespace that the target's children get. Linux: kernel/time/namespace.c. See time_namespaces(7). */

import { CAP_SYS_TIME } from '../../../abi/capability.ts';
import { EACCES, EINVAL, EPERM, ERANGE, ESRCH } from '../../../abi/errno.ts';
import { addTimes, toTimespec } from '../../time/posix_clock.ts';
import type { Timespec } from '../../vfs/inode.ts';
import type { ProcContext } from './entry.ts';

const PAGE = 4096;
/** Seconds that 63 bits of nanoseconds can hold. */
const KTIME_SEC_MAX = 9223372036;
/** Clocks that can be set in one write. */
const CLOCKS = 2;

type Clock = 'monotonic' | 'boottime';
const NAMES: Readonly<Record<string, Clock>> = { monotonic: 'monotonic', '1': 'monotonic', boottime: 'boottime', '7': 'boottime' };

const row = (name: string, { seconds, nanoseconds }: Timespec): string =>
  `${name.padEnd(10)} ${String(seconds).padStart(10)} ${String(nanoseconds).padStart(9)}\n`;

export function timens({ target }: ProcContext): string {
  const { monotonic, boottime } = target.nsproxy.timeForChildren;
  return row('monotonic', monotonic) + row('boottime', boottime);
}

/** The first lines, and how many bytes they are. */
function parse(text: string): { readonly offsets: readonly (readonly [Clock, Timespec])[]; readonly used: number } | null {
  const offsets: [Clock, Timespec][] = [];
  let at = 0;
  while (offsets.length < CLOCKS) {
    const end = text.indexOf('\n', at);
    const match = /^\s*(\S{1,9})\s+([-+]?\d+)\s+(\d+)/.exec(end < 0 ? text.slice(at) : text.slice(at, end));
    const clock = match === null ? undefined : NAMES[match[1]!];
    if (match === null || clock === undefined || Number(match[3]) >= 1e9) return null;
    offsets.push([clock, { seconds: Number(match[2]), nanoseconds: Number(match[3]) }]);
    at = end < 0 ? text.length : end + 1;
    if (at >= text.length) break;
  }
  return { offsets, used: at };
}

/** Bytes taken, or a negative errno. Linux: timens_offsets_write, proc_timens_set_offset. */
export function writeTimens({ kernel, opener, target }: ProcContext, text: string, position: number): number {
  if (position !== 0 || text.length >= PAGE) return -EINVAL;
  const parsed = parse(text);
  if (parsed === null) return -EINVAL;
  if (target.state === 'Z') return -ESRCH;
  const ns = target.nsproxy.timeForChildren;
  if (!opener.capable(CAP_SYS_TIME, ns.owner)) return -EPERM;
  const now = toTimespec(kernel.clock.monotonic());
  for (const [, offset] of parsed.offsets) {
    const { seconds } = addTimes(now, offset);
    if (Math.abs(offset.seconds) > KTIME_SEC_MAX || seconds < 0 || seconds > KTIME_SEC_MAX / 2) return -ERANGE;
  }
  if (ns.frozen) return -EACCES;
  for (const [clock, offset] of parsed.offsets) ns[clock] = offset;
  return parsed.used;
}
