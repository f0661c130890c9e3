/** What happens to files, told to those who watch. Linux: fs/notify/fsnotify.c. See inotify(7). */

import {
  FS_RENAME,
  IN_ATTRIB,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_ISDIR,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
} from '../../abi/inotify.ts';
import { S_IFDIR, S_IFMT } from '../../abi/stat.ts';
import type { Dentry } from './dentry.ts';
import type { File } from './file.ts';
import type { Inode } from './inode.ts';

const isDirectory = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFDIR;

/** `event` (an IN_ bit) on `inode` itself, or on its entry `name` if that is not empty. */
function tell(watched: Inode, event: number, name: string, cookie = 0): void {
  if (watched.marks === null) return;
  for (const mark of [...watched.marks]) mark.notify(event, name, cookie);
}

/** The file called `dentry` was used: tell its directory and itself. */
export function notify(dentry: Dentry, inode: Inode, event: number): void {
  if (inode.sb.kernel.vfs.watchedInodes === 0) return;
  const mask = isDirectory(inode) ? event | IN_ISDIR : event;
  const directory = dentry.isRoot || dentry.unlinked ? null : dentry.parent.inode;
  if (directory !== null) tell(directory, mask, dentry.name);
  tell(inode, mask, '');
}

export function notifyFile(file: File, event: number): void {
  if (file.path !== null) notify(file.path.dentry, file.inode, event);
}

/** `inode`, which is called `name` in `directory`, was changed by the kernel itself. Linux: kernfs_notify_workfn. */
export function notifyByName(directory: Inode, name: string, inode: Inode, event: number): void {
  if (inode.sb.kernel.vfs.watchedInodes === 0) return;
  tell(directory, event, name);
  tell(inode, event, '');
}

/** A name appeared in `directory`. */
export function notifyCreate(directory: Inode, dentry: Dentry): void {
  if (directory.sb.kernel.vfs.watchedInodes === 0) return;
  tell(directory, IN_CREATE | (isDirectory(dentry.inode!) ? IN_ISDIR : 0), dentry.name);
}

/** `inode` has one name fewer. Linux: fsnotify_link_count. */
export function notifyLinkCount(inode: Inode): void {
  tell(inode, isDirectory(inode) ? IN_ATTRIB | IN_ISDIR : IN_ATTRIB, '');
}

/** The name `name` of `inode` is gone from `directory`. */
export function notifyRemove(directory: Inode, name: string, inode: Inode): void {
  tell(directory, IN_DELETE | (isDirectory(inode) ? IN_ISDIR : 0), name);
}

/** The last entry of an inode without names lets go of it: its watches end. Linux: fsnotify_inoderemove. */
export function notifyGone(inode: Inode): void {
  if (inode.marks === null) return;
  tell(inode, IN_DELETE_SELF, '');
  for (const mark of [...(inode.marks ?? [])]) mark.ended();
}

/** `inode` was called `oldName` in `from` and is now `newName` in `to`. */
export function notifyMove(from: Inode, oldName: string, to: Inode, newName: string, inode: Inode): void {
  const { vfs } = inode.sb.kernel;
  if (vfs.watchedInodes === 0) return;
  const isdir = isDirectory(inode) ? IN_ISDIR : 0;
  const cookie = vfs.nextCookie++;
  if (from === to) tell(from, FS_RENAME | isdir, oldName);
  tell(from, IN_MOVED_FROM | isdir, oldName, cookie);
  tell(to, IN_MOVED_TO | isdir, newName, cookie);
  tell(inode, IN_MOVE_SELF, '');
}
