/** Building the address space of an ELF program. Linux: load_elf_binary and load_elf_interp in fs/binfmt_elf.c. */

import { EFAULT, EINVAL, ENOEXEC, isErrno } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import { RLIMIT_STACK, softLimit } from '../mm/limits.ts';
import { type Mm, TASK_SIZE } from '../mm/mm.ts';
import { type MapRequest, mapRange } from '../mm/mmap.ts';
import { PIE_BASE_PAGE, place, STACK_TOP_PAGE } from '../mm/place.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../mm/vma.ts';
import type { Binprm, ElfFile } from './binprm.ts';
import { ET_EXEC, PF_R, PF_W, PF_X, type ProgramHeader, PT_LOAD } from './elf.ts';
import type { ExecRandom } from './exec_random.ts';
import { mapVdso } from './vdso.ts';

/** What the stack's auxiliary vector says of the loaded program. */
export interface LoadedProgram {
  /** Where execution begins: the interpreter's entry, if there is one. */
  readonly start: number;
  /** AT_ENTRY, AT_PHDR, AT_BASE. */
  readonly entry: number;
  readonly phdr: number;
  readonly base: number;
}

/** MIN_GAP of arch/arm64: mmap(2) leaves at least this below the stack. */
const MIN_GAP_PAGES = 0x8000;
const MAX_GAP_PAGES = 0x40000;

/** Map program, interpreter and vDSO into the new `mm`: a negative errno (the program dies of it) or NOT_RESIDENT (nothing is lost). */
export function loadProgram(mm: Mm, bprm: Binprm, random: ExecRandom): LoadedProgram | number {
  const program = bprm.program!;
  const gap = Math.min(MAX_GAP_PAGES, Math.max(MIN_GAP_PAGES, Math.ceil(softLimit(mm, RLIMIT_STACK) / FRAME_SIZE)));
  mm.mmapBase = STACK_TOP_PAGE - gap - random.mmapPages;
  const main = mapElf(mm, program, bprm.interpreter !== null ? PIE_BASE_PAGE : 0);
  if (isErrno(main)) return main;
  const entry = program.header.entry + main.bias;
  if (entry >= TASK_SIZE) return -EINVAL;
  let { end } = main;
  let start = entry;
  let base = 0;
  if (bprm.interpreter !== null) {
    const loaded = mapElf(mm, bprm.interpreter, 0);
    if (isErrno(loaded)) return loaded;
    base = loaded.bias;
    start = bprm.interpreter.header.entry + base;
    if (start >= TASK_SIZE) return -EINVAL;
  } else if (program.header.type !== ET_EXEC) {
    // The program lies among the libraries: its heap goes where programs usually are.
    end = PIE_BASE_PAGE * FRAME_SIZE;
  }
  const { layout } = mm;
  layout.startCode = main.startCode;
  layout.endCode = main.endCode;
  layout.startData = main.startData;
  layout.endData = main.endData;
  layout.startBrk = layout.brk = (Math.ceil(end / FRAME_SIZE) + random.brkPages) * FRAME_SIZE;
  const failed = mapVdso(mm);
  if (failed < 0) return failed;
  return { start, entry, phdr: findPhdrs(program) + main.bias, base };
}

interface MappedElf {
  /** What is added to the file's addresses. */
  readonly bias: number;
  /** End of the highest segment. */
  readonly end: number;
  readonly startCode: number;
  readonly endCode: number;
  readonly startData: number;
  readonly endData: number;
}

/** Map the segments of one file; position-independent ones at `base`, or where the file usually lies if it is 0. */
function mapElf(mm: Mm, elf: ElfFile, base: number): MappedElf | number {
  const loads = elf.programHeaders.filter((header) => header.type === PT_LOAD);
  const bias = elf.header.type === ET_EXEC ? 0 : chooseBias(mm, elf, loads, base);
  if (bias < 0) return bias;
  let end = 0;
  let startCode = Number.POSITIVE_INFINITY;
  let endCode = 0;
  let startData = 0;
  let endData = 0;
  for (const load of loads) {
    const at = load.vaddr + bias;
    if (at >= TASK_SIZE || load.filesz > load.memsz || load.memsz > TASK_SIZE || TASK_SIZE - load.memsz < at) return -EINVAL;
    const failed = mapSegment(mm, elf, load, at);
    if (failed < 0) return failed;
    if ((load.flags & PF_X) !== 0 && at < startCode) startCode = at;
    if (at > startData) startData = at;
    if ((load.flags & PF_X) !== 0) endCode = Math.max(endCode, at + load.filesz);
    endData = Math.max(endData, at + load.filesz);
    end = Math.max(end, at + load.memsz);
  }
  if (startCode === Number.POSITIVE_INFINITY) startCode = 0;
  return { bias, end, startCode, endCode, startData, endData };
}

