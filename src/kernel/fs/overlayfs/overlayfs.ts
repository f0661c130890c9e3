/** The overlay file system type. Linux: fs/overlayfs/params.c. See Documentation/filesystems/overlayfs.rst. */

import { EBUSY, EINVAL, ENOTDIR, isErrno } from '../../../abi/errno.ts';
import { AT_FDCWD } from '../../../abi/fcntl.ts';
import { S_IFDIR, S_IFMT } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import type { Inode } from '../../vfs/inode.ts';
import { parseMountOptions } from '../../vfs/mount_options.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, lookupPath } from '../../vfs/namei.ts';
import type { SuperBlock } from '../../vfs/super_block.ts';
import { OverlaySuperBlock } from './overlay_super_block.ts';

/** Linux: OVL_MAX_STACK. */
const MAX_LOWERS = 500;
/** Overlays on overlays. Linux: FILESYSTEM_MAX_STACK_DEPTH. */
const MAX_DEPTH = 2;
/** Options that say what we do anyway. */
const FIXED_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  redirect_dir: ['off', 'nofollow', 'follow'],
  index: ['off'],
  metacopy: ['off'],
  nfs_export: ['off'],
  xino: ['on', 'auto'],
};

export class OverlayType extends FileSystemType {
  readonly name: string = 'overlay';
  override readonly userNsMount: boolean = true;
  override readonly options: readonly string[] = [
    'lowerdir',
    'upperdir',
    'workdir',
    'userxattr',
    'volatile',
    ...Object.keys(FIXED_OPTIONS),
  ];

  protected override accepts(_task: Task, data: string): boolean {
    return parseMountOptions(data).every(([name, value]) => FIXED_OPTIONS[name]?.includes(value ?? '') !== false);
  }

  mount(kernel: Kernel, task: Task, _source: string, flags: number, data: string): SuperBlock | number {
    const places = new Map<string, string>();
    const given = parseMountOptions(data);
    const userXattr = given.some(([name]) => name === 'userxattr');
    for (const [name, value] of given) {
      if (name === 'lowerdir' || name === 'upperdir' || name === 'workdir') places.set(name, value ?? '');
      else if ((name === 'volatile' || name === 'userxattr') && value === null) continue;
      else if (value === null || FIXED_OPTIONS[name]?.includes(value) !== true) return -EINVAL;
      // Anyone could write the extended attributes that say where to look. Linux: ovl_fs_params_verify.
      else if (userXattr && name === 'redirect_dir' && value !== 'nofollow') return -EINVAL;
    }
    const lowerdir = places.get('lowerdir');
    const upperdir = places.get('upperdir');
    const workdir = places.get('workdir');
    if (lowerdir === undefined || (upperdir === undefined) !== (workdir === undefined)) return -EINVAL;
    const lowers = lowerdir.split(':').map((path) => directoryAt(task, path));
    const wrong = lowers.find(isErrno);
    if (wrong !== undefined) return wrong;
    if (lowers.length > MAX_LOWERS || (upperdir === undefined && lowers.length < 2)) return -EINVAL;
    let upper: Inode | null = null;
    if (upperdir !== undefined) {
      const place = directoryAt(task, upperdir);
      if (isErrno(place)) return place;
      const work = directoryAt(task, workdir!);
      if (isErrno(work)) return work;
      if (work.sb !== place.sb || work === place || place.sb.readOnly || place.sb instanceof OverlaySuperBlock) return -EINVAL;
      if (lowers.includes(place)) return -EBUSY;
      upper = place;
    }
    const depths = (lowers as Inode[]).map(({ sb }) => (sb instanceof OverlaySuperBlock ? sb.depth : 0));
    if (Math.max(...depths) >= MAX_DEPTH) return -EINVAL;
    const options = [...places].map(([name, value]) => `,${name}=${value}`).join('') + (userXattr ? ',userxattr' : '');
    return new OverlaySuperBlock(kernel, this, upper, lowers as Inode[], flags, options, userXattr);
  }
}

function directoryAt(task: Task, path: string): Inode | number {
  const found = lookupPath(task, AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  if (isErrno(found)) return found;
  return (found.inode.mode & S_IFMT) === S_IFDIR ? found.inode : -ENOTDIR;
}
