/** Tasks that are limited and accounted together; groups form a tree. Linux: struct cgroup. See cgroups(7), cgroup-v2.rst. */

import type { CgroupPrograms } from '../bpf/cgroup_programs.ts';
import type { CgroupDirectory } from '../fs/cgroup2/cgroup_directory.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { CpuGroup } from '../sched/cpu_group.ts';
import type { Task } from '../task/task.ts';
import type { Cpuset } from './cpuset.ts';
import type { IoGroup } from './io.ts';
import type { PidsGroup } from './pids.ts';

/** Where a group comes from: its place, and what its directory is like. */
export interface CgroupFields {
  readonly parent: Cgroup | null;
  readonly name: string;
  /** The inode number of its directory. */
  readonly id: number;
  /** Permission bits and owner of the directory; its files have the same owner. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly payer: MemoryGroup;
  readonly memory: MemoryGroup;
}

export class Cgroup {
  readonly parent: Cgroup | null;
  readonly name: string;
  readonly id: number;
  /** Steps from the root. */
  readonly level: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Who pays for the group itself. */
  readonly payer: MemoryGroup;
  readonly children: Map<string, Cgroup> = new Map();
  /** It was removed; zombies, namespaces and open files may still refer to it. */
  dead = false;
  /** Threads in it that have not exited, in the order of their coming. */
  readonly tasks: Set<Task> = new Set();
  /** Children that are populated, and that are so although they are not threaded. */
  populatedChildren = 0;
  populatedDomainChildren = 0;
  /** The group whose domain controllers count for it: itself unless it is threaded. Linux: dom_cgrp. */
  domain: Cgroup = this;
  threadedChildren = 0;
  /** Bits of the controllers that its children have. Linux: subtree_control. */
  subtreeControl = 0;

  /** cgroup.max.depth, cgroup.max.descendants; how many there are, and how many were removed but are still charged for something. */
  maxDepth: number = Number.POSITIVE_INFINITY;
  maxDescendants: number = Number.POSITIVE_INFINITY;
  descendants = 0;
  dyingDescendants = 0;

  /** cgroup.freeze here; here or above; and whether nothing in it runs any more. */
  freeze = false;
  freezing = false;
  frozen = false;
  /** Its tasks that have stopped for the freezer. */
  frozenTasks = 0;

  /** Threads here and below that have not been reaped. */
  threads = 0;
  /** Null where the controller is not enabled. */
  pids: PidsGroup | null = null;
  io: IoGroup | null = null;
  cpuset: Cpuset | null = null;
  /** What its memory is charged to: its own, or that of the nearest group above that has one. */
  memory: MemoryGroup;
  /** Its share of the processor, or that of the nearest group above that has one. */
  cpu: CpuGroup;
  /** Processor time of its tasks and of those below, nanoseconds; `nice` is a part of `user`. */
  readonly usage: { user: number; nice: number; system: number } = { user: 0, nice: 0, system: 0 };
  /** Programs that decide about devices; null while there are none. */
  programs: CgroupPrograms | null = null;
  /** Its directory, once that has been looked at. */
  directory: CgroupDirectory | null = null;
  /** The container as which system calls of its tasks are traced (platform.trace); null when they are not. */
  tracedAs: string | null;

  constructor({ parent, name, id, mode, uid, gid, payer, memory }: CgroupFields) {
    this.parent = parent;
    this.name = name;
    this.id = id;
    this.level = parent === null ? 0 : parent.level + 1;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.payer = payer;
    this.memory = memory;
    this.cpu = parent?.cpu ?? new CpuGroup(null);
    this.tracedAs = parent?.tracedAs ?? null;
  }

  /** Whether a task is in it or below. */
  get populated(): boolean {
    return this.tasks.size > 0 || this.populatedChildren > 0;
  }

  /** Whether this is `other` or below it. */
  isWithin(other: Cgroup): boolean {
    for (let at: Cgroup | null = this; at !== null; at = at.parent) if (at === other) return true;
    return false;
  }

  /** This group and all below it, parents first. */
  *subtree(): IterableIterator<Cgroup> {
    yield this;
    for (const child of this.children.values()) yield* child.subtree();
  }

  /** Something that its file `name` shows has changed: tell who polls or watches it. Linux: cgroup_file_notify. */
  notify(name: string): void {
    this.directory?.notify(name);
  }
}
