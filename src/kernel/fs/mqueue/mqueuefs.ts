/** The file system of POSIX message queues: one for each IPC namespace. Linux: ipc/mqueue.c. See mq_overview(7). */

import { EINVAL } from '../../../abi/errno.ts';
import { MS_NODEV, MS_NOEXEC } from '../../../abi/mount.ts';
import { MQUEUE_MAGIC } from '../../../abi/mqueue.ts';
import type { Kernel } from '../../kernel.ts';
import { charge, PRICE_INODE, uncharge } from '../../mm/price.ts';
import type { IpcNamespace } from '../../namespace/ipc_namespace.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import type { Task } from '../../task/task.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import { Mount } from '../../vfs/mount.ts';
import { SuperBlock } from '../../vfs/super_block.ts';
import { MqueueDirectory } from './mqueue_inode.ts';

export class MqueueSuperBlock extends SuperBlock {
  /** Null once the namespace has ended: a mount that is left shows the queues but takes no new ones. */
  namespace: IpcNamespace | null;

  constructor(kernel: Kernel, type: FileSystemType, namespace: IpcNamespace) {
    super(kernel, type, MQUEUE_MAGIC, 0);
    this.namespace = namespace;
    const root = new MqueueDirectory(this);
    root.uid = namespace.creatorUid;
    root.gid = namespace.creatorGid;
    this.setRoot(root);
    this.own(namespace.owner);
  }

  override get impliedFlags(): number {
    return MS_NOEXEC | MS_NODEV;
  }

  protected override kill(): void {
    this.root.inode!.evict();
    uncharge(this.kernel.memory.root, PRICE_INODE);
  }
}

/** The kernel's own mount of a namespace's queues, through which mq_open(2) finds them. Linux: mq_init_ns. */
export function mqueueMount(kernel: Kernel, namespace: IpcNamespace): Mount {
  if (namespace.mqueueMount === null) {
    charge(kernel, kernel.memory.root, PRICE_INODE);
    const sb = new MqueueSuperBlock(kernel, kernel.fileSystems.get('mqueue')!, namespace);
    namespace.mqueueMount = new Mount(sb, sb.root, 'none', 0).get();
  }
  return namespace.mqueueMount;
}

export class MqueueType extends FileSystemType {
  readonly name = 'mqueue';
  override readonly userNsMount = true;

  override ownerFor(task: Task): UserNamespace {
    return task.nsproxy.ipc.owner;
  }

  /** The namespace's only instance. */
  mount(kernel: Kernel, task: Task, _source: string, _flags: number, data: string): SuperBlock | number {
    return data === '' ? mqueueMount(kernel, task.nsproxy.ipc).sb : -EINVAL;
  }
}
