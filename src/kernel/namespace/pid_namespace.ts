/** PID namespaces: numbers and the tasks they name. See pid_namespaces(7). */

import { EAGAIN, EEXIST, EINVAL, ENOMEM } from '../../abi/errno.ts';
import { SyscallRing } from '../syscall/syscall_ring.ts';
import { Pid } from '../task/pid.ts';
import type { Task } from '../task/task.ts';
import type { UserNamespace } from './user_namespace.ts';

/** PID_MAX_LIMIT of a 64-bit Linux with few CPUs: the default of /proc/sys/kernel/pid_max. */
const PID_MAX = 32768;
const RESERVED_PIDS = 300;

export class PidNamespace {
  readonly kind = 'pid';
  readonly inode: number;
  readonly parent: PidNamespace | null;
  readonly level: number;
  readonly owner: UserNamespace;
  pidMax: number = PID_MAX;
  /** The pid given last (/proc/sys/kernel/ns_last_pid). */
  lastPid = 0;
  /** The init of the namespace; null before it is created and after it has been reaped. */
  init: Task | null = null;
  /** Init has died: no process can be created any more. */
  dead = false;
  /** The last system calls of its processes, for people who look for a bug. */
  readonly recentCalls: SyscallRing = new SyscallRing();
  private readonly pids: Map<number, Pid> = new Map();

  constructor(inode: number, parent: PidNamespace | null, owner: UserNamespace) {
    this.inode = inode;
    this.parent = parent;
    this.level = parent === null ? 0 : parent.level + 1;
    this.owner = owner;
  }

  find(number: number): Pid | null {
    return this.pids.get(number) ?? null;
  }

  /** Whether `other` is this namespace or one below it. */
  isAncestorOf(other: PidNamespace): boolean {
    for (let ns: PidNamespace | null = other; ns !== null; ns = ns.parent) if (ns === this) return true;
    return false;
  }

  /** Every pid in ascending order. */
  list(): Pid[] {
    return [...this.pids.keys()].sort((a, b) => a - b).map((n) => this.pids.get(n)!);
  }

  /**
   * A new identity, numbered in this namespace and all its ancestors. `chosen` are ids that the creator wants, the innermost
   * first (clone3's set_tid). -ENOMEM after init's death, -EAGAIN when out of numbers, -EEXIST or -EINVAL for a bad choice.
   */
  allocate(chosen: readonly number[] = []): Pid | number {
    if (this.dead) return -ENOMEM;
    const numbers: number[] = [];
    for (let ns: PidNamespace | null = this, i = 0; ns !== null; ns = ns.parent, i++) {
      const wanted = chosen[i];
      const number = wanted === undefined ? ns.nextNumber() : ns.checkChoice(wanted);
      if (number < 0) return number;
      numbers[ns.level] = number;
    }
    const pid = new Pid(this, numbers);
    for (let ns: PidNamespace | null = this, i = 0; ns !== null; ns = ns.parent, i++) {
      ns.pids.set(numbers[ns.level]!, pid);
      if (chosen[i] === undefined) ns.lastPid = numbers[ns.level]!;
    }
    return pid;
  }

  private checkChoice(number: number): number {
    if (number < 1 || number >= this.pidMax || (number !== 1 && this.init === null)) return -EINVAL;
    return this.pids.has(number) ? -EEXIST : number;
  }

  /** Forget an identity once nothing uses it as pid, process group or session. */
  release(pid: Pid): void {
    if (pid.task !== null || pid.processGroup.size > 0 || pid.session.size > 0) return;
    for (let ns: PidNamespace | null = pid.namespace; ns !== null; ns = ns.parent) ns.pids.delete(pid.numbers[ns.level]!);
  }

  private nextNumber(): number {
    const first = this.lastPid + 1;
    for (let i = 0; i < this.pidMax; i++) {
      let candidate = first + i;
      if (candidate >= this.pidMax) candidate = RESERVED_PIDS + (candidate - this.pidMax);
      if (candidate >= this.pidMax) return -EAGAIN;
      if (!this.pids.has(candidate)) return candidate;
    }
    return -EAGAIN;
  }
}
