/** ELF headers as execve(2) reads them. See elf(5); Linux: fs/binfmt_elf.c. */

import { EIO, ENOEXEC } from '../../abi/errno.ts';

export const ET_EXEC = 2;
export const ET_DYN = 3;
export const PT_LOAD = 1;
export const PT_INTERP = 3;
export const PT_GNU_STACK = 0x6474e551;
export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;
export const EHDR_SIZE = 64;
export const PHDR_SIZE = 56;

const EM_AARCH64 = 183;
/** Linux refuses larger program header tables. */
const MAX_PHDRS_SIZE = 65536;

/** e_machine values of architectures that users meet, as container platforms call them. */
const ARCHITECTURES: ReadonlyMap<number, string> = new Map([
  [2, 'sparc'],
  [3, '386'],
  [8, 'mips'],
  [20, 'ppc'],
  [21, 'ppc64'],
  [22, 's390x'],
  [40, 'arm'],
  [43, 'sparc64'],
  [62, 'amd64'],
  [183, 'arm64'],
  [243, 'riscv64'],
  [258, 'loong64'],
]);

export interface ElfHeader {
  readonly type: number;
  readonly entry: number;
  readonly phoff: number;
  readonly phnum: number;
}

export interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly vaddr: number;
  readonly filesz: number;
  readonly memsz: number;
  readonly align: number;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A 64-bit field as the nearest double: what is rounded fails every range check just as well. */
const u64 = (data: DataView, at: number): number => data.getUint32(at + 4, true) * 4294967296 + data.getUint32(at, true);

const isElf = (bytes: Uint8Array): boolean =>
  bytes.length >= 20 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;

/** The header of an arm64 program or library in the first bytes of a file; -ENOEXEC if it is anything else. */
export function parseHeader(bytes: Uint8Array): ElfHeader | number {
  if (bytes.length < EHDR_SIZE || !isElf(bytes)) return -ENOEXEC;
  const data = view(bytes);
  const type = data.getUint16(16, true);
  if ((type !== ET_EXEC && type !== ET_DYN) || data.getUint16(18, true) !== EM_AARCH64) return -ENOEXEC;
  const phnum = data.getUint16(56, true);
  if (data.getUint16(54, true) !== PHDR_SIZE || phnum === 0 || phnum * PHDR_SIZE > MAX_PHDRS_SIZE) return -ENOEXEC;
  return { type, entry: u64(data, 24), phoff: u64(data, 32), phnum };
}

/** The program headers in `bytes`, which were read from phoff; -EIO if the file ends before the last one. */
export function parseProgramHeaders(bytes: Uint8Array, phnum: number): ProgramHeader[] | number {
  if (bytes.length < phnum * PHDR_SIZE) return -EIO;
  const data = view(bytes);
  const headers: ProgramHeader[] = [];
  for (let at = 0; at < phnum * PHDR_SIZE; at += PHDR_SIZE) {
    headers.push({
      type: data.getUint32(at, true),
      flags: data.getUint32(at + 4, true),
      offset: u64(data, at + 8),
      vaddr: u64(data, at + 16),
      filesz: u64(data, at + 32),
      memsz: u64(data, at + 40),
      align: u64(data, at + 48),
    });
  }
  return headers;
}

/** The architecture for which an ELF file is meant, by its container platform's name; null if `bytes` do not begin an ELF file. */
export function elfArchitecture(bytes: Uint8Array): string | null {
  if (!isElf(bytes)) return null;
  const littleEndian = bytes[5] !== 2;
  const machine = view(bytes).getUint16(18, littleEndian);
  if (machine === 21 && littleEndian) return 'ppc64le';
  if (machine === 183 && bytes[4] === 1) return 'arm64_ilp32';
  return ARCHITECTURES.get(machine) ?? `machine ${machine}`;
}
