/** A loaded program: verified instructions as data. Linux: struct bpf_prog. See bpf(2). */

import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { uncharge } from '../mm/price.ts';

const PRICE_PROGRAM = 1024;
const INSN_SIZE = 8;

export const priceOfProgram = (insns: number): number => PRICE_PROGRAM + INSN_SIZE * insns;

/** struct bpf_insn, taken apart. */
export interface Insn {
  readonly code: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
}

/** Instruction `index` of a program's bytes. */
export function insnAt(words: Int32Array, index: number): Insn {
  const word = words[2 * index]!;
  return { code: word & 0xff, dst: (word >> 8) & 15, src: (word >> 12) & 15, off: word >> 16, imm: words[2 * index + 1]! };
}

/** What is known of a program besides its instructions. */
export interface ProgramFields {
  readonly id: number;
  readonly type: number;
  readonly name: string;
  readonly gpl: boolean;
  readonly uid: number;
  /** Nanoseconds since boot. */
  readonly loadTime: number;
  /** What the verifier looked at. */
  readonly verified: number;
  readonly tag: Uint8Array;
}

export class BpfProgram {
  readonly fields: ProgramFields;
  /** Two words an instruction, as they were loaded. */
  readonly words: Int32Array;
  private readonly kernel: Kernel;
  /** Who pays. */
  private readonly payer: MemoryGroup;
  /** Descriptors and attachments. */
  private users = 0;

  /** `payer` has been charged. */
  constructor(kernel: Kernel, payer: MemoryGroup, words: Int32Array, fields: ProgramFields) {
    this.kernel = kernel;
    this.payer = payer;
    this.words = words;
    this.fields = fields;
    kernel.bpf.programs.set(fields.id, this);
  }

  get length(): number {
    return this.words.length / 2;
  }

  get(): this {
    this.users++;
    return this;
  }

  put(): void {
    if (--this.users > 0) return;
    this.kernel.bpf.programs.delete(this.fields.id);
    uncharge(this.payer, priceOfProgram(this.length));
  }
}

/** All programs by their id, and whether any decides about devices. */
export class BpfState {
  readonly programs: Map<number, BpfProgram> = new Map();
  /** Programs that are attached to groups. */
  attached = 0;
  private lastId = 0;

  /** Linux: idr_alloc_cyclic. */
  nextId(): number {
    return ++this.lastId;
  }
}
