/** PID namespaces: numbers and the tasks they name. See pid_namespaces(7). */

import { CAP_CHECKPOINT_RESTORE, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EAGAIN, EEXIST, EINVAL, ENOMEM, EPERM } from '../../abi/errno.ts';
import type { Cred } from '../task/cred.ts';
import { Pid } from '../task/pid.ts';
import type { Task } from '../task/task.ts';
import { Namespace } from './namespace.ts';
import type { UserNamespace } from './user_namespace.ts';

/** The default of /proc/sys/kernel/pid_max, with few processors. */
export const PID_MAX_DEFAULT = 32768;
/** Numbers below are given only once. */
const RESERVED_PIDS = 300;

/** Whether the task may restore processes in a namespace that `owner` owns. Linux: checkpoint_restore_ns_capable. */
export const mayRestore = (cred: Cred, owner: UserNamespace): boolean =>
  cred.capable(CAP_CHECKPOINT_RESTORE, owner) || cred.capable(CAP_SYS_ADMIN, owner);

/** What is asked of a new identity. */
export interface PidRequest {
  /** Numbers are below. */
  readonly max: number;
  /** Wanted numbers, the innermost namespace's first (clone3's set_tid), and the credentials of who wants them. */
  readonly chosen: readonly number[];
  readonly cred: Cred;
}

export class PidNamespace extends Namespace {
  readonly kind = 'pid';
  readonly parent: PidNamespace | null;
  readonly level: number;
  readonly owner: UserNamespace;
  /** The pid given last (/proc/sys/kernel/ns_last_pid). */
  lastPid = 0;
  /** The init of the namespace; null before it is created and after it has been reaped. */
  init: Task | null = null;
  /** Init has died, or could not be created: there will be no processes any more. Linux: PIDNS_ADDING is off. */
  dead = false;
  /** What init's parent is told instead of how it ended, after reboot(2): a signal; 0 if nobody called that. */
  reboot = 0;
  /** /proc/sys/vm/memfd_noexec, at least that of the namespaces above. See memfd_create(2). */
  memfdNoexec = 0;
  private readonly pids: Map<number, Pid> = new Map();

  constructor(inode: number, parent: PidNamespace | null, owner: UserNamespace) {
    super(inode);
    this.parent = parent?.get() ?? null;
    this.level = parent === null ? 0 : parent.level + 1;
    this.memfdNoexec = parent?.memfdNoexecScope ?? 0;
    this.owner = owner;
  }

  override destroy(): void {
    this.parent?.put();
  }

  /** Linux: pidns_memfd_noexec_scope. */
  get memfdNoexecScope(): number {
    return Math.max(this.memfdNoexec, this.parent?.memfdNoexecScope ?? 0);
  }

  find(number: number): Pid | null {
    return this.pids.get(number) ?? null;
  }

  /** Whether `other` is this namespace or one below it. */
  isAncestorOf(other: PidNamespace): boolean {
    for (let ns: PidNamespace | null = other; ns !== null; ns = ns.parent) if (ns === this) return true;
    return false;
  }

  /** Every pid, in no particular order. */
  pidsInUse(): Iterable<Pid> {
    return this.pids.values();
  }

  /** Every pid in ascending order. */
  list(): Pid[] {
    return [...this.pids.keys()].sort((a, b) => a - b).map((n) => this.pids.get(n)!);
  }

  /**
   * A new identity, numbered in this namespace and all its ancestors. -ENOMEM after init's death, -EAGAIN when out of
   * numbers, -EINVAL, -EPERM or -EEXIST for a bad choice. Linux: alloc_pid.
   */
  allocate(request: PidRequest | null = null): Pid | number {
    const chosen = request?.chosen ?? [];
    const max = request?.max ?? PID_MAX_DEFAULT;
    const numbers: number[] = [];
    for (let ns: PidNamespace | null = this, i = 0; ns !== null; ns = ns.parent, i++) {
      const wanted = chosen[i];
      const number = wanted === undefined ? ns.nextNumber(max) : ns.checkChoice(wanted, max, request!.cred);
      if (number < 0) return number;
      numbers[ns.level] = number;
    }
    if (this.dead) return -ENOMEM;
    this.get();
    const pid = new Pid(this, numbers);
    for (let ns: PidNamespace | null = this, i = 0; ns !== null; ns = ns.parent, i++) {
      ns.pids.set(numbers[ns.level]!, pid);
      if (chosen[i] === undefined) ns.lastPid = numbers[ns.level]!;
    }
    return pid;
  }

  private checkChoice(number: number, max: number, cred: Cred): number {
    if (number < 1 || number >= max || (number !== 1 && this.init === null)) return -EINVAL;
    if (!mayRestore(cred, this.owner)) return -EPERM;
    return this.pids.has(number) ? -EEXIST : number;
  }

  /** Forget an identity once nothing uses it as pid, process group or session. */
  release(pid: Pid): void {
    if (pid.task !== null || pid.processGroup.size > 0 || pid.session.size > 0) return;
    const { namespace } = pid;
    if (namespace.pids.get(pid.numbers[namespace.level]!) !== pid) return;
    for (let ns: PidNamespace | null = namespace; ns !== null; ns = ns.parent) {
      ns.pids.delete(pid.numbers[ns.level]!);
      if (ns.pids.size === 0) ns.dead = true;
    }
    namespace.put();
  }

  /** The next free number, going round. Linux: idr_alloc_cyclic. */
  private nextNumber(max: number): number {
    const first = this.lastPid + 1;
    for (let number = first; number < max; number++) if (!this.pids.has(number)) return number;
    for (let number = first > RESERVED_PIDS ? RESERVED_PIDS : 1; number < Math.min(first, max); number++)
      if (!this.pids.has(number)) return number;
    return -EAGAIN;
  }
}
