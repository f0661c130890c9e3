import { describe, expect, it } from 'vitest';
import { fakePlatform } from '../../../tests/support/fake_machine.ts';
import { isErrno } from '../../abi/errno.ts';
import { SIGCHLD, SIGKILL } from '../../abi/signal.ts';
import { createKernel } from '../api/create.ts';
import { mountAt } from '../api/files.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { cloneTask } from '../task/task_clone.ts';
import { groupExit, releaseProcess } from '../task/task_exit.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import { LOOKUP_FOLLOW, lookupPath } from '../vfs/namei.ts';
import { makeDirectory, newName, removeDirectory } from '../vfs/names.ts';
import { openAt } from '../vfs/open.ts';
import { latin1Bytes } from '../vfs/text.ts';
import { removeCgroup } from './hierarchy.ts';

const AT_FDCWD = -100;
const O_WRONLY = 1;
const CONTROLLERS = ['cpuset', 'cpu', 'io', 'memory', 'pids'];

/** What must be as before when all is gone. */
function counts(kernel: Kernel): object {
  const { memory, cgroups, vfs } = kernel;
  // No walk is recent any more.
  for (let i = 0; i < 4; i++) {
    vfs.dcache.walk += 100;
    vfs.dcache.shrink(10000);
  }
  const { descendants, dyingDescendants, threads, populatedChildren, frozenTasks } = cgroups.cgroup;
  return {
    groups: memory.groups.filter((group) => group !== undefined).length,
    ...{ usage: memory.root.usage, kernel: memory.root.kernelBytes, count: cgroups.count },
    ...{ descendants, dyingDescendants, threads, populatedChildren, frozenTasks },
    timers: kernel.timers.next,
  };
}

/** Numbers that are the same in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

class World {
  readonly kernel: Kernel = createKernel(fakePlatform());
  private readonly live: Task[] = [];
  private readonly dead: Task[] = [];
  private readonly random: (below: number) => number;

  constructor(seed: number) {
    this.random = randomFrom(seed);
    const { firstTask } = this.kernel;
    const root = lookupPath(firstTask, AT_FDCWD, '/', LOOKUP_FOLLOW);
    if (isErrno(root)) throw new Error('no root');
    const made = newName(firstTask, AT_FDCWD, '/cg', true);
    if (isErrno(made) || makeDirectory(firstTask, made.dentry, 0o755) < 0) throw new Error('mkdir');
    if (isErrno(mountAt(firstTask, 'cgroup2', 'cg', '/cg'))) throw new Error('mount');
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random(from.length)]!;
  }

  paths(): string[] {
    const all: string[] = [];
    const walk = (path: string, cgroup = this.kernel.rootCgroup): void => {
      all.push(path);
      for (const child of cgroup.children.values()) walk(`${path}/${child.name}`, child);
    };
    walk('/cg');
    return all;
  }

  /** What writing says. */
  write(path: string, text: string): number {
    const { firstTask } = this.kernel;
    const file = openAt(firstTask, AT_FDCWD, path, { flags: O_WRONLY, mode: 0, resolve: 0 });
    if (isErrno(file)) return file;
    const result = file.write(firstTask, IovIter.kernel(latin1Bytes(text)), 0);
    file.put();
    return result;
  }

  mkdir(path: string): void {
    const made = newName(this.kernel.firstTask, AT_FDCWD, path, true);
    if (!isErrno(made)) makeDirectory(this.kernel.firstTask, made.dentry, 0o755);
  }

  rmdir(path: string): number {
    const place = lookupPath(this.kernel.firstTask, AT_FDCWD, path, LOOKUP_FOLLOW);
    return isErrno(place) ? place : removeDirectory(this.kernel.firstTask, place.dentry);
  }

  clone(parent: Task): void {
    const options = { flags: 0, exitSignal: SIGCHLD, stack: 0, tls: 0, parentTid: 0, childTid: 0, pidfd: 0, setTid: [], cgroup: null };
    const task = cloneTask(parent, options);
    if (!isErrno(task)) this.live.push(task);
  }

  end(task: Task): void {
    this.live.splice(this.live.indexOf(task), 1);
    this.dead.push(task);
    groupExit(task, SIGKILL);
  }

  reap(): void {
    for (const { group } of this.dead.splice(0)) releaseProcess(group);
  }

  step(): void {
    const path = this.pick(this.paths());
    const task = this.live.length > 0 ? this.pick(this.live) : this.kernel.firstTask;
    switch (this.random(12)) {
      case 0:
      case 1:
        this.mkdir(`${path}/${this.pick(['a', 'b', 'c'])}`);
        return;
      case 2:
        this.rmdir(path);
        return;
      case 3:
        if (this.live.length < 20) this.clone(task);
        return;
      case 4:
      case 5:
        this.write(`${path}/${this.pick(['cgroup.procs', 'cgroup.threads'])}`, String(task.pid.numbers[0]));
        return;
      case 6:
      case 7:
        this.write(`${path}/cgroup.subtree_control`, `${this.pick(['+', '-'])}${this.pick(CONTROLLERS)}`);
        return;
      case 8:
        this.write(`${path}/cgroup.freeze`, this.pick(['0', '1']));
        return;
      case 9:
        if (task !== this.kernel.firstTask) this.end(task);
        return;
      case 10:
        this.reap();
        return;
      case 11:
        this.write(`${path}/cgroup.type`, 'threaded');
    }
  }

  /** What must hold at any time. */
  check(): void {
    for (const cgroup of this.kernel.rootCgroup.subtree()) {
      const children = [...cgroup.children.values()];
      expect(cgroup.descendants).toBe(children.reduce((sum, child) => sum + 1 + child.descendants, 0));
      expect(cgroup.populatedChildren).toBe(children.filter(({ populated }) => populated).length);
      expect(cgroup.populatedDomainChildren).toBe(children.filter((child) => child.populated && child.domain === child).length);
      expect(cgroup.threadedChildren).toBe(children.filter((child) => child.domain !== child).length);
      expect(cgroup.threads).toBeGreaterThanOrEqual(cgroup.tasks.size);
      expect(cgroup.freezing).toBe(cgroup.freeze || (cgroup.parent?.freezing ?? false));
      if (cgroup.parent !== null)
        expect(cgroup.frozen).toBe(cgroup.freezing && cgroup.frozenTasks === cgroup.tasks.size && children.every(({ frozen }) => frozen));
      for (const task of cgroup.tasks) expect([task.cgroup === cgroup, task.group.cgroup]).toEqual([true, cgroup.domain]);
    }
  }

  finish(): void {
    for (const path of this.paths()) this.write(`${path}/cgroup.freeze`, '0');
    for (const task of [...this.live]) this.end(task);
    this.reap();
    for (const path of this.paths().reverse()) this.rmdir(path);
    this.write('/cg/cgroup.subtree_control', CONTROLLERS.map((name) => `-${name}`).join(' '));
  }
}

describe('control groups', () => {
  it('leave nothing behind, whatever is done with them', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const world = new World(seed);
      const before = counts(world.kernel);
      for (let i = 0; i < 500; i++) {
        world.step();
        if (i % 10 === 0) world.check();
      }
      world.finish();
      expect(counts(world.kernel), `seed ${seed}`).toEqual(before);
    }
  });

  it('are refused to be removed while somebody is in them', () => {
    const { kernel } = new World(0);
    expect(removeCgroup(kernel, kernel.rootCgroup)).toBe(-16);
  });
});
