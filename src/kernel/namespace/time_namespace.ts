/** Offsets of the monotonic and boot-time clocks. See time_namespaces(7). */

import type { VvarMapping } from '../exec/vdso.ts';
import type { Timespec } from '../vfs/inode.ts';
import { Namespace } from './namespace.ts';
import type { UserNamespace } from './user_namespace.ts';

const NONE: Timespec = { seconds: 0, nanoseconds: 0 };

export class TimeNamespace extends Namespace {
  readonly kind = 'time';
  readonly owner: UserNamespace;
  /** Added to the clocks; they can be set until the first process is in the namespace. */
  monotonic: Timespec = NONE;
  boottime: Timespec = NONE;
  frozen = false;
  /** The page of clock data for the vDSO; null in the initial namespace, and where there is no vDSO. */
  readonly vvar: VvarMapping | null;

  constructor(inode: number, owner: UserNamespace, vvar: VvarMapping | null = null) {
    super(inode);
    this.owner = owner;
    this.vvar = vvar;
  }

  override destroy(): void {
    const { vvar } = this;
    vvar?.kernel.timeNamespaces.delete(this);
    vvar?.release();
  }
}
