/** The kernel's memory as a whole: frames, groups that pay for them, caches that can be shrunk, and the budget of kernel objects. */

import { ENOMEM } from '../../abi/errno.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import type { VdsoMapping } from '../exec/vdso.ts';
import type { Kernel } from '../kernel.ts';
import { Ida } from '../namespace/ida.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import type { Mount } from '../vfs/mount.ts';
import { FAULT_BUS, FAULT_OOM } from './fault.ts';
import { type FrameCensus, Frames } from './frames.ts';
import { type MemoryEvents, MemoryGroup } from './memory_group.ts';
import type { Mm } from './mm.ts';
import { outOfMemory } from './oom_kill.ts';
import type { PackedPages } from './packed_pages.ts';
import { Packer } from './packer.ts';
import type { PageCache } from './page_cache.ts';
import { TableArenas } from './page_table.ts';

/** A cache of kernel objects that can do with fewer (dentries, inodes). Linux: struct shrinker. */
export interface Shrinker {
  /** Free up to `count` unused objects; how many were freed. */
  shrink(count: number): number;
}

/** Ids of groups: frames name their payers by 16 bits. */
const MEM_CGROUP_ID_MAX = 65535;

/** Frames that one round of reclaim tries to free. Linux: SWAP_CLUSTER_MAX. */
const RECLAIM_BATCH = 32;
const SHRINK_BATCH = 128;

