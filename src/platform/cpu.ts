/** The processor that the kernel drives: runs guest instructions until something needs the kernel. */

import type { Ram } from './ram.ts';

export const ACCESS_READ = 1;
export const ACCESS_WRITE = 2;
export const ACCESS_EXEC = 4;

/** Why `run` returned. */
export const TRAP_SYSCALL = 1; // svc; the pc stays on the instruction
export const TRAP_FUEL = 2; // the quantum is used up, or the guest executed YIELD, WFE or WFI
export const TRAP_FAULT = 3; // translation or permission; see `address` and `access`; the pc stays on the instruction
export const TRAP_ALIGNMENT = 4; // data or sp alignment; `address` is the data address
export const TRAP_PC_ALIGNMENT = 5;
export const TRAP_UNDEFINED = 6; // the pc stays on the instruction; `syndrome` is the instruction word
export const TRAP_BREAKPOINT = 7; // brk; `syndrome` is its immediate; the pc stays on the instruction
export const TRAP_STEP = 8; // one instruction was executed while `singleStep` was set

export interface Trap {
  kind: number;
  /** Faulting virtual address, exact up to 2^53; larger ones are reported with the top bits as the instruction had them, rounded. */
  address: number;
  /** One of the ACCESS_ bits. */
  access: number;
  syndrome: number;
}

/**
 * One address space as the processor sees it: a cache of the kernel's page tables. The kernel adds translations when a
 * fault asks for them and removes them before it changes what they stood for. Pages are numbered by address / 4096.
 */
export interface Space {
  /** Install or replace the translation of one page. `access` is a union of ACCESS_ bits. */
  map(page: number, frame: number, access: number): void;
  /** Remove the translations of `count` pages. */
  unmap(page: number, count: number): void;
  /** Take the ACCESS_WRITE bit from `count` pages (fork's copy-on-write, clean page tracking). */
  writeProtect(page: number, count: number): void;
  /** Remove everything; the space may be used again. */
  clear(): void;
  /** The space will not be used again. */
  release(): void;
}

export interface Cpu {
  /** The register block in use by `run` (REG_WORDS words, layout in registers.ts). Replaced when RAM grows. */
  readonly registers: Int32Array;
  /** Stop after each instruction with TRAP_STEP. */
  singleStep: boolean;
  /** Transfers that may still be executed in the present quantum; may be set lower to force a reschedule. */
  fuel: number;
  /** Run the guest in `space` from the register block until a trap. The returned object is reused. */
  run(space: Space): Trap;
}

/** AT_HWCAP, AT_HWCAP2 and the ID registers that the processor really implements. */
export interface CpuFeatures {
  readonly hwcap: number;
  readonly hwcap2: number;
  /** Lines of the Features field of /proc/cpuinfo. */
  readonly names: readonly string[];
}

export interface Machine {
  readonly ram: Ram;
  readonly cpu: Cpu;
  readonly features: CpuFeatures;
  /** The vDSO image: an ELF file, whole pages. The vvar page is expected right before it. */
  readonly vdso: Uint8Array;
  createSpace(): Space;
  /** Frames' contents changed behind the processor's back (or the frame is freed): forget any code decoded from it. */
  invalidateCode(frame: number): void;
}
