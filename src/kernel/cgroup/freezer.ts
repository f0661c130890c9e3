/** Stopping all tasks of a group where they are. Linux: kernel/cgroup/freezer.c. See cgroup-v2.rst, cgroup.freeze. */

import { recalculatePending } from '../signal/blocked.ts';
import type { Task } from '../task/task.ts';
import type { Cgroup } from './cgroup.ts';

/** Whether the task does not run before somebody else lets it: for the freezer, by a stop, or until its vfork(2) child has let go. */
const isStill = (task: Task): boolean => task.state === 'T' || task.state === 't' || task.waitsForVfork;

/** A task of a group that is being frozen has stopped, whatever for. Linux: cgroup_enter_frozen. */
export function noteStill(task: Task): void {
  const { cgroup } = task;
  if (task.frozen || !(task.freezeSleep || isStill(task)) || !cgroup.tasks.has(task)) return;
  task.frozen = true;
  cgroup.frozenTasks++;
  updateFrozen(cgroup);
}

/** It is not one of the frozen tasks of its group any more. */
export function forgetFrozen(task: Task): void {
  if (!task.frozen) return;
  task.frozen = false;
  task.cgroup.frozenTasks--;
}

/** On its way back to the program a task of a group that is being frozen sleeps: only a fatal signal or the thaw ends that. Linux: do_freezer_trap. */
export function freezeHere(task: Task): void {
  task.freezeSleep = true;
  task.sleep([], 'S');
}

/** Make a task go to where it freezes: its group is being frozen. */
export function stop(task: Task): void {
  task.signalPending = true;
  if (task.frozen) return;
  if (task.state === 'S') task.interrupt();
  else noteStill(task);
}

/** Let it go on. */
export function thaw(task: Task): void {
  forgetFrozen(task);
  const slept = task.freezeSleep;
  task.freezeSleep = false;
  recalculatePending(task);
  if (slept) task.wake();
}

/** Linux: cgroup_update_frozen. */
export function updateFrozen(cgroup: Cgroup): void {
  for (let at: Cgroup | null = cgroup; at !== null; at = at.parent) {
    const frozen = at.freezing && at.frozenTasks === at.tasks.size && [...at.children.values()].every((child) => child.frozen);
    if (frozen === at.frozen) return;
    at.frozen = frozen;
    at.notify('cgroup.events');
  }
}

/** Writing to cgroup.freeze. Linux: cgroup_freeze. */
export function setFreeze(cgroup: Cgroup, freeze: boolean): void {
  if (cgroup.freeze === freeze) return;
  cgroup.freeze = freeze;
  const before = cgroup.freezing;
  spread(cgroup);
  // A group above decides: there is nothing to wait for.
  if (cgroup.freezing === before) cgroup.notify('cgroup.events');
  for (const each of [...cgroup.subtree()].reverse()) updateFrozen(each);
}

/** A group freezes if it or one above it is told to. */
function spread(cgroup: Cgroup): void {
  const freezing = cgroup.freeze || (cgroup.parent?.freezing ?? false);
  if (cgroup.freezing === freezing) return;
  cgroup.freezing = freezing;
  for (const task of cgroup.tasks) (freezing ? stop : thaw)(task);
  for (const child of cgroup.children.values()) spread(child);
}
