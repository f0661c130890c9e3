/** Small file operations of the runtime: directories, mounts and files prepared for a container, as a task in it would do them. */

import { EEXIST, ENODEV, isErrno } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import { graft, mountFlags } from '../vfs/do_mount.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import type { Mount } from '../vfs/mount.ts';
import { discardTree, newMount } from '../vfs/mount_copy.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, lookupPath } from '../vfs/namei.ts';
import { makeDirectory, newName } from '../vfs/names.ts';
import { openAt } from '../vfs/open.ts';
import type { Path } from '../vfs/path.ts';
import type { SuperBlock } from '../vfs/super_block.ts';
import { latin1Bytes } from '../vfs/text.ts';

export const AT_FDCWD = -100;
const O_WRONLY = 1;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;

/** `mkdir -p`: 0 or a negative errno. */
export function makeDirectories(task: Task, path: string, mode = 0o755): number {
  let at = '';
  for (const name of path.split('/').filter((part) => part !== '')) {
    at += `/${name}`;
    const existing = lookupPath(task, AT_FDCWD, at, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
    if (!isErrno(existing)) continue;
    const fresh = newName(task, AT_FDCWD, at, true);
    if (isErrno(fresh)) {
      if (fresh === -EEXIST) continue;
      return fresh;
    }
    const failed = makeDirectory(task, fresh.dentry, mode);
    if (failed < 0) return failed;
  }
  return 0;
}

/** mount(2) of a new file system instance at an existing directory: its root, or a negative errno. */
export function mountAt(task: Task, type: string, source: string, target: string, flags = 0, data = ''): Path | number {
  const { kernel } = task;
  const fileSystem = kernel.fileSystems.get(type);
  if (fileSystem === undefined) return -ENODEV;
  const place = lookupPath(task, AT_FDCWD, target, LOOKUP_FOLLOW);
  if (isErrno(place)) return place;
  const sb = fileSystem.mount(kernel, task, source, flags, data);
  if (isErrno(sb)) return sb;
  const mount = mountSuper(task, sb, source, flags, place);
  return isErrno(mount) ? mount : lookupPath(task, AT_FDCWD, target, LOOKUP_FOLLOW);
}

/** Mount what exists already, or is new. */
export function mountSuper(task: Task, sb: SuperBlock, source: string, flags: number, place: Path): Mount | number {
  const mount = newMount(task, sb, source, mountFlags(flags));
  if (isErrno(mount)) {
    if (sb.mounts === 0) sb.release();
    return mount;
  }
  const failed = graft(task, mount, place);
  if (failed === 0) return mount;
  discardTree(mount);
  return failed;
}

/** Write a whole file, made if it is absent: 0 or a negative errno. */
export const writeFile = (task: Task, path: string, content: string): number => write(task, path, content, O_CREAT | O_TRUNC);

/** Write to a file that exists: 0 or a negative errno. */
export const overwriteFile = (task: Task, path: string, content: string): number => write(task, path, content, 0);

function write(task: Task, path: string, content: string, flags: number): number {
  const file = openAt(task, AT_FDCWD, path, { flags: O_WRONLY | flags, mode: 0o644, resolve: 0 });
  if (isErrno(file)) return file;
  const written = file.write(task, IovIter.kernel(latin1Bytes(content)), 0);
  file.put();
  return Math.min(0, written);
}
