import { describe, expect, it } from 'vitest';
import { FileGuest } from '../../../tests/support/file_guest.ts';
import { isErrno } from '../../abi/errno.ts';
import * as m from '../../abi/mount.ts';
import { CLONE_NEWNS, CLONE_NEWUSER } from '../../abi/process.ts';
import { SIGCHLD, SIGKILL } from '../../abi/signal.ts';
import type { Ida } from '../namespace/ida.ts';
import type { Task } from '../task/task.ts';
import { cloneTask } from '../task/task_clone.ts';
import { groupExit, releaseProcess } from '../task/task_exit.ts';
import type { Mount } from './mount.ts';

const AT = -100;
const PLACES = 6;
const TYPES = [m.MS_SHARED, m.MS_PRIVATE, m.MS_SLAVE, m.MS_UNBINDABLE];

const lowest = (ida: Ida): number => {
  const number = ida.allocate();
  ida.free(number);
  return number;
};

/** What must be as before when all is unmounted. */
const counts = ({ kernel, task }: FileGuest): unknown => ({
  bytes: kernel.memory.root.kernelBytes,
  id: lowest(kernel.vfs.mountIds),
  group: lowest(kernel.vfs.peerGroups),
  mounts: task.nsproxy.mnt.count,
  namespaces: kernel.vfs.mountNamespaces.size,
  users: task.nsproxy.mnt.users,
  dentries: kernel.vfs.dcache.count,
  files: [...task.files!.descriptors()].length,
});

/** The links between mounts of one namespace agree with each other. */
function check(mounts: readonly Mount[]): void {
  for (const mount of mounts) {
    expect(mount.nextPeer.previousPeer).toBe(mount);
    expect(mount.nextPeer.groupId).toBe(mount.groupId);
    expect(mount.shared).toBe(mount.groupId !== 0);
    if (mount.parent !== null) {
      expect(mount.parent.children.get(mount.mountpoint!)).toBe(mount);
      expect(mount.parent.namespace).toBe(mount.namespace);
    }
    const slaves: Mount[] = [];
    for (let slave = mount.firstSlave; slave !== null; slave = slave.nextSlave) {
      expect(slave.master).toBe(mount);
      expect(slave.previousSlave).toBe(slaves.at(-1) ?? null);
      slaves.push(slave);
    }
    expect(mount.lastSlave).toBe(slaves.at(-1) ?? null);
  }
}

/** Operations at random, and their undoing. */
class Mounter {
  readonly guest: FileGuest = new FileGuest();
  private readonly fds: number[] = [];
  private readonly children: Task[] = [];
  private seed: number;
  /** Operations that succeeded. */
  done = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.guest.sys('mkdirat', AT, '/t', 0o755);
  }

  random(below: number): number {
    this.seed = (this.seed * 1103515245 + 12345) % 2147483648;
    return Math.floor(this.seed / 65536) % below;
  }

  private place(): string {
    const depth = 1 + this.random(3);
    return `/t${Array.from({ length: depth }, () => `/${this.random(PLACES)}`).join('')}`;
  }

  private populate(path: string): void {
    for (let i = 0; i < PLACES; i++) this.guest.sys('mkdirat', AT, `${path}/${i}`, 0o755);
  }

  start(): void {
    this.guest.sys('mount', 't', '/t', 'tmpfs', 0, 0);
    this.guest.sys('mount', '', '/t', '', m.MS_SHARED, 0);
    this.populate('/t');
    for (let i = 0; i < PLACES; i++) this.populate(`/t/${i}`);
  }

  private clone(): number {
    const flags = CLONE_NEWNS | (this.random(2) === 0 ? CLONE_NEWUSER : 0);
    const options = { exitSignal: SIGCHLD, stack: 0, tls: 0, parentTid: 0, childTid: 0, pidfd: 0, setTid: [], cgroup: null };
    const task = cloneTask(this.guest.task, { flags, ...options });
    if (isErrno(task)) return task;
    this.children.push(task);
    return 0;
  }

  private endOne(): void {
    const [task] = this.children.splice(this.random(this.children.length), 1);
    groupExit(task!, SIGKILL);
    if (task!.state !== 'X') releaseProcess(task!.group);
  }

  private keep(fd: number): number {
    if (fd >= 0) this.fds.push(fd);
    return fd;
  }

  private closeOne(): void {
    this.guest.sys('close', this.fds.splice(this.random(this.fds.length), 1)[0]!);
  }

  private one(): number {
    const { guest } = this;
    switch (this.random(12)) {
      case 0:
      case 1: {
        const place = this.place();
        const result = guest.sys('mount', 'x', place, 'tmpfs', 0, 0);
        this.populate(place);
        return result;
      }
      case 2:
        return guest.sys('mount', this.place(), this.place(), '', m.MS_BIND | (this.random(2) === 0 ? m.MS_REC : 0), 0);
      case 3:
        return guest.sys('mount', '', this.place(), '', TYPES[this.random(4)]! | (this.random(3) === 0 ? m.MS_REC : 0), 0);
      case 4:
        return guest.sys('mount', this.place(), this.place(), '', m.MS_MOVE, 0);
      case 5:
      case 6:
      case 7:
        return guest.sys('umount2', this.place(), this.random(2) === 0 ? m.MNT_DETACH : 0);
      case 8:
        return this.keep(guest.sys('openat', AT, this.place(), 0, 0));
      case 9:
        return this.keep(guest.sys('open_tree', AT, this.place(), m.OPEN_TREE_CLONE | (this.random(2) === 0 ? m.AT_RECURSIVE : 0)));
      case 10: {
        const fd = this.fds[this.random(this.fds.length + 1)];
        const beneath = this.random(3) === 0 ? m.MOVE_MOUNT_BENEATH : 0;
        return fd === undefined ? -1 : guest.sys('move_mount', fd, '', AT, this.place(), m.MOVE_MOUNT_F_EMPTY_PATH | beneath);
      }
    }
    return this.clone();
  }

  step(): void {
    if (this.one() >= 0) this.done++;
    if (this.fds.length > 12) this.closeOne();
    if (this.children.length > 4) this.endOne();
    const { count } = this.guest.task.nsproxy.mnt;
    if (count > 200) this.guest.sys('umount2', '/t', m.MNT_DETACH);
    if (count > 200 || this.random(60) === 0) this.start();
  }

  check(): void {
    for (const namespace of this.guest.kernel.vfs.mountNamespaces.values()) {
      check(namespace.list());
      expect([...namespace.root.tree()].length).toBe(namespace.count);
    }
  }

  finish(): void {
    while (this.guest.sys('umount2', '/t', m.MNT_DETACH) === 0);
    while (this.fds.length > 0) this.closeOne();
    while (this.children.length > 0) this.endOne();
    for (const group of [...this.guest.task.group.children]) releaseProcess(group);
    for (let i = 0; i < 20; i++) this.guest.sys('faccessat', AT, '/', 0);
    for (let i = 0; i < 3; i++) while (this.guest.kernel.memory.shrinkObjects());
  }
}

describe('mounts', () => {
  it('leave nothing behind, in whatever order they come and go', () => {
    for (const seed of [1, 2]) {
      const mounter = new Mounter(seed);
      mounter.start();
      mounter.finish();
      const before = counts(mounter.guest);
      mounter.start();
      for (let i = 0; i < 1000; i++) {
        mounter.step();
        if (i % 100 === 0) mounter.check();
      }
      mounter.check();
      expect(mounter.done).toBeGreaterThan(200);
      mounter.finish();
      expect(counts(mounter.guest)).toEqual(before);
    }
  }, 60000);
});
