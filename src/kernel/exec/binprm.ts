/** A program on its way into a task. Linux: struct linux_binprm. */

import type { Cred } from '../task/cred.ts';
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

export class Binprm {
  /** The name given to execve(2), AT_EXECFN; /dev/fd/N for descriptors. */
  readonly filename: string;
  /** The file to be run: the script's interpreter once it is known. */
  file: File;
  args: string[];
  readonly env: string[];
  /** The name cannot be opened by a script's interpreter, because the descriptor in it will be closed. */
  readonly pathInaccessible: boolean;
  program: ElfFile | null = null;
  interpreter: ElfFile | null = null;
  /** PT_GNU_STACK asks for an executable stack. */
  executableStack = false;
  /** The credentials that the program will have, and whether they are more than the caller's (AT_SECURE). */
  cred: Cred | null = null;
  secure = false;

  constructor(filename: string, file: File, args: string[], env: string[], pathInaccessible: boolean) {
    this.filename = filename;
    this.file = file;
    this.args = args;
    this.env = env;
    this.pathInaccessible = pathInaccessible;
  }

  /** Drop the files. */
  release(): void {
    this.file.put();
    this.interpreter?.file.put();
    this.interpreter = null;
  }
}
