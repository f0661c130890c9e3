/** A descriptor of a program. Linux: bpf_prog_fops in kernel/bpf/syscall.c. */

import { O_RDWR } from '../../abi/fcntl.ts';
import type { Kernel } from '../kernel.ts';
import { File } from '../vfs/file.ts';
import type { Inode } from '../vfs/inode.ts';
import type { BpfProgram } from './bpf_program.ts';

export class BpfProgramFile extends File {
  readonly program: BpfProgram;

  constructor(kernel: Kernel, program: BpfProgram) {
    super(kernel, O_RDWR);
    this.program = program.get();
  }

  override get inode(): Inode {
    return this.kernel.anonymous.eventInode('bpf-prog', 'bpf-prog');
  }

  override release(): void {
    this.program.put();
  }

  /** Linux: bpf_prog_show_fdinfo. */
  override fdinfo(): string {
    const { fields, length } = this.program;
    const tag = Array.from(fields.tag, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return `prog_type:\t${fields.type}\nprog_jited:\t0\nprog_tag:\t${tag}\nmemlock:\t${Math.ceil((256 + 8 * length) / 4096) * 4096}\nprog_id:\t${fields.id}\nrun_time_ns:\t0\nrun_cnt:\t0\nrecursion_misses:\t0\nverified_insns:\t${fields.verified}\n`;
  }
}
