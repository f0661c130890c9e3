/** From instruction words to the interpreter's 16-byte records. */

import type { Decoder } from '../../isa/decoder.ts';
import type { OperandSlot, Operation } from '../../isa/operation.ts';
import type { Ram } from '../../platform/ram.ts';
import { AT_SINK, AT_SP, AT_V, AT_X, AT_ZERO, PAGE_RECORDS, RECORD_BYTES } from '../layout.ts';
import type { CodeCache } from './code_cache.ts';
import {
  BRANCH_BACKWARD,
  BRANCH_FAR,
  BRANCH_FORWARD,
  type FormNumbers,
  formNumber,
  isBranchOffset,
  UNDECODED,
  UNDEFINED,
} from './forms.ts';
import { rolesOf } from './roles.ts';

/** How far to decode ahead of execution. */
const RUN = 16;
/** Places for instruction words that are remembered, each word in one of them. */
const KNOWN_WORDS = 0x2000;
const HASH_SHIFT: number = 32 - Math.log2(KNOWN_WORDS);

export class Predecoder {
  private readonly ram: Ram;
  private readonly decoder: Decoder;
  private readonly numbers: FormNumbers;
  private readonly cache: CodeCache;
  /** The record being made, as words and as half-words. */
  private readonly record = new Int32Array(RECORD_BYTES / 4);
  private readonly halves = new Uint16Array(this.record.buffer);
  /** Instruction words and their records: programs repeat themselves. */
  private readonly knownWords = new Int32Array(KNOWN_WORDS);
  private readonly knownRecords = new Int32Array(KNOWN_WORDS * (RECORD_BYTES / 4));

  constructor(ram: Ram, decoder: Decoder, numbers: FormNumbers, cache: CodeCache) {
    this.ram = ram;
    this.decoder = decoder;
    this.numbers = numbers;
    this.cache = cache;
    // An empty place holds a word that belongs elsewhere: 0 does, but for the first one.
    this.knownWords[0] = -1;
  }

  /** Decodes the instruction of a record and those that follow it. */
  decode(record: number): void {
    const { frame, index } = this.cache.locate(record);
    const { views } = this.ram;
    for (let i = 0; i < RUN && index + i < PAGE_RECORDS; i++) {
      const at = record + i * RECORD_BYTES;
      if (views.u16[at >> 1] !== UNDECODED) return;
      const word = views.u32[frame * PAGE_RECORDS + index + i]!;
      this.write(at, index + i, word);
      // What follows an unconditional branch need not be code: B, BR, BLR, RET.
      if (word >>> 26 === 0b000101 || (word & 0xfe000000) >>> 0 === 0xd6000000) return;
    }
  }

  private write(at: number, index: number, word: number): void {
    const { i32 } = this.ram.views;
    const { record, halves, knownWords, knownRecords } = this;
    const place = Math.imul(word, 0x9e3779b1) >>> HASH_SHIFT;
    if (knownWords[place] === (word | 0)) {
      copyRecord(i32, at >> 2, knownRecords, 4 * place);
      return;
    }
    record.fill(0);
    const decoded = this.decoder.decode(word);
    let branches = false;
    if (decoded) {
      const { operation, operands } = decoded;
      let branch = BRANCH_FAR;
      let spBase = false;
      const slots = operation.template.operands;
      for (let i = 0; i < slots.length; i++) {
        const slot = slots[i]!;
        const value = operands[i]!;
        if (slot.kind === 'reg') {
          halves[slot.offset >> 1] = addressOf(operation, slot, value as number);
          if (slot.base && value === 31) spBase = true;
        } else if (slot.kind === 'vreg') halves[slot.offset >> 1] = AT_V + 16 * (value as number);
        else this.writeImmediate(slot, value);
        if (isBranchOffset(slot)) {
          branches = true;
          const target = index + Number(value) / 4;
          if (target >= 0 && target < PAGE_RECORDS) branch = target > index ? BRANCH_FORWARD : BRANCH_BACKWARD;
        }
      }
      halves[0] = formNumber(this.numbers, operation, spBase, branch);
    } else {
      record[2] = word;
      halves[0] = UNDEFINED;
    }
    copyRecord(i32, at >> 2, record, 0);
    // The form of a branch depends on its place.
    if (branches) return;
    knownWords[place] = word;
    copyRecord(knownRecords, 4 * place, record, 0);
  }

  private writeImmediate({ offset, bytes }: OperandSlot, value: number | bigint): void {
    const { record, halves } = this;
    if (bytes === 2) halves[offset >> 1] = Number(value);
    else if (bytes === 4) record[offset >> 2] = Number(value);
    else {
      const bits = BigInt(value);
      record[offset >> 2] = Number(BigInt.asIntN(32, bits));
      record[(offset >> 2) + 1] = Number(BigInt.asIntN(32, bits >> 32n));
    }
  }
}

function copyRecord(to: Int32Array, at: number, from: Int32Array, start: number): void {
  for (let i = 0; i < RECORD_BYTES / 4; i++) to[at + i] = from[start + i]!;
}

/** Where a general register is; number 31 depends on how it is used. */
function addressOf(operation: Operation, slot: OperandSlot, register: number): number {
  if (register !== 31) return AT_X + 8 * register;
  if (slot.sp) return AT_SP;
  return rolesOf(operation).written.has(slot.name) ? AT_SINK : AT_ZERO;
}
