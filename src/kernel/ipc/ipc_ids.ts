/** Identifiers of one kind of System V IPC object in one namespace. Linux: ipc/util.c. */

import { CAP_CHECKPOINT_RESTORE, CAP_IPC_OWNER, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EACCES, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC, EPERM } from '../../abi/errno.ts';
import { IPC_CREAT, IPC_EXCL, IPC_PRIVATE } from '../../abi/ipc.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, uncharge } from '../mm/price.ts';
import type { IpcNamespace } from '../namespace/ipc_namespace.ts';
import type { Task } from '../task/task.ts';

/** Ids are sequence * IPCMNI + index, so that an id is not soon used again for another object. */
const IPCMNI = 32768;
const IPCID_SEQ_MAX = 65536;
/** Indices go round in at least this many. Linux: ipc_min_cycle. */
const MIN_CYCLE = 64;

/** What all three kinds have. Linux: struct kern_ipc_perm. */
export abstract class IpcObject {
  readonly namespace: IpcNamespace;
  key: number;
  id = -1;
  seq = 0;
  /** Ids of the initial user namespace. */
  uid: number;
  gid: number;
  readonly cuid: number;
  readonly cgid: number;
  /** Permission bits, and the SHM_ flags of segments. */
  mode: number;
  removed = false;
  /** Who pays for it, and how much; set when it gets its id. */
  payer: MemoryGroup | null = null;
  price = 0;

  constructor(task: Task, key: number, mode: number) {
    this.namespace = task.nsproxy.ipc;
    this.key = key;
    this.uid = this.cuid = task.cred.euid;
    this.gid = this.cgid = task.cred.egid;
    this.mode = mode & 0o777;
  }

  /** IPC_RMID. */
  abstract destroy(): void;

  /** Whether `flags` (the low nine bits of the mode asked for) are granted: 0 or -EACCES. Linux: ipcperms. */
  permission(task: Task, flags: number): number {
    const requested = (flags >> 6) | (flags >> 3) | flags;
    let granted = this.mode;
    if (task.cred.euid === this.cuid || task.cred.euid === this.uid) granted >>= 6;
    else if (task.cred.inGroup(this.cgid) || task.cred.inGroup(this.gid)) granted >>= 3;
    if ((requested & ~granted & 0o7) !== 0 && !task.cred.capable(CAP_IPC_OWNER, this.namespace.owner)) return -EACCES;
    return 0;
  }

  /** Whether the caller may change or remove the object: 0 or -EPERM. Linux: ipcctl_obtain_check. */
  mayControl(task: Task): number {
    const { euid } = task.cred;
    if (euid === this.cuid || euid === this.uid || task.cred.capable(CAP_SYS_ADMIN, this.namespace.owner)) return 0;
    return -EPERM;
  }

  /** Fill the struct ipc64_perm at the beginning of a *_ds, with the ids of the caller's user namespace. */
  writePerm(task: Task, view: DataView): void {
    const { userNs } = task.cred;
    view.setInt32(0, this.key, true);
    view.setUint32(4, userNs.uid(this.uid), true);
    view.setUint32(8, userNs.gid(this.gid), true);
    view.setUint32(12, userNs.uid(this.cuid), true);
    view.setUint32(16, userNs.gid(this.cgid), true);
    view.setUint32(20, this.mode, true);
    view.setUint16(24, this.seq, true);
  }

  /** IPC_SET: owner and permission bits from a struct ipc64_perm; 0 or -EINVAL. */
  setPerm(task: Task, view: DataView): number {
    const { userNs } = task.cred;
    const uid = userNs.kuid(view.getUint32(4, true));
    const gid = userNs.kgid(view.getUint32(8, true));
    if (uid < 0 || gid < 0) return -EINVAL;
    this.uid = uid;
    this.gid = gid;
    this.mode = (this.mode & ~0o777) | (view.getUint32(20, true) & 0o777);
    return 0;
  }
}

/** How semget(2) and its relatives make an object that does not exist yet. */
export interface IpcRequest<T> {
  readonly key: number;
  /** IPC_CREAT, IPC_EXCL and permission bits. */
  readonly flags: number;
  /** How many objects the namespace may have. */
  readonly limit: number;
  /** The byte price of a new object. */
  readonly price: number;
  /** Refuses an existing object that is too small. */
  readonly check: (object: T) => number;
  readonly create: () => T | number;
}

