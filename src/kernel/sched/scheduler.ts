/** Which task runs next: real-time tasks by priority, the others by the processor time they have had. See sched(7). */

import { SCHED_FIFO, SCHED_RR } from '../../abi/process.ts';
import { REG_MONITOR_SIZE } from '../../platform/registers.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { NICE_0, weightOf } from './weights.ts';

/** How far behind the others a task that slept may be put, in nanoseconds: it runs soon but does not starve them. */
const SLEEPER_CREDIT = 3e6;
/** Load averages are sampled every five seconds. Linux: LOAD_FREQ. */
const LOAD_PERIOD = 5e9;
const LOAD_DECAY: readonly number[] = [60, 300, 900].map((seconds) => Math.exp(-5 / seconds));

export class Scheduler {
  /** Context switches and forks since the start, for /proc/stat. */
  switches = 0;
  forks = 0;
  userTime = 0;
  systemTime = 0;
  idleTime = 0;
  /** The task whose registers are in the processor; it may be asleep by now. */
  current: Task | null = null;
  /** When the present slice began. */
  sliceStart = 0;
  /** The current task is in its slice; otherwise its registers are only kept in the processor in case it is next. */
  slicing = false;
  /** How many nanoseconds one unit of fuel has taken lately. */
  fuelPrice = 20;
  /** System calls served since the start. */
  callsServed = 0;
  /** A real-time task became runnable, or one that is to stop: end the present slice. */
  preempt = false;
  private readonly kernel: Kernel;
  /** A binary heap: the next task first. */
  private readonly heap: Task[] = [];
  private minimum = 0;
  private sequence = 0;
  private idleSince = 0;
  private loadSampled = 0;
  private readonly loads: [number, number, number] = [0, 0, 0];

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Tasks that could run now, with the one that does. */
  get runnable(): number {
    const { current } = this;
    return this.heap.length + (this.slicing && current !== null && current.state === 'R' ? 1 : 0);
  }

  /** The load averages of one, five and fifteen minutes. */
  loadAverages(): readonly [number, number, number] {
    return this.loads;
  }

  /** A task that is runnable and not running waits for its turn. */
  enqueue(task: Task): void {
    if (task.runSlot >= 0 || (this.slicing && task === this.current)) return;
    task.virtualRuntime = Math.max(task.virtualRuntime, this.minimum - SLEEPER_CREDIT);
    this.insert(task);
    if (this.slicing && realtime(task) && before(task, this.current!)) this.preempt = true;
  }

  /** The priority of a task has changed: it takes its new place in the queue. */
  moved(task: Task): void {
    if (task.runSlot < 0) return;
    this.remove(task);
    this.insert(task);
  }

  /** Put the task behind all others of its class (sched_yield). */
  yieldTo(task: Task): void {
    for (const other of this.heap) task.virtualRuntime = Math.max(task.virtualRuntime, other.virtualRuntime);
    this.preempt = this.heap.length > 0;
  }

  /** Take the task that is to run, or null. */
  take(): Task | null {
    while (this.heap.length > 0) {
      const task = this.heap[0]!;
      this.detach(task);
      // Limits are for those who share the processor. Linux: struct cfs_bandwidth.
      const limit = task.state === 'R' && !realtime(task) ? task.cgroup.cpu.exhausted : null;
      if (task.state === 'R' && limit === null) {
        if (!realtime(task)) this.minimum = Math.max(this.minimum, task.virtualRuntime);
        return task;
      }
      this.unload(task);
      limit?.park(this.kernel, task);
    }
    return null;
  }

  /** It is not runnable any more. */
  remove(task: Task): void {
    if (task.runSlot < 0) return;
    this.detach(task);
    this.unload(task);
  }

  /** Take it out of the queue; it goes on to weigh on its group. */
  private detach(task: Task): void {
    const at = task.runSlot;
    task.runSlot = -1;
    const last = this.heap.pop()!;
    if (last === task) return;
    this.place(last, at);
    this.up(at);
    this.down(last.runSlot);
  }

