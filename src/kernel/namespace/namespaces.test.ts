import { describe, expect, it } from 'vitest';
import { fakePlatform } from '../../../tests/support/fake_machine.ts';
import { isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/process.ts';
import { SIGCHLD, SIGKILL } from '../../abi/signal.ts';
import { createKernel } from '../api/create.ts';
import { PidsGroup } from '../cgroup/pids.ts';
import type { MqueueDirectory } from '../fs/mqueue/mqueue_inode.ts';
import { mqueueMount } from '../fs/mqueue/mqueuefs.ts';
import { PRICE_MQUEUE_MESSAGE } from '../ipc/mqueue.ts';
import { MessageQueue } from '../ipc/msg.ts';
import { SemaphoreSet } from '../ipc/sem.ts';
import { SharedSegment } from '../ipc/shm.ts';
import type { Kernel } from '../kernel.ts';
import { charge } from '../mm/price.ts';
import type { Task } from '../task/task.ts';
import { cloneTask } from '../task/task_clone.ts';
import { groupExit, releaseProcess } from '../task/task_exit.ts';
import { Ida } from './ida.ts';
import { NAMESPACE_FLAGS, namespaceKinds } from './kinds.ts';
import type { Namespace } from './namespace.ts';
import { unshareNamespaces } from './task_namespaces.ts';

const ALL_BUT_USER = NAMESPACE_FLAGS & ~c.CLONE_NEWUSER;

function clone(parent: Task, flags: number): Task {
  const task = cloneTask(parent, {
    flags,
    exitSignal: SIGCHLD,
    stack: 0,
    tls: 0,
    parentTid: 0,
    childTid: 0,
    pidfd: 0,
    setTid: [],
    cgroup: null,
  });
  if (isErrno(task)) throw new Error(`clone: ${task}`);
  return task;
}

function end(task: Task): void {
  groupExit(task, SIGKILL);
  if (task.state !== 'X') releaseProcess(task.group);
}

/** Objects of all kinds that end with the IPC namespace of `task`. */
function fillIpc(task: Task, name: string): void {
  const { kernel, nsproxy } = task;
  const { messageQueues, semaphores, segments } = nsproxy.ipc;
  const payer = task.group.cgroup.memory;
  const request = { key: 0, flags: 0o600, limit: 100, price: 500, check: () => 0 };
  messageQueues.getOrCreate(task, { ...request, create: () => new MessageQueue(task, 0, 0o600) });
  semaphores.getOrCreate(task, { ...request, create: () => new SemaphoreSet(task, 0, 0o600, 3) });
  segments.getOrCreate(task, { ...request, create: () => new SharedSegment(task, 0, 0o600, 5000) });
  const directory = mqueueMount(kernel, nsproxy.ipc).root.inode as MqueueDirectory;
  const queue = directory.createQueue(task, name, 0o600, { maxMessages: 3, maxSize: 100 });
  if (isErrno(queue)) throw new Error(`mq_open: ${queue}`);
  if (!charge(kernel, payer, PRICE_MQUEUE_MESSAGE + 5)) throw new Error('no memory');
  queue.queue.send(task, { priority: 1, text: new Uint8Array(5), payer });
}

/** What must be as before when every namespace is gone. */
const counts = ({ memory, firstTask, initialPidNs, initialUserNs, namespaceNumbers, timeNamespaces, vfs }: Kernel): unknown => {
  const free = namespaceNumbers.allocate();
  namespaceNumbers.free(free);
  const mount = vfs.mountIds.allocate();
  vfs.mountIds.free(mount);
  return {
    mount,
    frames: memory.frames.used,
    queues: initialUserNs.ucounts.get(0)?.of('messageQueueBytes') ?? 0,
    bytes: memory.root.kernelBytes,
    users: namespaceKinds.map(({ of }) => of(firstTask).users),
    pids: initialPidNs.list().length,
    ucounts: initialUserNs.ucounts.size,
    mounts: vfs.mountNamespaces.size,
    times: timeNamespaces.size,
    free,
  };
};

describe('namespaces', () => {
  it('leave nothing behind, in whatever order they end', () => {
    const kernel = createKernel(fakePlatform());
    const { firstTask } = kernel;
    end(clone(firstTask, NAMESPACE_FLAGS));
    const before = counts(kernel);
    const live: Task[] = [];
    const held: Namespace[] = [];
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor(seed / 65536) % below;
    };
    let made = 0;
    while (made < 100_000) {
      const parent = live.length > 0 && random(3) > 0 ? live[random(live.length)]! : firstTask;
      if (parent.state === 'R' && parent.pid.namespace.level < 20 && parent.cred.userNs.level < 20 && !parent.pid.namespace.dead) {
        const task = clone(parent, random(4) === 0 && parent === firstTask ? NAMESPACE_FLAGS : ALL_BUT_USER);
        live.push(task);
        made += 7;
        if (random(8) === 0) fillIpc(task, `queue${made}`);
        if (random(4) === 0) held.push(namespaceKinds[random(8)]!.of(task).get());
        if (random(4) === 0 && unshareNamespaces(task, c.CLONE_NEWUTS | c.CLONE_NEWNS | c.CLONE_NEWTIME) === 0) made += 3;
      }
      if (live.length > 40) {
        const [victim] = live.splice(random(live.length), 1);
        if (victim!.state === 'R') end(victim!);
      }
      if (held.length > 20) held.splice(random(held.length), 1)[0]!.put();
    }
    for (const task of live) if (task.state === 'R') end(task);
    for (const namespace of held) namespace.put();
    for (const group of [...firstTask.group.children]) releaseProcess(group);
    expect(counts(kernel)).toEqual(before);
  });

  it('end when a clone fails', () => {
    const kernel = createKernel(fakePlatform());
    const before = counts(kernel);
    kernel.rootCgroup.pids = new PidsGroup(0);
    kernel.rootCgroup.pids.max = kernel.rootCgroup.threads;
    const flags = { exitSignal: SIGCHLD, stack: 0, tls: 0, parentTid: 0, childTid: 0, pidfd: 0, setTid: [], cgroup: null };
    expect(cloneTask(kernel.firstTask, { flags: NAMESPACE_FLAGS, ...flags })).toBeLessThan(0);
    kernel.rootCgroup.pids = null;
    expect(cloneTask(kernel.firstTask, { ...flags, flags: NAMESPACE_FLAGS, setTid: [5] })).toBeLessThan(0);
    kernel.initialUserNs.limits.time_namespaces = 0;
    expect(cloneTask(kernel.firstTask, { flags: NAMESPACE_FLAGS, ...flags })).toBeLessThan(0);
    expect(counts(kernel)).toEqual(before);
  });

  it('are numbered from the lowest free number on', () => {
    const ida = new Ida(100);
    const all = Array.from({ length: 70 }, () => ida.allocate());
    expect(all).toEqual(Array.from({ length: 70 }, (_, i) => 100 + i));
    for (const number of [131, 132, 165]) ida.free(number);
    expect([ida.allocate(), ida.allocate(), ida.allocate(), ida.allocate()]).toEqual([131, 132, 165, 170]);
  });
});
