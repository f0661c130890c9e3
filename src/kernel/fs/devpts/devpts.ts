/** Pseudo-terminals by number: a file system of which every mount is an instance of its own. Linux: fs/devpts/inode.c. See pts(4). */

import { EINVAL, ENOENT, ENOMEM, ENOSPC } from '../../../abi/errno.ts';
import { makedev, S_IFCHR, S_IFDIR } from '../../../abi/stat.ts';
import { Tty, type TtyPeer } from '../../device/tty/tty.ts';
import type { Kernel } from '../../kernel.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import { charge, uncharge } from '../../mm/price.ts';
import type { Task } from '../../task/task.ts';
import { DirectoryFile } from '../../vfs/directory_file.ts';
import type { DirEmit } from '../../vfs/file.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import { type Attributes, Inode } from '../../vfs/inode.ts';
import { parseMountOptions } from '../../vfs/mount_options.ts';
import type { Path } from '../../vfs/path.ts';
import { copyAttributes } from '../../vfs/simple_attributes.ts';
import { SuperBlock } from '../../vfs/super_block.ts';

const DEVPTS_SUPER_MAGIC = 0x1cd1;
export const PTS_MAJOR = 136;
/** /proc/sys/kernel/pty/max. */
const PTY_MAX = 4096;
/** A terminal with its buffers. */
const PRICE_TTY = 32768;
const ROOT_INO = 1;
const PTMX_INO = 2;
const FIRST_INO = 3;
const DT_CHR = 2;

class NodeInode extends Inode {
  override setattr(_task: Task, changes: Attributes): number {
    if (changes.size === undefined) copyAttributes(this, changes);
    return 0;
  }
}

/** /dev/pts/N. */
export class PtsInode extends NodeInode {
  readonly tty: Tty;
  readonly payer: MemoryGroup;

  constructor(sb: DevptsSuperBlock, tty: Tty, payer: MemoryGroup) {
    super(sb, FIRST_INO + tty.index, S_IFCHR | sb.options.mode);
    this.tty = tty;
    this.payer = payer;
    this.rdev = makedev(PTS_MAJOR, tty.index);
  }
}

class DevptsRoot extends Inode {
  declare readonly sb: DevptsSuperBlock;

  override lookup(_task: Task, name: string): Inode | number {
    if (name === 'ptmx') return this.sb.ptmx;
    return (/^(0|[1-9]\d{0,6})$/.test(name) ? this.sb.terminals.get(Number(name)) : undefined) ?? -ENOENT;
  }

  override iterate(_task: Task, pos: number, emit: DirEmit): number {
    if (pos <= 2 && !emit('ptmx', PTMX_INO, DT_CHR, 3)) return 0;
    for (const index of [...this.sb.terminals.keys()].sort((a, b) => a - b)) {
      if (index + 3 >= pos && !emit(String(index), FIRST_INO + index, DT_CHR, index + 4)) return 0;
    }
    return 0;
  }

  override open(_task: Task, _path: Path, flags: number): DirectoryFile {
    return new DirectoryFile(this, flags);
  }

  override setattr(_task: Task, changes: Attributes): number {
    copyAttributes(this, changes);
    return 0;
  }
}

interface DevptsOptions {
  /** Owners of new terminals; null: their creator. */
  uid: number | null;
  gid: number | null;
  mode: number;
  ptmxmode: number;
  max: number;
}

const DEFAULT_OPTIONS: DevptsOptions = { uid: null, gid: null, mode: 0o600, ptmxmode: 0, max: PTY_MAX };

