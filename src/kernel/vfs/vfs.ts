/** The state of the virtual file system as a whole: caches, registries, number spaces. */

import { makedev } from '../../abi/stat.ts';
import type { LayerSuperBlock } from '../fs/layerfs/layerfs.ts';
import type { Kernel } from '../kernel.ts';
import { Ida } from '../namespace/ida.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import { CharDevices } from './char_device.ts';
import { Dcache } from './dcache.ts';
import type { FileLock } from './file_locks.ts';
import type { FileSystemType } from './file_system_type.ts';
import { MountNamespace } from './mount_namespace.ts';

/** What /proc/sys/fs/nr_open may be. Linux: sysctl_nr_open_min, sysctl_nr_open_max. */
export const NR_OPEN_MIN = 64;
export const NR_OPEN_MAX = 0x7fffffc0;

/** Unique mount ids lie above all others. */
export const MNT_UNIQUE_ID_OFFSET: number = 2 ** 31;

export class Vfs {
  readonly dcache: Dcache;
  readonly charDevices: CharDevices = new CharDevices();
  /** File systems by the name that mount(2) uses. */
  readonly fileSystems: Map<string, FileSystemType> = new Map();
  /** /proc/sys/fs/protected_symlinks, protected_hardlinks, protected_fifos, protected_regular. See proc_sys_fs(5). */
  protectedSymlinks = 1;
  protectedHardlinks = 1;
  protectedFifos = 1;
  protectedRegular = 2;
  /** Every lock on a file that is held, the oldest first. Linux: file_lock_list. */
  readonly fileLocks: Set<FileLock> = new Set();
  /** Inodes that somebody hears of: while there are none, events cost nothing. */
  watchedInodes = 0;
  /** /proc/sys/fs/inotify/max_queued_events, for instances made from now on. */
  inotifyMaxQueuedEvents = 16384;
  /** Pairs the two events of a rename. */
  nextCookie = 1;
  /** Superblocks of image layers by their id. */
  readonly layers: Map<string, LayerSuperBlock> = new Map();
  /** Mount namespaces by their id, oldest first. */
  readonly mountNamespaces: Map<number, MountNamespace> = new Map();
  /** Linux: mnt_ns_seq; the first namespace gets 2. */
  private lastMountNamespace = 1;
  /** Mounts that a namespace may have: /proc/sys/fs/mount-max. */
  mountMax = 100000;
  /** No descriptor may be as large as this: /proc/sys/fs/nr_open. */
  nrOpen = 1048576;
  readonly mountIds: Ida = new Ida(0);
  readonly peerGroups: Ida = new Ida(1);
  private lastUniqueMountId: number = MNT_UNIQUE_ID_OFFSET;
  private nextDevMinor = 1;

  constructor(kernel: Kernel) {
    this.dcache = new Dcache(kernel);
  }

  createMountNamespace(inode: number, owner: UserNamespace): MountNamespace {
    const namespace = new MountNamespace(inode, owner, ++this.lastMountNamespace);
    this.mountNamespaces.set(namespace.id, namespace);
    return namespace;
  }

  registerFileSystem(type: FileSystemType): void {
    this.fileSystems.set(type.name, type);
  }

  /** A device number for a file system without a device. */
  allocateDev(): number {
    return makedev(0, this.nextDevMinor++);
  }

  nextUniqueMountId(): number {
    return ++this.lastUniqueMountId;
  }
}