  /** A runnable task weighs on its group. */
  private load(task: Task): void {
    if (task.loadGroup !== null) return;
    task.loadGroup = task.cgroup.cpu;
    task.loadWeight = weightOf(task);
    task.loadGroup.changeLoad(task.loadWeight);
  }

  private unload(task: Task): void {
    task.loadGroup?.changeLoad(-task.loadWeight);
    task.loadGroup = null;
  }

  /** Load the registers of `task` into the processor. */
  switchTo(task: Task): void {
    if (this.current === task && task.running) return;
    this.release();
    const { registers } = this.kernel.platform.machine.cpu;
    registers.set(task.saved);
    registers[REG_MONITOR_SIZE] = 0;
    task.running = true;
    this.current = task;
    this.switches++;
  }

  /** The task is no more: its registers need not be kept. */
  forget(task: Task): void {
    task.running = false;
    if (this.current === task) this.current = null;
  }

  /** Copy the registers of the current task out of the processor. */
  release(): void {
    const { current } = this;
    if (current === null) return;
    if (current.running) current.saved.set(this.kernel.platform.machine.cpu.registers);
    current.running = false;
    this.current = null;
  }

  /** The slice of `task` has ended after `elapsed` nanoseconds, `user` of them in the program. */
  account(task: Task, elapsed: number, user: number): void {
    task.userTime += user;
    task.systemTime += elapsed - user;
    this.userTime += user;
    this.systemTime += elapsed - user;
    task.virtualRuntime += elapsed * (NICE_0 / weightOf(task)) * (task.loadGroup?.factor ?? 1);
    this.unload(task);
    for (let group: Cgroup | null = task.cgroup; group !== null; group = group.parent) {
      group.usage.user += user;
      group.usage.system += elapsed - user;
      if (task.nice > 0) group.usage.nice += user;
    }
    if (!realtime(task)) task.cgroup.cpu.account(this.kernel, elapsed);
  }

  /** The run loop begins at `now`. */
  begin(now: number): void {
    this.idleTime += now - (this.idleSince === 0 ? now : this.idleSince);
    if (this.loadSampled === 0) this.loadSampled = now;
    while (now - this.loadSampled >= LOAD_PERIOD) {
      this.loadSampled += LOAD_PERIOD;
      const active = this.heap.length;
      for (let i = 0; i < 3; i++) this.loads[i] = this.loads[i]! * LOAD_DECAY[i]! + active * (1 - LOAD_DECAY[i]!);
    }
  }

  /** The run loop ends at `now`. */
  end(now: number): void {
    this.idleSince = now;
  }

  private insert(task: Task): void {
    this.load(task);
    task.runSequence = this.sequence++;
    task.runSlot = this.heap.length;
    this.heap.push(task);
    this.up(task.runSlot);
  }

  private place(task: Task, at: number): void {
    this.heap[at] = task;
    task.runSlot = at;
  }

  private up(start: number): void {
    let at = start;
    const task = this.heap[at]!;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.heap[parent]!;
      if (!before(task, above)) break;
      this.place(above, at);
      at = parent;
    }
    this.place(task, at);
  }

  private down(start: number): void {
    let at = start;
    const task = this.heap[at]!;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && before(this.heap[child + 1]!, this.heap[child]!)) child++;
      const below = this.heap[child]!;
      if (!before(below, task)) break;
      this.place(below, at);
      at = child;
    }
    this.place(task, at);
  }
}

const realtime = (task: Task): boolean => task.policy === SCHED_FIFO || task.policy === SCHED_RR;

/** Whether `a` runs before `b`. */
function before(a: Task, b: Task): boolean {
  if (a.realtimePriority !== b.realtimePriority) return a.realtimePriority > b.realtimePriority;
  if (a.realtimePriority === 0 && a.virtualRuntime !== b.virtualRuntime) return a.virtualRuntime < b.virtualRuntime;
  return a.runSequence < b.runSequence;
}
