/** The memory controller: what a group may use. Linux: mm/memcontrol.c. See cgroup-v2.rst, Memory. */

import { EAGAIN, EINVAL } from '../../abi/errno.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Kernel } from '../kernel.ts';
import { type MemoryEvents, type MemoryGroup, OrphanedGroup } from '../mm/memory_group.ts';
import { shrinkToHigh } from '../mm/memory_high.ts';
import { outOfMemory } from '../mm/oom_kill.ts';
import type { Cgroup } from './cgroup.ts';
import { type CgroupAccess, type CgroupFile, parseNumber } from './cgroup_file.ts';
import { isThreaded } from './domain.ts';
import { domainTasks } from './membership.ts';
import { memoryStat } from './memory_stat.ts';
import { chargeMemoryTo } from './migrate.ts';

/** The group is charged on its own from now on; false when there are too many. */
export function memoryOnline(kernel: Kernel, cgroup: Cgroup): boolean {
  const memory = kernel.memory.createGroup(cgroup.memory, cgroup);
  if (memory === null) return false;
  use(cgroup, memory);
  return true;
}

/** Back to what the group above uses. */
export function memoryOffline(kernel: Kernel, cgroup: Cgroup): void {
  const own = cgroup.memory;
  use(cgroup, cgroup.parent!.memory);
  own.limit = own.high = Number.POSITIVE_INFINITY;
  own.low = own.min = 0;
  own.orphan = new OrphanedMemory(kernel, own, cgroup.dead ? cgroup : null);
  if (own.usage === 0) own.orphan.end();
}

/** A group without its cgroup: it ends with its last frame or kernel object. */
class OrphanedMemory extends OrphanedGroup {
  private readonly kernel: Kernel;
  private readonly group: MemoryGroup;
  /** Null if the cgroup has only lost the controller. */
  private readonly cgroup: Cgroup | null;

  constructor(kernel: Kernel, group: MemoryGroup, cgroup: Cgroup | null) {
    super();
    this.kernel = kernel;
    this.group = group;
    this.cgroup = cgroup;
    this.count(1);
  }

  override end(): void {
    this.kernel.memory.freeGroupId(this.group);
    this.count(-1);
  }

  private count(change: number): void {
    for (let at = this.cgroup?.parent ?? null; at !== null; at = at.parent) at.dyingDescendants += change;
  }
}

/** `memory` is charged for what this group and those below without their own group come to use. */
function use(cgroup: Cgroup, memory: MemoryGroup): void {
  const old = cgroup.memory;
  cgroup.memory = memory;
  if (!isThreaded(cgroup)) for (const task of domainTasks(cgroup)) chargeMemoryTo(task, cgroup);
  for (const child of cgroup.children.values()) if (child.memory === old) use(child, memory);
}

/** "max" or bytes, with a suffix, rounded down to pages: Infinity, the number or NaN. Linux: page_counter_memparse. */
function parseBytes(text: string): number {
  const word = text.trim();
  if (word === 'max') return Number.POSITIVE_INFINITY;
  const match = /^(0x[0-9a-f]+|\d+)([kmgtpe]?)$/i.exec(word);
  if (match === null) return Number.NaN;
  const bytes = parseNumber(match[1]!) * 1024 ** ' kmgtpe'.indexOf(match[2]!.toLowerCase() || ' ');
  return bytes >= 2 ** 63 ? Number.POSITIVE_INFINITY : Math.floor(bytes / FRAME_SIZE) * FRAME_SIZE;
}

const bytesText = (bytes: number): string => (bytes === Number.POSITIVE_INFINITY ? 'max\n' : `${bytes}\n`);

type Bound = 'limit' | 'high' | 'low' | 'min' | 'swapMax' | 'swapHigh';

/** A file that holds a bound in bytes; `apply` makes it hold at once. */
const bound = (name: string, field: Bound, apply?: (access: CgroupAccess, group: MemoryGroup) => void): CgroupFile => ({
  name,
  mode: 0o644,
  read: ({ memory }) => bytesText(memory[field]),
  write: ({ memory }, text, access) => {
    const bytes = parseBytes(text);
    if (Number.isNaN(bytes)) return -EINVAL;
    memory[field] = bytes;
    apply?.(access, memory);
    return 0;
  },
});

