/** The files that every group has, whatever its controllers. Linux: cgroup_base_files in kernel/cgroup/cgroup.c. See cgroup-v2.rst, Core Interface Files. */

import { EINVAL, ENODEV, EOPNOTSUPP, ERANGE, ESRCH } from '../../abi/errno.ts';
import { SIGKILL } from '../../abi/signal.ts';
import { sendToProcess } from '../signal/send.ts';
import type { Task } from '../task/task.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import type { Cgroup } from './cgroup.ts';
import { type CgroupAccess, type CgroupFile, limitText, parseNumber } from './cgroup_file.ts';
import { controllerNames, controllers, controlOf } from './controllers.ts';
import { cpuStat, cpuStatLocal } from './cpu.ts';
import { isThreaded, typeOf } from './domain.ts';
import { setFreeze } from './freezer.ts';
import { becomeThreaded, setSubtreeControl } from './hierarchy.ts';
import { domainTasks } from './membership.ts';
import { mayMigrate, migrate } from './migrate.ts';

const INT_MAX = 2 ** 31 - 1;

/** One number a line, as the reader's PID namespace counts; 0 for those that it does not have. */
const idLines = (tasks: Iterable<Task>, { pid: { namespace } }: Task): string =>
  [...tasks].map((task) => `${task.pid.in(namespace)}\n`).join('');

function procs(cgroup: Cgroup, { task }: CgroupAccess): string | number {
  if (isThreaded(cgroup)) return -EOPNOTSUPP;
  const groups = new Set<ThreadGroup>();
  for (const { group } of domainTasks(cgroup)) groups.add(group);
  return idLines(
    [...groups].map(({ leader }) => leader),
    task,
  );
}

/** The task that a number stands for; 0 is the writer. */
function taskOf(text: string, writer: Task): Task | number {
  const id = parseNumber(text.trim());
  if (Number.isNaN(id) || id < 0) return -EINVAL;
  if (id > INT_MAX) return -ERANGE;
  return id === 0 ? writer : (writer.pid.namespace.find(id)?.task ?? -ESRCH);
}

/** Linux: __cgroup_procs_write. */
function attach(cgroup: Cgroup, text: string, access: CgroupAccess, wholeProcess: boolean): number {
  if (cgroup.dead) return -ENODEV;
  const named = taskOf(text, access.task);
  if (typeof named === 'number') return named;
  const task = wholeProcess ? named.group.leader : named;
  // The runtime's own task stays where it is, like a kernel thread.
  if (task === task.kernel.firstTask) return -EINVAL;
  const refused = mayMigrate(access, task.cgroup, cgroup, wholeProcess);
  if (refused < 0) return refused;
  migrate(task, cgroup, wholeProcess);
  return 0;
}

/** Words with + or − before them. */
function writeSubtreeControl(cgroup: Cgroup, text: string, { task }: CgroupAccess): number {
  let enable = 0;
  let disable = 0;
  for (const word of text.trim().split(' ')) {
    if (word === '') continue;
    const bit = controllers.find(({ name }) => name === word.slice(1))?.bit;
    if (bit === undefined || (word[0] !== '+' && word[0] !== '-')) return -EINVAL;
    enable = word[0] === '+' ? enable | bit : enable & ~bit;
    disable = word[0] === '-' ? disable | bit : disable & ~bit;
  }
  return setSubtreeControl(task.kernel, cgroup, enable, disable);
}

/** Linux: cgroup_stat_show. */
function stat(cgroup: Cgroup): string {
  const groups = [...cgroup.subtree()];
  const live = controllers.map(({ name, bit }) => `nr_subsys_${name} ${groups.filter((each) => (controlOf(each) & bit) !== 0).length}\n`);
  const dying = controllers.map(({ name }) => `nr_dying_subsys_${name} ${name === 'memory' ? cgroup.dyingDescendants : 0}\n`);
  return [`nr_descendants ${cgroup.descendants}\n`, ...live, `nr_dying_descendants ${cgroup.dyingDescendants}\n`, ...dying].join('');
}