export class Memory {
  readonly root: MemoryGroup;
  /** Every group by its id; a hole is free to be used again. */
  readonly groups: (MemoryGroup | undefined)[];
  private readonly groupIds: Ida = new Ida(1);
  readonly frames: Frames;
  /** The page tables of all address spaces. */
  readonly tables: TableArenas = new TableArenas();
  /** What was put away of address spaces and files, and who does it. */
  readonly packed: Set<PackedPages> = new Set();
  readonly packer: Packer = new Packer();
  /** One frame of zeros, mapped wherever anonymous memory is read before it is written. */
  readonly zeroFrame: number;
  /** Mappings with pages that can be dropped and read again, least recently scanned first. */
  readonly evictable: Set<PageCache> = new Set();
  readonly shrinkers: Shrinker[] = [];
  /** Groups from which the present reclaim has taken what memory.low had promised. */
  readonly belowLow: Set<MemoryGroup> = new Set();
  /** Woken when data that was NOT_RESIDENT has arrived from the host. */
  readonly arrived: WaitQueue = new WaitQueue();
  /** Test mode: the first touch of every page answers NOT_RESIDENT. */
  firstTouchAbsent = false;
  /** /proc/sys/vm/overcommit_memory and overcommit_ratio. See proc_sys_vm(5). */
  overcommit = 0;
  overcommitRatio = 50;
  /** Pages that could be demanded of us: Committed_AS of /proc/meminfo. */
  committed = 0;
  /** Bytes of JavaScript heap that all kernel objects may be worth. */
  kernelBudget: number = 768 * 1024 * 1024;
  /** /proc/sys/vm/max_map_count. */
  maxMapCount = 65530;
  /** /proc/sys/vm/mmap_min_addr. */
  mmapMinAddress = 65536;
  /** Page number below which the next library is placed; see mmap_place.ts. */
  nextLibrary = 0x70000;
  /** The vDSO's frames; null before the first program. */
  vdso: VdsoMapping | null = null;
  /** The mount of memfds; null before the first. */
  shmemMount: Mount | null = null;
  /** Page cache and shared memory in frames, for /proc/meminfo. */
  cachedFrames = 0;
  sharedFrames = 0;
  private readonly kernel: Kernel;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.root = new MemoryGroup(null, 0);
    this.groups = [this.root];
    this.frames = new Frames(kernel);
    this.zeroFrame = this.frames.alloc(this.root);
  }

  /** A child group; null when there are too many. */
  createGroup(parent: MemoryGroup, cgroup: Cgroup | null = null): MemoryGroup | null {
    let id = this.groupIds.allocate();
    if (id > MEM_CGROUP_ID_MAX) {
      this.groupIds.free(id);
      this.frames.reparent();
      this.reparentPacked();
      for (const group of [...this.groups]) if (group !== undefined && group.orphan !== null) this.freeGroupId(group);
      id = this.groupIds.allocate();
    }
    if (id > MEM_CGROUP_ID_MAX) {
      this.groupIds.free(id);
      return null;
    }
    const group = new MemoryGroup(parent, id, cgroup);
    this.groups[id] = group;
    return group;
  }

  /** As Frames.reparent. */
  private reparentPacked(): void {
    for (const packed of this.packed) {
      const { group, count } = packed;
      packed.group = group.heir;
      group.uncharge(count * FRAME_SIZE, group.heir);
    }
  }

  /** No frame is charged to the group any more, and none will be. */
  freeGroupId(group: MemoryGroup): void {
    if (this.groups[group.id] !== group) return;
    this.groups[group.id] = undefined;
    this.groupIds.free(group.id);
  }

  /** Count `pages` that `mm` may demand; false when that would be too much. See proc_sys_vm(5), overcommit_memory. */
  commit(mm: Mm, pages: number): boolean {
    if (this.overcommit === 0 && pages > this.frames.limit) return false;
    if (this.overcommit === 2 && this.committed + pages > this.commitLimit) return false;
    this.committed += pages;
    mm.committed += pages;
    return true;
  }

  uncommit(mm: Mm, pages: number): void {
    this.committed -= pages;
    mm.committed -= pages;
  }

  /** CommitLimit of /proc/meminfo in pages. */
  get commitLimit(): number {
    return Math.floor((this.frames.limit * this.overcommitRatio) / 100);
  }

  /** How a page fault ends whose page could not be had: a lack of memory kills, a failed read is SIGBUS. */
  faultOf(errno: number): number {
    return errno === -ENOMEM ? FAULT_OOM : FAULT_BUS;
  }

  /** Something has happened that memory.events tells. */
  count(group: MemoryGroup, event: keyof MemoryEvents): void {
    group.count(event, this.kernel.cgroups.options.has('memory_localevents'));
  }

  /** What the frames are used for that `group` and those below pay for. */
  census(group: MemoryGroup): FrameCensus {
    const within = new Uint8Array(this.groups.length);
    for (const other of this.groups) if (other?.isWithin(group) === true) within[other.id] = 1;
    const counts = this.frames.census(within);
    let { anon, shmem } = counts;
    for (const packed of this.packed) {
      if (within[packed.group.id] === 0) continue;
      if (packed.shmem) shmem += packed.count;
      else anon += packed.count;
    }
    return { ...counts, anon, shmem };
  }

  /** Called when `bytes` are refused to `group` (or a frame to everybody): true when it is worth trying again. */
  makeRoom(group: MemoryGroup, bytes: number): boolean {
    const limited = group.refusing(bytes) ?? this.root;
    this.count(limited, 'max');
    if (this.reclaim(limited, RECLAIM_BATCH) > 0) return true;
    return outOfMemory(this.kernel, limited);
  }

  /** Free about `wanted` frames of page cache that `group` pays for; how many were freed. What memory.low keeps goes last. */
  reclaim(group: MemoryGroup, wanted: number): number {
    const freed = this.reclaimBeyond(group, wanted, 'low');
    if (freed > 0 || !this.protects) return freed;
    const more = this.reclaimBeyond(group, wanted, 'min');
    for (const breached of this.belowLow) this.count(breached, 'low');
    this.belowLow.clear();
    return more;
  }

  private reclaimBeyond(group: MemoryGroup, wanted: number, kept: 'low' | 'min'): number {
    let freed = 0;
    for (let pass = 0; pass < 3 && freed < wanted; pass++) {
      for (const mapping of [...this.evictable]) {
        freed += mapping.evict(group, wanted - freed, pass, kept);
        if (freed >= wanted) break;
        this.evictable.delete(mapping);
        if (mapping.residentPages > 0) this.evictable.add(mapping);
      }
      this.shrinkObjects();
    }
    return freed;
  }

  /** Whether any group is protected from reclaim. */
  get protects(): boolean {
    return this.groups.some((group) => group !== undefined && group.low > 0);
  }

  /** Ask every cache of kernel objects to free some; whether any did. */
  shrinkObjects(): boolean {
    let freed = 0;
    for (const shrinker of this.shrinkers) freed += shrinker.shrink(SHRINK_BATCH);
    return freed > 0;
  }
}
