/** The names that a merged directory shows. Linux: fs/overlayfs/readdir.c. */

import { DT_CHR } from '../../../abi/stat.ts';
import type { Task } from '../../task/task.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { ListedName } from '../../vfs/snapshot_directory_file.ts';
import type { OverlayInode } from './overlay_inode.ts';
import { isWhiteout, originOf, realLookup } from './overlay_lookup.ts';

/** Every visible name, upper ones first; or a negative errno. */
export function mergeNames(task: Task, directory: OverlayInode): ListedName[] | number {
  const { sb } = directory;
  const seen = new Set<string>();
  const merged: ListedName[] = [];
  const layers: readonly Inode[] = directory.upper === null ? directory.lowers : [directory.upper, ...directory.lowers];
  for (const layer of layers) {
    const offset = sb.inodeNumber(layer) - layer.ino;
    const failed = layer.iterate(task, 2, (name, ino, type) => {
      if (seen.has(name)) return true;
      seen.add(name);
      const child = layer === directory.upper || type === DT_CHR ? realLookup(task, layer, name) : null;
      if (child === null || typeof child === 'number') merged.push({ name, ino: ino + offset, type });
      else if (!isWhiteout(child)) merged.push({ name, ino: originOf(task, directory, child) ?? ino + offset, type });
      return true;
    });
    if (failed < 0) return failed;
  }
  return merged;
}
