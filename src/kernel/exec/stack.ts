/** The stack that a program starts with: strings, auxiliary vector, pointers. Linux: setup_arg_pages, create_elf_tables. See getauxval(3). */

import { E2BIG, EFAULT, ENOMEM } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import { RLIMIT_STACK, softLimit } from '../mm/limits.ts';
import type { Mm } from '../mm/mm.ts';
import { mapRange } from '../mm/mmap.ts';
import { STACK_TOP_PAGE } from '../mm/place.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE, VM_GROWSDOWN } from '../mm/vma.ts';
import type { Binprm } from './binprm.ts';
import { PHDR_SIZE } from './elf.ts';
import type { ExecRandom } from './exec_random.ts';
import type { LoadedProgram } from './load_elf.ts';

const AT_NULL = 0;
const AT_PHDR = 3;
const AT_PHENT = 4;
const AT_PHNUM = 5;
const AT_PAGESZ = 6;
const AT_BASE = 7;
const AT_FLAGS = 8;
const AT_ENTRY = 9;
const AT_UID = 11;
const AT_EUID = 12;
const AT_GID = 13;
const AT_EGID = 14;
const AT_PLATFORM = 15;
const AT_HWCAP = 16;
const AT_CLKTCK = 17;
const AT_SECURE = 23;
const AT_RANDOM = 25;
const AT_HWCAP2 = 26;
const AT_RSEQ_FEATURE_SIZE = 27;
const AT_RSEQ_ALIGN = 28;
const AT_EXECFN = 31;
const AT_SYSINFO_EHDR = 33;
const AT_MINSIGSTKSZ = 51;

/** Pages that the stack has below its pointer from the start. Linux: stack_expand in setup_arg_pages. */
const STACK_EXPAND = 32;
/** The signal frame of an arm64 without SVE. Linux: minsigstksz_setup. */
const MINIMAL_SIGNAL_STACK = 4720;

/** The ids that AT_UID … AT_EGID show, as the program's user namespace numbers them. */
export interface AuxiliaryIds {
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
}

/** Map and fill the stack: the stack pointer or a negative errno. */
export function buildStack(mm: Mm, bprm: Binprm, loaded: LoadedProgram, ids: AuxiliaryIds, random: ExecRandom): number {
  const topPage = STACK_TOP_PAGE - random.stackPages;
  const top = topPage * FRAME_SIZE;
  const { args, env, filename } = bprm;
  let stringBytes = filename.length + 1;
  for (const s of args) stringBytes += s.length + 1;
  for (const s of env) stringBytes += s.length + 1;
  // A null pointer ends the stack; below it the file's name, the environment and the arguments.
  const strings = top - 8 - stringBytes;
  const platform = 'aarch64\0';
  let at = Math.floor((strings - random.stackOffset) / 16) * 16;
  at -= platform.length;
  const platformAt = at;
  at -= 16;
  const randomAt = at;
  const { features } = mm.kernel.platform.machine;
  const execfnAt = top - 8 - filename.length - 1;
  const auxv: [number, number][] = [
    ...(mm.layout.vdso !== 0 ? [[AT_SYSINFO_EHDR, mm.layout.vdso] as [number, number]] : []),
    [AT_MINSIGSTKSZ, MINIMAL_SIGNAL_STACK],
    [AT_HWCAP, features.hwcap],
    [AT_PAGESZ, FRAME_SIZE],
    [AT_CLKTCK, 100],
    [AT_PHDR, loaded.phdr],
    [AT_PHENT, PHDR_SIZE],
    [AT_PHNUM, bprm.program!.header.phnum],
    [AT_BASE, loaded.base],
    [AT_FLAGS, 0],
    [AT_ENTRY, loaded.entry],
    [AT_UID, ids.uid],
    [AT_EUID, ids.euid],
    [AT_GID, ids.gid],
    [AT_EGID, ids.egid],
    [AT_SECURE, bprm.secure ? 1 : 0],
    [AT_RANDOM, randomAt],
    [AT_HWCAP2, features.hwcap2],
    [AT_EXECFN, execfnAt],
    [AT_PLATFORM, platformAt],
    [AT_RSEQ_FEATURE_SIZE, 28],
    [AT_RSEQ_ALIGN, 32],
    [AT_NULL, 0],
  ];
  const pointers = 1 + args.length + 1 + env.length + 1 + auxv.length * 2;
  const sp = Math.floor((at - pointers * 8) / 16) * 16;
  if (sp < top - softLimit(mm, RLIMIT_STACK) || sp <= 0) return -E2BIG;

  const bytes = new Uint8Array(top - sp);
  const data = new DataView(bytes.buffer);
  let word = 0;
  const push = (value: number): void => {
    data.setUint32(word, value, true);
    data.setUint32(word + 4, Math.floor(value / 4294967296), true);
    word += 8;
  };
  let string = strings;
  const put = (text: string): void => {
    for (let i = 0; i < text.length; i++) bytes[string - sp + i] = text.charCodeAt(i);
    string += text.length + 1;
  };
  const { layout } = mm;
  push(args.length);
  layout.argStart = string;
  for (const s of args) {
    push(string);
    put(s);
  }
  push(0);
  layout.argEnd = layout.envStart = string;
  for (const s of env) {
    push(string);
    put(s);
  }
  push(0);
  layout.envEnd = string;
  put(filename);
  const auxvAt = word;
  for (const [type, value] of auxv) {
    push(type);
    push(value);
  }
  layout.auxv = bytes.slice(auxvAt, word);
  layout.startStack = sp;
  for (let i = 0; i < platform.length; i++) bytes[platformAt - sp + i] = platform.charCodeAt(i);
  bytes.set(random.bytes, randomAt - sp);
  return mapStack(mm, topPage, sp, bytes, bprm.executableStack);
}

function mapStack(mm: Mm, topPage: number, sp: number, bytes: Uint8Array, executable: boolean): number {
  const used = Math.ceil((topPage * FRAME_SIZE - sp) / FRAME_SIZE);
  const limit = Math.floor(softLimit(mm, RLIMIT_STACK) / FRAME_SIZE);
  const pages = Math.max(used, Math.min(used + STACK_EXPAND, limit));
  const prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
  const mapped = mapRange(mm, { page: topPage - pages, pages, prot, flags: VM_GROWSDOWN, fixed: 'fixed' });
  if (mapped < 0) return -ENOMEM;
  // Fresh memory is absent only in the test mode, which says so once a page.
  let failed = mm.copyOut(sp, bytes);
  for (let tries = 0; failed === NOT_RESIDENT && tries < used; tries++) failed = mm.copyOut(sp, bytes);
  return failed < 0 ? -EFAULT : sp;
}
