/** A process's root, working directory and file mode creation mask. Linux: struct fs_struct. */

import type { Path } from './path.ts';

export class FsContext {
  /** Tasks that share it (CLONE_FS). */
  users = 1;
  root: Path;
  cwd: Path;
  umask = 0o022;

  constructor(root: Path, cwd: Path) {
    this.root = root.get();
    this.cwd = cwd.get();
  }

  setRoot(path: Path): void {
    path.get();
    this.root.put();
    this.root = path;
  }

  setCwd(path: Path): void {
    path.get();
    this.cwd.put();
    this.cwd = path;
  }

  /** A copy for fork(2). */
  clone(): FsContext {
    const copy = new FsContext(this.root, this.cwd);
    copy.umask = this.umask;
    return copy;
  }

  share(): this {
    this.users++;
    return this;
  }

  /** A task leaves. */
  put(): void {
    if (--this.users > 0) return;
    this.root.put();
    this.cwd.put();
  }
}