/** Objects by index and by key. */
export class IpcIds<T extends IpcObject> {
  private readonly slots: (T | undefined)[] = [];
  private readonly keys: Map<number, T> = new Map();
  private seq = 0;
  private lastIndex = -1;
  /** /proc/sys/kernel/{sem,msg,shm}_next_id: the id wanted for the next object, -1 for any. See proc_sys_kernel(5). */
  nextId = -1;
  count = 0;

  /** The object with an id: -EINVAL when there is none (any more). */
  get(id: number): T | number {
    const object = id < 0 ? undefined : this.slots[id % IPCMNI];
    return object?.id === id ? object : -EINVAL;
  }

  /** By index, for the *_STAT commands. */
  at(index: number): T | number {
    return this.slots[index % IPCMNI] ?? -EINVAL;
  }

  /** The highest index in use, 0 when there is none: what the *_INFO commands return. */
  get maxIndex(): number {
    for (let i = this.slots.length - 1; i > 0; i--) if (this.slots[i] !== undefined) return i;
    return 0;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const object of this.slots) if (object !== undefined) yield object;
  }

  /** Find by key or create: an id or a negative errno. Linux: ipcget. */
  getOrCreate(task: Task, { key, flags, limit, price, check, create }: IpcRequest<T>): number {
    const existing = key === IPC_PRIVATE ? undefined : this.keys.get(key);
    if (existing !== undefined) {
      if ((flags & IPC_CREAT) !== 0 && (flags & IPC_EXCL) !== 0) return -EEXIST;
      return check(existing) || existing.permission(task, flags & 0o777) || existing.id;
    }
    if (key !== IPC_PRIVATE && (flags & IPC_CREAT) === 0) return -ENOENT;
    const object = create();
    if (typeof object === 'number') return object;
    if (this.count >= Math.min(limit, IPCMNI)) return -ENOSPC;
    const payer = task.group.cgroup.memory;
    if (!charge(task.kernel, payer, price)) return -ENOMEM;
    object.payer = payer;
    object.price = price;
    return this.add(object);
  }

  /** Forget an object; whoever holds it sees `removed`. */
  remove(object: T): void {
    object.removed = true;
    this.slots[object.id % IPCMNI] = undefined;
    this.hideKey(object);
    this.count--;
    if (object.payer !== null) uncharge(object.payer, object.price);
    object.payer = null;
  }

  /** Nobody finds the object by its key any more. Linux: ipc_set_key_private. */
  hideKey(object: T): void {
    if (this.keys.get(object.key) === object) this.keys.delete(object.key);
  }

  /** Linux: ipc_idr_alloc. */
  private add(object: T): number {
    const wanted = this.nextId;
    this.nextId = -1;
    let index: number;
    if (wanted < 0) {
      index = this.nextIndex();
      if (index <= this.lastIndex) this.seq = (this.seq + 1) % IPCID_SEQ_MAX;
      this.lastIndex = index;
      object.seq = this.seq;
    } else {
      index = wanted % IPCMNI;
      while (this.slots[index] !== undefined) index++;
      object.seq = Math.floor(wanted / IPCMNI);
    }
    object.id = object.seq * IPCMNI + index;
    this.slots[index] = object;
    if (object.key !== IPC_PRIVATE) this.keys.set(object.key, object);
    this.count++;
    return object.id;
  }

  /** The next free index after the last one, going round. */
  private nextIndex(): number {
    const cycle = Math.min(IPCMNI, Math.max(Math.floor((this.count * 3) / 2), MIN_CYCLE));
    let index = this.lastIndex + 1;
    while (index < cycle && this.slots[index] !== undefined) index++;
    if (index < cycle) return index;
    index = 0;
    while (this.slots[index] !== undefined) index++;
    return index;
  }
}

/** Whether the caller may set the *_next_id sysctls. */
export const mayCheckpoint = (task: Task, ns: IpcNamespace): boolean =>
  task.cred.capable(CAP_SYS_ADMIN, ns.owner) || task.cred.capable(CAP_CHECKPOINT_RESTORE, ns.owner);
