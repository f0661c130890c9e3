/** The files of a group: those of every group, and those of its controllers. Linux: css_populate_dir. */

import type { Cgroup } from './cgroup.ts';
import { type CgroupFile, isOn } from './cgroup_file.ts';
import { controllers, controlOf } from './controllers.ts';
import { coreFiles } from './core_files.ts';

/** Every file that a group may have, by name; numbered for the sake of their inodes. */
const byName: ReadonlyMap<string, { readonly file: CgroupFile; readonly bit: number; readonly index: number }> = new Map(
  [{ files: coreFiles, bit: 0 }, ...controllers]
    .flatMap(({ files, bit }) => files.map((file) => ({ file, bit })))
    .map((row, index) => [row.file.name, { ...row, index }]),
);

/** The file called `name` of a group, and its number among all files; null when the group has none. */
export function findFile(cgroup: Cgroup, name: string): { readonly file: CgroupFile; readonly index: number } | null {
  const row = byName.get(name);
  if (row === undefined || !isOn(row.file, cgroup)) return null;
  return row.bit === 0 || (controlOf(cgroup) & row.bit) !== 0 ? row : null;
}

/** The names of the files of a group, in order. */
export const fileNames = (cgroup: Cgroup): readonly string[] => [...byName.keys()].filter((name) => findFile(cgroup, name) !== null);

/** More than there are files. */
export const FILES_PER_CGROUP = 128;
