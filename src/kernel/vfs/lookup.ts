/** Asking a directory for a name and remembering the answer. Linux: lookup_slow, d_revalidate. */

import { ENOENT, isErrno } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import type { Dentry } from './dentry.ts';

/** The cached entry for `name` in `parent`, made by asking the file system if need be; it may be negative. */
export function lookupName(task: Task, parent: Dentry, name: string): Dentry | number {
  const { dcache } = task.kernel.vfs;
  const known = parent.children?.get(name);
  if (known !== undefined && !parent.sb.volatileNames) {
    known.stamp = dcache.walk;
    return known;
  }
  if (parent.unlinked) return -ENOENT;
  const answer = parent.inode!.lookup(task, name);
  if (isErrno(answer) && answer !== -ENOENT) return answer;
  const inode = isErrno(answer) ? null : answer;
  if (known !== undefined) {
    known.stamp = dcache.walk;
    if (known.inode === inode) return known;
    if (known.inode === null) {
      known.instantiate(inode!);
      return known;
    }
    dcache.drop(known);
  }
  return dcache.add(parent, name, inode, task.group.cgroup.memory);
}
