/** The state that the reference back end works on: a register block and memory behind callbacks; and how it reports traps. */

import type { Values } from '../../isa/values.ts';

/** Every value is a non-negative bigint: a bit pattern of its type's width. */
export interface BigValues extends Values {
  i32: bigint;
  i64: bigint;
  f32: bigint;
  f64: bigint;
  v128: bigint;
  word: bigint;
  /** 0 to 31; 31 is the zero register, 32 is sp. */
  reg: number;
  vreg: number;
  window: bigint;
}

export interface ReferenceMemory {
  /** Throws a ReferenceTrap for the first byte that does not allow `access`. */
  check(address: bigint, bytes: number, access: number): void;
  read(address: bigint, bytes: number): bigint;
  write(address: bigint, bytes: number, value: bigint): void;
}

export interface ReferenceState {
  /** Laid out as platform/registers.ts says. */
  readonly registers: Int32Array;
  readonly memory: ReferenceMemory;
  /** The value of CNTVCT_EL0. */
  counter(): bigint;
  /** The instruction's successor unless a branch says otherwise. */
  nextPc: bigint;
}

/** Ends an instruction; registers are as before it. Thrown: this back end is for tests. */
export class ReferenceTrap extends Error {
  readonly kind: number;
  readonly address: bigint;
  readonly access: number;
  readonly syndrome: number;

  constructor(kind: number, address = 0n, access = 0, syndrome = 0) {
    super(`trap ${kind} at ${address.toString(16)}`);
    this.kind = kind;
    this.address = address;
    this.access = access;
    this.syndrome = syndrome;
  }
}

export const mask = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
const MASK32 = mask(32);

/** A number of `words` 32-bit words of the block, lowest first. */
export function readWords(registers: Int32Array, word: number, words: number): bigint {
  let value = 0n;
  for (let i = words - 1; i >= 0; i--) value = (value << 32n) | BigInt(registers[word + i]! >>> 0);
  return value;
}

export function writeWords(registers: Int32Array, word: number, words: number, value: bigint): void {
  for (let i = 0; i < words; i++) registers[word + i] = Number((value >> BigInt(32 * i)) & MASK32);
}
