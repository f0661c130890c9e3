/** An open directory whose names are taken all at once when reading begins, so that offsets stay valid while names come and go. */

import { isErrno } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import { DirectoryFile } from './directory_file.ts';
import type { DirEmit } from './file.ts';

export interface ListedName {
  readonly name: string;
  readonly ino: number;
  /** A DT_ number. */
  readonly type: number;
}

export abstract class SnapshotDirectoryFile extends DirectoryFile {
  private snapshot: readonly ListedName[] | null = null;

  /** The names now, without the dots; or a negative errno. */
  protected abstract list(task: Task): readonly ListedName[] | number;

  override readdir(task: Task, emit: DirEmit): number {
    if (this.pos === 0) this.snapshot = null;
    return super.readdir(task, emit);
  }

  protected override iterate(task: Task, emit: DirEmit): number {
    if (this.snapshot === null) {
      const names = this.list(task);
      if (isErrno(names)) return names;
      this.snapshot = names;
    }
    for (let i = this.pos - 2; i < this.snapshot.length; i++) {
      const { name, ino, type } = this.snapshot[i]!;
      if (!emit(name, ino, type, i + 3)) break;
    }
    return 0;
  }
}
