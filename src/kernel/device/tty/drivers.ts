/** Opening the nodes of terminals: /dev/tty, /dev/console, /dev/ptmx, /dev/pts/N. Linux: tty_open, ptmx_open. */

import { EIO, ENODEV, ENXIO, isErrno } from '../../../abi/errno.ts';
import { O_ACCMODE, O_NOCTTY, O_WRONLY } from '../../../abi/fcntl.ts';
import { DevptsSuperBlock, PtsInode } from '../../fs/devpts/devpts.ts';
import { DevtmpfsSuperBlock } from '../../fs/devtmpfs/devtmpfs.ts';
import type { Task } from '../../task/task.ts';
import { CharDriver } from '../../vfs/char_device.ts';
import type { File } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { Mount } from '../../vfs/mount.ts';
import type { Path } from '../../vfs/path.ts';
import { controlOnOpen } from './job_control.ts';
import { attachFile, openTerminal, PtyMaster, PtyMasterFile } from './pty.ts';
import { Tty } from './tty.ts';

const mayRead = (flags: number): boolean => (flags & O_ACCMODE) !== O_WRONLY;

/** Major 5: minor 0 is the caller's own terminal, 1 the container's console, 2 makes a new pair. */
export class TtyAuxDriver extends CharDriver {
  readonly name = '/dev/tty';

  open(task: Task, inode: Inode, path: Path, flags: number, minor: number): File | number {
    switch (minor) {
      case 0: {
        const tty = task.group.terminal;
        return tty instanceof Tty ? attachFile(task, tty, inode, flags) : -ENXIO;
      }
      case 1: {
        const tty = inode.sb instanceof DevtmpfsSuperBlock ? inode.sb.console : null;
        if (tty === null) return -ENODEV;
        return tty.dead ? -EIO : attachFile(task, tty, inode, flags);
      }
      default:
        return openPtmx(task, inode, path, flags);
    }
  }
}

/** Major 136. */
export class PtsDriver extends CharDriver {
  readonly name = 'pts';

  open(task: Task, inode: Inode, _path: Path, flags: number): File | number {
    if (!(inode instanceof PtsInode)) return -ENXIO;
    const file = openTerminal(task, inode, flags);
    if (!isErrno(file) && (flags & O_NOCTTY) === 0) controlOnOpen(task, inode.tty, mayRead(flags));
    return file;
  }
}

/** The instance that a ptmx node belongs to: its own, or the one mounted beside it. Linux: devpts_mntget. */
function devptsOf(path: Path): Mount | null {
  if (path.mount.sb instanceof DevptsSuperBlock) return path.mount;
  const beside = path.dentry.parent.children?.get('pts')?.mounts ?? [];
  return [...beside].find((mount) => mount.parent === path.mount && mount.sb instanceof DevptsSuperBlock) ?? null;
}

function openPtmx(task: Task, inode: Inode, path: Path, flags: number): File | number {
  const mount = devptsOf(path);
  if (mount === null) return -ENODEV;
  const devpts = mount.sb as DevptsSuperBlock;
  const master = new PtyMaster();
  const tty = devpts.create(task, master);
  if (isErrno(tty)) return tty;
  tty.locked = true;
  return new PtyMasterFile(task.kernel, tty, master, devpts, mount, inode, flags);
}
