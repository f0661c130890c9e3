/** A mount in the making: fsopen(2), fspick(2), fsconfig(2). Linux: struct fs_context, fs/fsopen.c, fs/fs_context.c. */

import { EBUSY, EINVAL, EMSGSIZE, ENODATA, EPERM, isErrno } from '../../abi/errno.ts';
import { O_RDWR } from '../../abi/fcntl.ts';
import * as m from '../../abi/mount.ts';
import { AnonymousFile } from '../fs/anon_inodes/anonymous.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { mayMountType, reconfigureSuper } from './do_mount.ts';
import { ENOPARAM, type FileSystemType } from './file_system_type.ts';
import type { IovIter } from './iov_iter.ts';
import { escapeOption } from './mount_options.ts';
import type { SuperBlock } from './super_block.ts';
import { latin1Bytes } from './text.ts';

/** Messages that are kept. */
const LOG_SIZE = 8;

/** Parameters that every file system has: the flag, what sets and what clears it. Linux: common_set_sb_flag, common_clear_sb_flag. */
const COMMON: readonly (readonly [flag: number, set: string, clear: string | null])[] = [
  [m.MS_DIRSYNC, 'dirsync', null],
  [m.MS_LAZYTIME, 'lazytime', 'nolazytime'],
  [m.MS_MANDLOCK, 'mand', 'nomand'],
  [m.MS_RDONLY, 'ro', 'rw'],
  [m.MS_SYNCHRONOUS, 'sync', 'async'],
];

/** Linux: enum fs_context_phase. */
type Phase = 'create' | 'awaiting mount' | 'awaiting reconfiguration' | 'reconfigure' | 'failed';

/** A parameter: null stands for a flag, undefined for something that is neither flag nor string. */
export type Parameter = string | null | undefined;

/** The open context. */
export class FsContextFile extends AnonymousFile {
  readonly kind = 'fscontext';
  readonly type: FileSystemType;
  phase: Phase;
  /** What is to be mounted or reconfigured; this context is one of its holders. */
  sb: SuperBlock | null;
  source: string | null = null;
  private superFlags = 0;
  private flagMask = 0;
  private options: string[] = [];
  private readonly log: string[] = [];

  /** `sb` is what fspick(2) has found; null for fsopen(2). */
  constructor(kernel: Kernel, type: FileSystemType, sb: SuperBlock | null) {
    super(kernel, O_RDWR);
    this.type = type;
    this.sb = sb;
    this.phase = sb === null ? 'create' : 'reconfigure';
    sb?.get();
  }

  override release(): void {
    const { sb } = this;
    sb?.put();
  }

  /** One message; -ENODATA when there are no more. */
  override read(_task: Task, iter: IovIter): number {
    const message = this.log.shift();
    if (message === undefined) return -ENODATA;
    if (message.length > iter.remaining) return -EMSGSIZE;
    const ready = iter.prepare(message.length, true);
    if (ready < message.length) {
      this.log.unshift(message);
      return ready;
    }
    return iter.put(latin1Bytes(message)) || message.length;
  }

  /** Say what is wrong. Linux: invalf. */
  private invalid(message: string): number {
    if (this.log.push(`e ${message}\n`) > LOG_SIZE) this.log.shift();
    return -EINVAL;
  }

  /** FSCONFIG_SET_…: remember a parameter. Linux: vfs_parse_fs_param. */
  set(task: Task, name: string, value: Parameter): number {
    this.settle();
    if (this.phase !== 'create' && this.phase !== 'reconfigure') return -EBUSY;
    const common = COMMON.find(([, set, clear]) => name === set || name === clear);
    if (common !== undefined) {
      const [flag, set] = common;
      this.superFlags = name === set ? this.superFlags | flag : this.superFlags & ~flag;
      this.flagMask |= flag;
      return 0;
    }
    if (name === 'source') {
      if (typeof value !== 'string') return this.invalid('Non-string source');
      if (this.source !== null) return this.invalid('Multiple sources');
      this.source = value;
      return 0;
    }
    const option = value === undefined || value === null ? name : `${name}=${escapeOption(value)}`;
    const refused = this.type.checkOption(task, name, option);
    if (refused === -ENOPARAM) return this.invalid(`${this.type.name}: Unknown parameter '${name}'`);
    if (refused < 0 || value === undefined) return this.invalid(`${this.type.name}: ${this.type.complaint(name, value ?? '')}`);
    this.options.push(option);
    return 0;
  }

  /** FSCONFIG_CMD_CREATE. Linux: vfs_cmd_create. */
  create(task: Task, exclusive: boolean): number {
    this.settle();
    if (this.phase !== 'create') return -EBUSY;
    if (!mayMountType(task, this.type)) return -EPERM;
    const sb = this.type.mount(this.kernel, task, this.source ?? '', this.superFlags, this.options.join(','));
    if (isErrno(sb)) {
      this.phase = 'failed';
      return sb;
    }
    // One that exists already is not this context's to set up.
    if (exclusive && sb.mounts > 0) {
      this.phase = 'failed';
      return -EBUSY;
    }
    if (this.type.userNsMount && sb.mounts === 0) sb.own(this.type.ownerFor(task));
    sb.get();
    this.sb = sb;
    this.phase = 'awaiting mount';
    return 0;
  }

  /** FSCONFIG_CMD_RECONFIGURE. Linux: vfs_cmd_reconfigure. */
  reconfigure(task: Task): number {
    this.settle();
    if (this.phase !== 'reconfigure') return -EBUSY;
    const failed = reconfigureSuper(task, this.sb!, this.superFlags, this.flagMask, this.options.join(','));
    if (failed < 0) this.phase = 'failed';
    else this.clean();
    return failed;
  }

  /** It was mounted or reconfigured: from now on it reconfigures, as if fspick(2) had made it. Linux: vfs_clean_context. */
  clean(): void {
    this.source = null;
    this.options = [];
    this.superFlags = 0;
    this.flagMask = 0;
    this.phase = 'awaiting reconfiguration';
  }

  /** Linux: finish_clean_context. */
  private settle(): void {
    if (this.phase === 'awaiting reconfiguration') this.phase = 'reconfigure';
  }
}
