/** Drivers behind character device nodes, found by their number. Linux: fs/char_dev.c. */

import { ENXIO } from '../../abi/errno.ts';
import { majorOf, minorOf } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import type { File } from './file.ts';
import type { Inode } from './inode.ts';
import type { Path } from './path.ts';

/** What opens the nodes of one major number (and a range of minors). An instance of a registered class, without state of its own. */
export abstract class CharDriver {
  abstract readonly name: string;
  /** A new open file for node `inode`. `path` is where it was opened. */
  abstract open(task: Task, inode: Inode, path: Path, flags: number, minor: number): File | number;
}

interface Region {
  readonly major: number;
  readonly firstMinor: number;
  readonly count: number;
  readonly driver: CharDriver;
}

export class CharDevices {
  private readonly regions: Region[] = [];

  register(major: number, firstMinor: number, count: number, driver: CharDriver): void {
    this.regions.push({ major, firstMinor, count, driver });
  }

  /** Major numbers and their drivers' names, for /proc/devices. */
  list(): { readonly major: number; readonly name: string }[] {
    return this.regions.map(({ major, driver }) => ({ major, name: driver.name })).sort((a, b) => a.major - b.major);
  }

  /** open(2) of a character device node: -ENXIO without a driver. */
  open(task: Task, inode: Inode, path: Path, flags: number): File | number {
    const major = majorOf(inode.rdev);
    const minor = minorOf(inode.rdev);
    for (const r of this.regions) {
      if (r.major === major && minor >= r.firstMinor && minor < r.firstMinor + r.count)
        return r.driver.open(task, inode, path, flags, minor);
    }
    return -ENXIO;
  }
}
