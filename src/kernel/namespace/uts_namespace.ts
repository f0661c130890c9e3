/** The host and domain name seen by a group of tasks. See uts_namespaces(7). */

import { WaitQueue } from '../task/wait_queue.ts';
import { Namespace } from './namespace.ts';
import type { UserNamespace } from './user_namespace.ts';

export type UtsName = 'nodename' | 'domainname';

/** Who polls the sysctl of a name hears of changes in every namespace. Linux: struct ctl_table_poll. */
export class UtsPoll {
  readonly queue: WaitQueue = new WaitQueue();
  /** Counts changes. */
  event = 0;

  notify(): void {
    this.event++;
    this.queue.wakeAll();
  }
}

export class UtsNamespace extends Namespace {
  readonly kind = 'uts';
  readonly owner: UserNamespace;
  /** At most 64 bytes each, as byte strings. */
  nodename: string;
  domainname: string;

  constructor(inode: number, owner: UserNamespace, nodename: string, domainname: string) {
    super(inode);
    this.owner = owner;
    this.nodename = nodename;
    this.domainname = domainname;
  }

  /** The namespace given to a child of clone(CLONE_NEWUTS): a copy, owned by `owner`. */
  clone(inode: number, owner: UserNamespace): UtsNamespace {
    return new UtsNamespace(inode, owner, this.nodename, this.domainname);
  }
}
