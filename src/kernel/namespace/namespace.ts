/** What namespaces of all kinds have: a number, an owner, whoever holds them, and who pays. Linux: struct ns_common. See namespaces(7). */

import { ENOMEM, ENOSPC } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, PRICE_NAMESPACE, uncharge } from '../mm/price.ts';
import type { Task } from '../task/task.ts';
import { decUcount, incUcount, type UcountName, type Ucounts } from './ucounts.ts';
import type { UserNamespace } from './user_namespace.ts';

/** As /proc/[pid]/ns calls the kinds. */
export type NamespaceName = 'cgroup' | 'ipc' | 'mnt' | 'net' | 'pid' | 'time' | 'user' | 'uts';

export abstract class Namespace {
  abstract readonly kind: NamespaceName;
  /** The user namespace whose capabilities count in it: of a user namespace its parent, null for the initial one. */
  abstract readonly owner: UserNamespace | null;
  /** The inode number of its file. */
  readonly inode: number;
  /** Sets of namespaces (nsproxy), credentials, namespaces below, open files and mounts of its file that hold it. */
  users = 0;
  /** Null for the initial namespaces. */
  account: NamespaceAccount | null = null;

  constructor(inode: number) {
    this.inode = inode;
  }

  get(): this {
    this.users++;
    return this;
  }

  put(): void {
    if (--this.users === 0) this.free();
  }

  /** Nobody holds it, or ever came to: what is in it goes, and its creator may have another one. */
  free(): void {
    this.destroy();
    this.account?.close();
    this.account = null;
  }

  /** End what is in it. */
  destroy(): void {}
}

/** A namespace that is counted and paid for. */
export class NamespaceAccount {
  /** The number given to it. */
  readonly inode: number;
  /** Whom it counts for. */
  readonly ucounts: Ucounts;
  private readonly kernel: Kernel;
  private readonly name: UcountName;
  private readonly payer: MemoryGroup;

  constructor(kernel: Kernel, ucounts: Ucounts, name: UcountName, payer: MemoryGroup) {
    this.kernel = kernel;
    this.inode = kernel.namespaceNumbers.allocate();
    this.ucounts = ucounts;
    this.name = name;
    this.payer = payer;
  }

  close(): void {
    this.kernel.namespaceNumbers.free(this.inode);
    decUcount(this.ucounts, this.name);
    uncharge(this.payer, PRICE_NAMESPACE);
  }
}

/** Count a namespace that `task` makes and `owner` will own: -ENOSPC when there are too many, -ENOMEM. */
export function openAccount(task: Task, owner: UserNamespace, kind: NamespaceName): NamespaceAccount | number {
  const { kernel } = task;
  const name: UcountName = `${kind}_namespaces`;
  const ucounts = incUcount(owner, task.cred.euid, name);
  if (ucounts === null) return -ENOSPC;
  const payer = task.group.cgroup.memory;
  if (charge(kernel, payer, PRICE_NAMESPACE)) return new NamespaceAccount(kernel, ucounts, name, payer);
  decUcount(ucounts, name);
  return -ENOMEM;
}