function writeFreeze(cgroup: Cgroup, text: string): number {
  const value = parseNumber(text.trim());
  if (Number.isNaN(value)) return -EINVAL;
  if (value !== 0 && value !== 1) return -ERANGE;
  setFreeze(cgroup, value === 1);
  return 0;
}

/** The writer reaches the init of a PID namespace only from above. */
function isOutside(writer: Task, { leader }: ThreadGroup): boolean {
  return writer.pid.in(leader.pid.namespace) === 0;
}

/** Linux: cgroup_kill_write. */
function writeKill(cgroup: Cgroup, text: string, { task }: CgroupAccess): number {
  const value = parseNumber(text.trim());
  if (Number.isNaN(value)) return -EINVAL;
  if (value !== 1) return -ERANGE;
  if (isThreaded(cgroup)) return -EOPNOTSUPP;
  killAll(cgroup, task);
  return 0;
}

/** SIGKILL to every process here and below, as from `sender`. */
export function killAll(cgroup: Cgroup, sender: Task): void {
  const groups = new Set<ThreadGroup>();
  for (const each of cgroup.subtree()) for (const { group } of each.tasks) groups.add(group);
  for (const group of groups) {
    const { pid, cred } = sender;
    const info = { signo: SIGKILL, code: 0, pid: pid.in(group.leader.pid.namespace), uid: cred.uid };
    if (group.live > 0) sendToProcess(group, info, isOutside(sender, group));
  }
}

function setMax(field: 'maxDepth' | 'maxDescendants'): (cgroup: Cgroup, text: string) => number {
  return (cgroup, text) => {
    const word = text.trim();
    const max = word === 'max' ? Number.POSITIVE_INFINITY : parseNumber(word);
    if (Number.isNaN(max)) return -EINVAL;
    if (max < 0 || (max > INT_MAX && word !== 'max')) return -ERANGE;
    cgroup[field] = max;
    return 0;
  };
}

export const coreFiles: readonly CgroupFile[] = [
  {
    name: 'cgroup.type',
    mode: 0o644,
    read: (cgroup) => `${typeOf(cgroup)}\n`,
    write: (cgroup, text, { task }) => (text.trim() === 'threaded' ? becomeThreaded(task.kernel, cgroup) : -EINVAL),
  },
  {
    name: 'cgroup.procs',
    mode: 0o644,
    on: 'all',
    delegated: true,
    read: procs,
    write: (cgroup, text, access) => attach(cgroup, text, access, true),
  },
  {
    name: 'cgroup.threads',
    mode: 0o644,
    on: 'all',
    delegated: true,
    read: ({ tasks }, { task }) => idLines(tasks, task),
    write: (cgroup, text, access) => attach(cgroup, text, access, false),
  },
  { name: 'cgroup.controllers', mode: 0o444, on: 'all', read: (cgroup) => controllerNames(controlOf(cgroup)) },
  {
    name: 'cgroup.subtree_control',
    mode: 0o644,
    on: 'all',
    delegated: true,
    read: ({ subtreeControl }) => controllerNames(subtreeControl),
    write: writeSubtreeControl,
  },
  {
    name: 'cgroup.events',
    mode: 0o444,
    read: ({ populated, frozen }) => `populated ${Number(populated)}\nfrozen ${Number(frozen)}\n`,
  },
  {
    name: 'cgroup.max.descendants',
    mode: 0o644,
    on: 'all',
    read: ({ maxDescendants }) => limitText(maxDescendants),
    write: setMax('maxDescendants'),
  },
  { name: 'cgroup.max.depth', mode: 0o644, on: 'all', read: ({ maxDepth }) => limitText(maxDepth), write: setMax('maxDepth') },
  { name: 'cgroup.stat', mode: 0o444, on: 'all', read: stat },
  { name: 'cgroup.freeze', mode: 0o644, read: ({ freeze }) => `${Number(freeze)}\n`, write: writeFreeze },
  { name: 'cgroup.kill', mode: 0o200, write: writeKill },
  { name: 'cpu.stat', mode: 0o444, on: 'all', read: cpuStat },
  { name: 'cpu.stat.local', mode: 0o444, on: 'all', read: cpuStatLocal },
];