function chooseBias(mm: Mm, elf: ElfFile, loads: readonly ProgramHeader[], base: number): number {
  const first = loads[0];
  const last = loads[loads.length - 1];
  if (first === undefined || last === undefined) return -EINVAL;
  const lowest = Math.floor(first.vaddr / FRAME_SIZE);
  const pages = Math.ceil((last.vaddr + last.memsz) / FRAME_SIZE) - lowest;
  if (pages <= 0 || pages > TASK_SIZE / FRAME_SIZE) return -EINVAL;
  let align = 1;
  for (const load of loads)
    if (load.align > FRAME_SIZE && load.align <= 2 ** 32 && Number.isInteger(Math.log2(load.align)))
      align = Math.max(align, load.align / FRAME_SIZE);
  const page = base !== 0 ? base : place(mm, 0, pages + align - 1, elf.file.inode.mapping, first.offset < FRAME_SIZE ? 0 : 1);
  if (page < 0) return -ENOEXEC;
  return (Math.ceil(page / align) * align - lowest) * FRAME_SIZE;
}

const segmentProt = (flags: number): number =>
  ((flags & PF_R) !== 0 ? PROT_READ : 0) | ((flags & PF_W) !== 0 ? PROT_WRITE : 0) | ((flags & PF_X) !== 0 ? PROT_EXEC : 0);

/** Linux: elf_load. */
function mapSegment(mm: Mm, elf: ElfFile, load: ProgramHeader, at: number): number {
  if (load.memsz === 0) return 0;
  const within = at % FRAME_SIZE;
  const page = (at - within) / FRAME_SIZE;
  const prot = segmentProt(load.flags);
  let anonymousFrom = page;
  if (load.filesz > 0) {
    if (load.offset < within || (load.offset - within) % FRAME_SIZE !== 0) return -EINVAL;
    const pages = Math.ceil((within + load.filesz) / FRAME_SIZE);
    const { file } = elf;
    const request: MapRequest = {
      page,
      pages,
      prot,
      flags: 0,
      fixed: 'fixed',
      mapping: file.inode.mapping,
      file,
      offset: (load.offset - within) / FRAME_SIZE,
    };
    const mapped = mapRange(mm, request);
    if (mapped < 0) return mapped;
    anonymousFrom = page + pages;
    const zeroFrom = at + load.filesz;
    if (load.memsz > load.filesz && (prot & PROT_WRITE) !== 0) {
      // To the end of the page, even past the segment: the dynamic linker's first allocations rely on it.
      const failed = mm.clear(zeroFrom, anonymousFrom * FRAME_SIZE - zeroFrom);
      if (failed < 0) return failed === NOT_RESIDENT ? failed : -EFAULT;
    }
  }
  const pages = Math.ceil((at + load.memsz) / FRAME_SIZE) - anonymousFrom;
  if (pages <= 0) return 0;
  const anonymous = PROT_READ | PROT_WRITE | (prot & PROT_EXEC);
  const mapped = mapRange(mm, { page: anonymousFrom, pages, prot: anonymous, flags: 0, fixed: 'fixed' });
  return Math.min(mapped, 0);
}

/** The address of the program headers in the segment that holds them. */
function findPhdrs(elf: ElfFile): number {
  const { phoff } = elf.header;
  for (const { type, offset, filesz, vaddr } of elf.programHeaders) {
    if (type === PT_LOAD && offset <= phoff && phoff < offset + filesz) return phoff - offset + vaddr;
  }
  return 0;
}
