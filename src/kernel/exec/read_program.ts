/** Recognising what a file is and reading its headers, through interpreters of scripts. Linux: exec_binprm, search_binary_handler. */

import { EACCES, EIO, ELIBBAD, ELOOP, ENOENT, ENOEXEC, isErrno } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import { BINPRM_BUF_SIZE, type Binprm, type ElfFile } from './binprm.ts';
import { EHDR_SIZE, elfArchitecture, PF_X, PHDR_SIZE, PT_GNU_STACK, PT_INTERP, parseHeader, parseProgramHeaders } from './elf.ts';
import { openExec } from './open_exec.ts';
import { parseScript } from './script.ts';

const MAX_SCRIPTS = 5;
const PATH_MAX = 4096;

/**
 * Follow scripts to the program that will run and read all headers: 0, a negative errno or NOT_RESIDENT. What has been read
 * stays in `bprm`, so that the next call goes on from there.
 */
export function readProgram(task: Task, bprm: Binprm): number {
  for (;;) {
    const buffer = readAt(task, bprm.file, 0, BINPRM_BUF_SIZE);
    if (isErrno(buffer)) return buffer;
    const script = parseScript(padded(buffer));
    if (isErrno(script)) return readElf(task, bprm, buffer);
    if (bprm.pathInaccessible && bprm.scripts === 0) return -ENOENT;
    // The empty name is the working directory.
    const file = script.interpreter === '' ? -EACCES : openExec(task, script.interpreter);
    if (isErrno(file)) return file;
    if (bprm.scripts++ === MAX_SCRIPTS) {
      file.put();
      return -ELOOP;
    }
    bprm.args.splice(0, 1, script.interpreter, ...(script.argument === null ? [] : [script.argument]), bprm.interp);
    bprm.interp = script.interpreter;
    bprm.replaceFile(file);
  }
}

/** The platform for which the program called `name` was built, if it is an ELF file: for messages about -ENOEXEC. */
export function architectureOf(task: Task, name: string): string | null {
  const file = openExec(task, name);
  if (isErrno(file)) return null;
  const buffer = readAt(task, file, 0, EHDR_SIZE);
  file.put();
  return isErrno(buffer) ? null : elfArchitecture(buffer);
}

function readElf(task: Task, bprm: Binprm, buffer: Uint8Array): number {
  const header = parseHeader(buffer);
  if (isErrno(header) || bprm.file.inode.mapping === null) return -ENOEXEC;
  const table = readAt(task, bprm.file, header.phoff, header.phnum * PHDR_SIZE);
  if (table === NOT_RESIDENT) return NOT_RESIDENT;
  const programHeaders = isErrno(table) ? table : parseProgramHeaders(table, header.phnum);
  if (isErrno(programHeaders)) return -ENOEXEC;
  bprm.program = { file: bprm.file, header, programHeaders };
  for (const { type, offset, filesz } of programHeaders) {
    if (type !== PT_INTERP) continue;
    if (filesz > PATH_MAX || filesz < 2) return -ENOEXEC;
    const name = readAt(task, bprm.file, offset, filesz);
    if (isErrno(name)) return name;
    if (name.length < filesz) return -EIO;
    if (name[filesz - 1] !== 0) return -ENOEXEC;
    const failed = readInterpreter(task, bprm, String.fromCharCode(...name.subarray(0, name.indexOf(0))));
    if (failed < 0) return failed;
    break;
  }
  for (const { type, flags } of programHeaders) if (type === PT_GNU_STACK) bprm.executableStack = (flags & PF_X) !== 0;
  return 0;
}

function readInterpreter(task: Task, bprm: Binprm, name: string): number {
  const file = openExec(task, name);
  if (isErrno(file)) return file;
  const elf = readInterpreterHeaders(task, file);
  if (isErrno(elf)) {
    file.put();
    return elf;
  }
  bprm.interpreter?.file.put();
  bprm.interpreter = elf;
  return 0;
}

function readInterpreterHeaders(task: Task, file: File): ElfFile | number {
  const buffer = readAt(task, file, 0, BINPRM_BUF_SIZE);
  if (isErrno(buffer)) return buffer;
  if (buffer.length < 64) return -EIO;
  const header = parseHeader(buffer);
  if (isErrno(header) || file.inode.mapping === null) return -ELIBBAD;
  const table = readAt(task, file, header.phoff, header.phnum * PHDR_SIZE);
  if (table === NOT_RESIDENT) return NOT_RESIDENT;
  const programHeaders = isErrno(table) ? table : parseProgramHeaders(table, header.phnum);
  return isErrno(programHeaders) ? -ELIBBAD : { file, header, programHeaders };
}

/** Up to `length` bytes from `offset`: fewer at the end of the file; or a negative errno or NOT_RESIDENT. */
function readAt(task: Task, file: File, offset: number, length: number): Uint8Array | number {
  const bytes = new Uint8Array(length);
  const count = file.read(task, IovIter.kernel(bytes), offset);
  return count < 0 ? count : bytes.subarray(0, count);
}

function padded(buffer: Uint8Array): Uint8Array {
  if (buffer.length === BINPRM_BUF_SIZE) return buffer;
  const bytes = new Uint8Array(BINPRM_BUF_SIZE);
  bytes.set(buffer);
  return bytes;
}