/** Free memory, and then kill, until the group is below its limit. Linux: memory_max_write. */
function shrinkToLimit({ task: { kernel } }: CgroupAccess, group: MemoryGroup): void {
  while (group.usage > group.limit) {
    if (kernel.memory.reclaim(group, Math.ceil((group.usage - group.limit) / FRAME_SIZE)) > 0) continue;
    if (!outOfMemory(kernel, group)) return;
  }
}

/** Linux: memory_reclaim. */
function writeReclaim({ memory: group }: Cgroup, text: string, { task: { kernel } }: CgroupAccess): number {
  const bytes = parseBytes(text.trim().split(/\s+/)[0]!);
  if (!/^\s*\S+(\s+swappiness=(\d+|max))?\s*$/.test(text) || !Number.isFinite(bytes)) return -EINVAL;
  for (let left = bytes / FRAME_SIZE; left > 0; ) {
    const freed = kernel.memory.reclaim(group, left);
    if (freed === 0) return -EAGAIN;
    left -= freed;
  }
  return 0;
}

const eventsText = ({ low, high, max, oom, oomKill, oomGroupKill }: MemoryEvents): string =>
  `low ${low}\nhigh ${high}\nmax ${max}\noom ${oom}\noom_kill ${oomKill}\noom_group_kill ${oomGroupKill}\n`;

function writeOomGroup({ memory }: Cgroup, text: string): number {
  const value = parseNumber(text.trim());
  if (value !== 0 && value !== 1) return -EINVAL;
  memory.oomGroup = value === 1;
  return 0;
}

/** The peak for this open file: of all time, or since it was written to. Linux: peak_show, peak_write. */
const readPeak = ({ memory: { peak, localPeak } }: Cgroup, { peakReader: { value } }: CgroupAccess): string =>
  `${value < 0 ? peak : Math.max(value, localPeak)}\n`;

function writePeak({ memory: group }: Cgroup, _text: string, { peakReader }: CgroupAccess): number {
  for (const other of group.peakReaders) other.value = Math.max(other.value, group.localPeak);
  group.localPeak = group.usage;
  peakReader.value = group.usage;
  group.peakReaders.add(peakReader);
  return 0;
}

export const memoryFiles: readonly CgroupFile[] = [
  { name: 'memory.current', mode: 0o444, read: ({ memory }) => `${memory.usage}\n` },
  { name: 'memory.peak', mode: 0o644, read: readPeak, write: writePeak },
  bound('memory.min', 'min'),
  bound('memory.low', 'low'),
  bound('memory.high', 'high', ({ task }, group) => {
    task.kernel.memory.frames.highIsUsed = true;
    shrinkToHigh(task, group);
  }),
  bound('memory.max', 'limit', shrinkToLimit),
  { name: 'memory.events', mode: 0o444, read: ({ memory }) => eventsText(memory.events) },
  { name: 'memory.events.local', mode: 0o444, read: ({ memory }) => eventsText(memory.localEvents) },
  { name: 'memory.stat', mode: 0o444, on: 'all', read: ({ memory }, { task }) => memoryStat(task.kernel, memory) },
  {
    name: 'memory.oom.group',
    mode: 0o644,
    delegated: true,
    read: ({ memory }) => `${Number(memory.oomGroup)}\n`,
    write: writeOomGroup,
  },
  { name: 'memory.swap.current', mode: 0o444, read: () => '0\n' },
  { name: 'memory.swap.peak', mode: 0o444, read: () => '0\n' },
  bound('memory.swap.high', 'swapHigh'),
  bound('memory.swap.max', 'swapMax'),
  { name: 'memory.swap.events', mode: 0o444, read: () => 'high 0\nmax 0\nfail 0\n' },
  { name: 'memory.reclaim', mode: 0o200, on: 'all', delegated: true, write: writeReclaim },
];
