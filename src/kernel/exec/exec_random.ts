/** The randomness of one execve(2), drawn at once: where things lie, and AT_RANDOM. Linux: arch_mmap_rnd, arch_align_stack. */

import type { Random } from '../../platform/clock.ts';

/** Positions in the drawn words. */
const MMAP = 0;
const BRK = 1;
const STACK = 2;
const STACK_OFFSET = 3;
const AT_RANDOM_BYTES = 16;

export class ExecRandom {
  private readonly words: Uint32Array = new Uint32Array(4 + AT_RANDOM_BYTES / 4);

  /** `spread` is false where personality(2) forbids random addresses. */
  constructor(random: Random, spread: boolean) {
    random.fill(new Uint8Array(this.words.buffer));
    if (!spread) this.words.fill(0, 0, 4);
  }

  /** Pages between the usual place and mmap_base. */
  get mmapPages(): number {
    return this.words[MMAP]! % 0x800;
  }

  /** Pages between the program and its heap. */
  get brkPages(): number {
    return this.words[BRK]! % 0x800;
  }

  /** Pages above the stack. */
  get stackPages(): number {
    return this.words[STACK]! % 0x400;
  }

  /** Bytes, a multiple of 16, between the strings and what follows below. */
  get stackOffset(): number {
    return (this.words[STACK_OFFSET]! % 512) * 16;
  }

  /** The 16 bytes of AT_RANDOM. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.words.buffer, 16, AT_RANDOM_BYTES);
  }
}
