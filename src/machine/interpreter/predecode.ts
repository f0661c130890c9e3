/** From instruction words to the interpreter's 16-byte records. */

import type { Decoder } from '../../isa/decoder.ts';
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
const RUN = 32;

export class Predecoder {
  private readonly ram: Ram;
  private readonly decoder: Decoder;
  private readonly numbers: FormNumbers;
  private readonly cache: CodeCache;

  constructor(ram: Ram, decoder: Decoder, numbers: FormNumbers, cache: CodeCache) {
    this.ram = ram;
    this.decoder = decoder;
    this.numbers = numbers;
    this.cache = cache;
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
    const { u16, i32 } = this.ram.views;
    const decoded = this.decoder.decode(word);
    if (!decoded) {
      i32[(at >> 2) + 2] = word;
      u16[at >> 1] = UNDEFINED;
      return;
    }
    const { operation, operands } = decoded;
    let branch = BRANCH_FAR;
    let spBase = false;
    const slots = operation.template.operands;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const value = operands[i]!;
      const place = at + slot.offset;
      if (slot.kind === 'reg') {
        const register = value as number;
        if (register !== 31) u16[place >> 1] = AT_X + 8 * register;
        else if (slot.sp) u16[place >> 1] = AT_SP;
        else u16[place >> 1] = rolesOf(operation).written.has(slot.name) ? AT_SINK : AT_ZERO;
        if (slot.base && register === 31) spBase = true;
      } else if (slot.kind === 'vreg') u16[place >> 1] = AT_V + 16 * (value as number);
      else if (slot.bytes === 2) u16[place >> 1] = Number(value);
      else if (slot.bytes === 4) i32[place >> 2] = Number(value);
      else {
        const bits = BigInt(value);
        i32[place >> 2] = Number(BigInt.asIntN(32, bits));
        i32[(place >> 2) + 1] = Number(BigInt.asIntN(32, bits >> 32n));
      }
      if (isBranchOffset(slot)) {
        const target = index + Number(value) / 4;
        if (target >= 0 && target < PAGE_RECORDS) branch = target > index ? BRANCH_FORWARD : BRANCH_BACKWARD;
      }
    }
    u16[at >> 1] = formNumber(this.numbers, operation, spBase, branch);
  }
}
