/** Open /proc/[pid]/mounts, mountinfo and mountstats: the mounts that the task had when the file was opened. Linux: fs/proc_namespace.c. */

import { EINVAL, ENOENT } from '../../../abi/errno.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait_queue.ts';
import { POLLERR, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import { mountInfo, mountStats, mountTable } from '../../vfs/mount_info.ts';
import type { MountNamespace } from '../../vfs/mount_namespace.ts';
import type { Path } from '../../vfs/path.ts';
import { latin1Bytes } from '../../vfs/text.ts';
import type { ProcContext } from './entry.ts';
import { ProcFile } from './proc_file.ts';
import type { ProcInode } from './proc_inode.ts';

/** The text of each file, by its name. */
const TEXTS: Readonly<Record<string, typeof mountInfo>> = { mountinfo: mountInfo, mounts: mountTable, mountstats: mountStats };

class MountsFile extends ProcFile {
  private readonly namespace: MountNamespace;
  private readonly root: Path;
  private readonly name: string;
  /** The event that poll(2) has reported. */
  private reported: number;

  constructor(node: ProcInode, flags: number, name: string, namespace: MountNamespace, root: Path) {
    super(node, flags, 0);
    this.namespace = namespace.get();
    this.root = root.get();
    this.name = name;
    this.reported = namespace.event;
  }

  override release(): void {
    this.root.put();
    this.namespace.put();
  }

  protected override compute(task: Task): Uint8Array {
    return latin1Bytes(TEXTS[this.name]!(this.namespace, this.root, task));
  }

  override poll(_task: Task): number {
    // Statistics do not tell of changes.
    if (this.name === 'mountstats') return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
    const { event } = this.namespace;
    if (event === this.reported) return POLLIN | POLLRDNORM;
    this.reported = event;
    return POLLIN | POLLRDNORM | POLLERR | POLLPRI;
  }

  override pollQueues(): readonly WaitQueue[] {
    return this.name === 'mountstats' ? [] : [this.namespace.changed];
  }
}

/** Linux: mounts_open_common. */
export function openMounts({ target, key }: ProcContext, node: ProcInode, flags: number): MountsFile | number {
  if (target.state === 'Z' || target.state === 'X') return -EINVAL;
  if (target.fs === null) return -ENOENT;
  return new MountsFile(node, flags, key, target.nsproxy.mnt, target.fs.root);
}
