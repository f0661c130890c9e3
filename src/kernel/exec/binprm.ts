/** A program on its way into a task. Linux: struct linux_binprm. */

import type { File } from '../vfs/file.ts';
import type { ElfHeader, ProgramHeader } from './elf.ts';

/** Bytes of the file by which its format is recognised. */
export const BINPRM_BUF_SIZE = 256;

/** An ELF file whose headers have been read. */
export interface ElfFile {
  readonly file: File;
  readonly header: ElfHeader;
  readonly programHeaders: readonly ProgramHeader[];
}

/** Kept in task.progress while execve(2) sleeps. */
export class Binprm {
  /** The name given to execve(2), AT_EXECFN; /dev/fd/N for descriptors. */
  readonly filename: string;
  /** The name of `file`: the script's interpreter once it is known. */
  interp: string;
  /** The file to be run. */
  file: File;
  readonly args: string[];
  readonly env: string[];
  /** A script's interpreter could not open the name, because the descriptor in it will be closed. */
  readonly pathInaccessible: boolean;
  /** The name is a descriptor's: the task is called as the file is. Linux: comm_from_dentry. */
  nameless = false;
  /** Interpreters of scripts passed through. */
  scripts = 0;
  program: ElfFile | null = null;
  interpreter: ElfFile | null = null;
  /** PT_GNU_STACK asks for an executable stack. */
  executableStack = false;
  /** AT_SECURE. */
  secure = false;
  /** The caller may read the file; core dumps and ptrace(2) are for readable programs only. */
  readable = true;
  /** Where the new program begins. */
  start = 0;
  stackPointer = 0;

  constructor(filename: string, file: File, args: string[], env: string[], pathInaccessible: boolean) {
    this.filename = filename;
    this.interp = filename;
    this.file = file;
    this.args = args;
    this.env = env;
    this.pathInaccessible = pathInaccessible;
  }

  replaceFile(file: File): void {
    this.file.put();
    this.file = file;
  }

  /** Every file held. */
  files(): File[] {
    return this.interpreter === null ? [this.file] : [this.file, this.interpreter.file];
  }

  /** Drop the files. */
  release(): void {
    this.file.put();
    this.interpreter?.file.put();
    this.interpreter = null;
  }
}
