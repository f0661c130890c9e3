/** System V IPC objects and POSIX message queues of a group of tasks. See ipc_namespaces(7). */

import type { MqueueSuperBlock } from '../fs/mqueue/mqueuefs.ts';
import { IpcIds } from '../ipc/ipc_ids.ts';
import type { MessageQueue } from '../ipc/msg.ts';
import type { SemaphoreSet } from '../ipc/sem.ts';
import type { SharedSegment } from '../ipc/shm.ts';
import type { Mount } from '../vfs/mount.ts';
import { Namespace } from './namespace.ts';
import type { UserNamespace } from './user_namespace.ts';

/** The sysctls of /proc/sys/kernel and /proc/sys/fs/mqueue that limit a namespace. See proc_sys_kernel(5), mq_overview(7). */
export interface IpcLimits {
  msgmax: number;
  msgmnb: number;
  msgmni: number;
  semmsl: number;
  semmns: number;
  semopm: number;
  semmni: number;
  shmmax: bigint;
  /** In pages. */
  shmall: bigint;
  shmmni: number;
  shmRmidForced: number;
  mqQueuesMax: number;
  mqMsgMax: number;
  mqMsgsizeMax: number;
  mqMsgDefault: number;
  mqMsgsizeDefault: number;
}

/** ULONG_MAX - (1 << 24): Linux's default for "no limit". */
const NO_LIMIT = 18446744073692774399n;

export class IpcNamespace extends Namespace {
  readonly kind = 'ipc';
  readonly owner: UserNamespace;
  readonly limits: IpcLimits = {
    msgmax: 8192,
    msgmnb: 16384,
    msgmni: 32000,
    semmsl: 32000,
    semmns: 1024000000,
    semopm: 500,
    semmni: 32000,
    shmmax: NO_LIMIT,
    shmall: NO_LIMIT,
    shmmni: 4096,
    shmRmidForced: 0,
    mqQueuesMax: 256,
    mqMsgMax: 10,
    mqMsgsizeMax: 8192,
    mqMsgDefault: 10,
    mqMsgsizeDefault: 8192,
  };
  readonly semaphores: IpcIds<SemaphoreSet> = new IpcIds();
  readonly messageQueues: IpcIds<MessageQueue> = new IpcIds();
  readonly segments: IpcIds<SharedSegment> = new IpcIds();
  /** Semaphores in all sets, messages and bytes in all queues, pages in all segments. */
  semaphoresInUse = 0;
  messageCount = 0;
  messageBytes = 0;
  segmentPages = 0;
  /** Who made it, by initial ids: the owner of the root of its message queues. */
  readonly creatorUid: number;
  readonly creatorGid: number;
  /** Where its POSIX message queues are; null before the first use. Linux: mq_mnt. */
  mqueueMount: Mount | null = null;
  /** POSIX message queues, with or without a name. */
  mqueueCount = 0;

  constructor(inode: number, owner: UserNamespace, creatorUid: number, creatorGid: number) {
    super(inode);
    this.owner = owner;
    this.creatorUid = creatorUid;
    this.creatorGid = creatorGid;
  }

  /** Its objects go. Linux: free_ipc_ns. */
  override destroy(): void {
    for (const ids of [this.semaphores, this.messageQueues, this.segments]) for (const object of [...ids]) object.destroy();
    if (this.mqueueMount === null) return;
    // Other mounts of it may be left.
    (this.mqueueMount.sb as MqueueSuperBlock).namespace = null;
    this.mqueueMount.put();
    this.mqueueMount = null;
  }
}
