/** What the verifier knows before an instruction: of registers and of the stack. Linux: struct bpf_verifier_state. */

import { STACK_SIZE } from './interpreter.ts';
import type { Tnum } from './tnum.ts';

/** A register: a number, or a pointer to the context or to the end of the stack and an offset; null before it is written. */
export type Reg = { readonly kind: 'number'; readonly bits: Tnum } | { readonly kind: 'context' | 'stack'; readonly offset: number } | null;

const SLOTS = STACK_SIZE / 8;
export const REGISTERS = 11;

const text = (reg: Reg): string => {
  if (reg === null) return '-';
  return reg.kind === 'number' ? `${reg.bits.value.toString(36)}/${reg.bits.mask.toString(36)}` : `${reg.kind}${reg.offset}`;
};

export class VerifierState {
  readonly registers: Reg[];
  /** For each eight bytes of the stack: the bytes that were written, and what was spilled there whole. */
  private readonly written: Uint8Array;
  private readonly spilled: Reg[];

  constructor(
    registers: readonly Reg[],
    written: Uint8Array = new Uint8Array(SLOTS),
    spilled: readonly Reg[] = new Array<Reg>(SLOTS).fill(null),
  ) {
    this.registers = [...registers];
    this.written = written.slice();
    this.spilled = [...spilled];
  }

  clone(): VerifierState {
    return new VerifierState(this.registers, this.written, this.spilled);
  }

  /** States with the same key need not be looked at twice. */
  get key(): string {
    let key = this.registers.map(text).join();
    for (let i = 0; i < SLOTS; i++) if (this.written[i] !== 0) key += `;${i}:${this.written[i]}${text(this.spilled[i]!)}`;
    return key;
  }

  /** Bytes [offset, offset + size) of the stack are written, with `reg` if that is the whole of eight aligned bytes. */
  write(offset: number, size: number, reg: Reg): void {
    for (let at = offset; at < offset + size; at++) {
      const slot = at >> 3;
      this.written[slot]! |= 1 << (at & 7);
      this.spilled[slot] = null;
    }
    if (size === 8 && offset % 8 === 0) this.spilled[offset >> 3] = reg;
  }

  /** What is read there: what was spilled, undefined for plain bytes, null when some were never written. */
  read(offset: number, size: number): Reg | undefined {
    for (let at = offset; at < offset + size; at++) if ((this.written[at >> 3]! & (1 << (at & 7))) === 0) return null;
    return size === 8 && offset % 8 === 0 ? (this.spilled[offset >> 3] ?? undefined) : undefined;
  }

  /** Whether a pointer lies in any of the eight bytes around it. */
  holdsPointer(offset: number, size: number): boolean {
    for (let at = offset; at < offset + size; at++) {
      const reg = this.spilled[at >> 3]!;
      if (reg !== null && reg.kind !== 'number') return true;
    }
    return false;
  }
}