/** The options in `data` over `defaults`; null if one is unknown or wrong. */
function parseOptions(task: Task, defaults: DevptsOptions, data: string): DevptsOptions | null {
  const options = { ...defaults };
  for (const [name, value] of parseMountOptions(data)) {
    const octal = value !== null && /^[0-7]+$/.test(value) ? Number.parseInt(value, 8) & 0o777 : -1;
    const decimal = value !== null && /^\d+$/.test(value) ? Number(value) : -1;
    if (name === 'newinstance') continue;
    if (name === 'mode' && octal >= 0) options.mode = octal;
    else if (name === 'ptmxmode' && octal >= 0) options.ptmxmode = octal;
    else if (name === 'max' && decimal >= 0 && decimal <= PTY_MAX) options.max = decimal;
    else if (name === 'uid' && task.cred.userNs.kuid(decimal) >= 0) options.uid = task.cred.userNs.kuid(decimal);
    else if (name === 'gid' && task.cred.userNs.kgid(decimal) >= 0) options.gid = task.cred.userNs.kgid(decimal);
    else return null;
  }
  return options;
}

export class DevptsSuperBlock extends SuperBlock {
  options: DevptsOptions = DEFAULT_OPTIONS;
  readonly terminals: Map<number, PtsInode> = new Map();
  readonly ptmx: Inode = this.makePtmx();

  /** Terminals come and go without a system call on the directory. */
  override get volatileNames(): boolean {
    return true;
  }

  private makePtmx(): Inode {
    const inode = new NodeInode(this, PTMX_INO, S_IFCHR);
    inode.rdev = makedev(5, 2);
    return inode;
  }

  /** A new terminal whose other side is `peer`, with the lowest free number. */
  create(task: Task, peer: TtyPeer): Tty | number {
    if (this.terminals.size >= this.options.max) return -ENOSPC;
    const payer = task.group.cgroup.memory;
    if (!charge(this.kernel, payer, PRICE_TTY)) return -ENOMEM;
    let index = 0;
    while (this.terminals.has(index)) index++;
    const tty = new Tty(index, peer);
    const inode = new PtsInode(this, tty, payer);
    inode.uid = this.options.uid ?? task.cred.fsuid;
    inode.gid = this.options.gid ?? task.cred.fsgid;
    this.terminals.set(index, inode);
    return tty;
  }

  /** The terminal's other side is gone. */
  remove(tty: Tty): void {
    const inode = this.terminals.get(tty.index);
    if (inode?.tty !== tty) return;
    this.terminals.delete(tty.index);
    inode.nlink = 0;
    uncharge(inode.payer, PRICE_TTY);
  }

  /** Apply mount options: 0 or -EINVAL. */
  configure(task: Task, data: string): number {
    const options = parseOptions(task, this.options, data);
    if (options === null) return -EINVAL;
    this.options = options;
    this.ptmx.mode = S_IFCHR | options.ptmxmode;
    return 0;
  }

  override reconfigure(task: Task, _flags: number, data: string): number {
    return this.configure(task, data);
  }

  override showOptions(): string {
    const { uid, gid, mode, ptmxmode, max } = this.options;
    const owner = `${uid === null ? '' : `,uid=${uid}`}${gid === null ? '' : `,gid=${gid}`}`;
    const limit = max === PTY_MAX ? '' : `,max=${max}`;
    return `${owner},mode=${mode.toString(8).padStart(3, '0')},ptmxmode=${ptmxmode.toString(8).padStart(3, '0')}${limit}`;
  }
}

export class DevptsType extends FileSystemType {
  readonly name = 'devpts';
  override readonly userNsMount = true;
  override readonly options: readonly string[] = ['newinstance', 'mode', 'ptmxmode', 'max', 'uid', 'gid'];

  protected override accepts(task: Task, data: string): boolean {
    return parseOptions(task, DEFAULT_OPTIONS, data) !== null;
  }

  mount(kernel: Kernel, task: Task, _source: string, flags: number, data: string): SuperBlock | number {
    const sb = new DevptsSuperBlock(kernel, this, DEVPTS_SUPER_MAGIC, flags);
    const root = new DevptsRoot(sb, ROOT_INO, S_IFDIR | 0o755);
    root.nlink = 2;
    sb.setRoot(root);
    const failed = sb.configure(task, data);
    return failed < 0 ? failed : sb;
  }
}
