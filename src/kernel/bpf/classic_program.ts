/** A classic BPF program that has been checked, and its interpreter. Linux: net/core/filter.c. */

import * as b from '../../abi/bpf_classic.ts';

/** Instructions as they were given, by field. */
export class ClassicProgram {
  readonly code: Uint16Array;
  readonly jt: Uint8Array;
  readonly jf: Uint8Array;
  readonly k: Uint32Array;

  /** From an array of struct sock_filter. */
  constructor(bytes: Uint8Array) {
    const length = bytes.length / b.SOCK_FILTER_SIZE;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.code = new Uint16Array(length);
    this.jt = new Uint8Array(length);
    this.jf = new Uint8Array(length);
    this.k = new Uint32Array(length);
    for (let i = 0; i < length; i++) {
      const at = i * b.SOCK_FILTER_SIZE;
      this.code[i] = view.getUint16(at, true);
      this.jt[i] = bytes[at + 2]!;
      this.jf[i] = bytes[at + 3]!;
      this.k[i] = view.getUint32(at + 4, true);
    }
  }

  /** An array of struct sock_filter. */
  encode(): Uint8Array {
    const view = new DataView(new ArrayBuffer(this.length * b.SOCK_FILTER_SIZE));
    for (let i = 0; i < this.length; i++) {
      const at = i * b.SOCK_FILTER_SIZE;
      view.setUint16(at, this.code[i]!, true);
      view.setUint8(at + 2, this.jt[i]!);
      view.setUint8(at + 3, this.jf[i]!);
      view.setUint32(at + 4, this.k[i]!, true);
    }
    return new Uint8Array(view.buffer);
  }

  get length(): number {
    return this.code.length;
  }
}

/** The scratch memory of the program that runs. */
const memory = new Uint32Array(b.BPF_MEMWORDS);

/** What a load reads of a packet, in network order; -1 outside of it. Linux: bpf_skb_load_helper_32. */
function loadPacket(packet: Uint8Array, operation: number, constant: number, x: number): number {
  const mode = operation & 0xe0;
  const at = mode === b.BPF_IND ? constant + x : constant;
  const size = mode === b.BPF_MSH ? 1 : (operation & 0x18) === b.BPF_W ? 4 : (operation & 0x18) === b.BPF_H ? 2 : 1;
  if (at + size > packet.length) return -1;
  if (mode === b.BPF_MSH) return (packet[at]! & 15) << 2;
  let value = 0;
  for (let i = 0; i < size; i++) value = (value << 8) | packet[at + i]!;
  return value >>> 0;
}

/** Run a checked program over 32-bit words of data, or over a packet: what it returns, unsigned. */
export function runClassic({ code, jt, jf, k }: ClassicProgram, data: Uint32Array, packet: Uint8Array | null = null): number {
  const length = packet?.length ?? data.byteLength;
  let a = 0;
  let x = 0;
  for (let pc = 0; ; pc++) {
    const constant = k[pc]!;
    const operation = code[pc]!;
    switch (operation) {
      case b.BPF_LD | b.BPF_W | b.BPF_ABS:
        if (packet !== null) break;
        a = data[constant >>> 2]!;
        continue;
      case b.BPF_LD | b.BPF_IMM:
        a = constant;
        continue;
      case b.BPF_LD | b.BPF_LEN:
        a = length;
        continue;
      case b.BPF_LD | b.BPF_MEM:
        a = memory[constant]!;
        continue;
      case b.BPF_LDX | b.BPF_IMM:
        x = constant;
        continue;
      case b.BPF_LDX | b.BPF_LEN:
        x = length;
        continue;
      case b.BPF_LDX | b.BPF_MEM:
        x = memory[constant]!;
        continue;
      case b.BPF_ST:
        memory[constant] = a;
        continue;
      case b.BPF_STX:
        memory[constant] = x;
        continue;
      case b.BPF_MISC | b.BPF_TAX:
        x = a;
        continue;
      case b.BPF_MISC | b.BPF_TXA:
        a = x;
        continue;
      case b.BPF_RET | b.BPF_K:
        return constant;
      case b.BPF_RET | b.BPF_A:
        return a;
      case b.BPF_JMP | b.BPF_JA:
        pc += constant;
        continue;
    }
    if ((operation & 7) <= b.BPF_LDX) {
      const value = loadPacket(packet!, operation, constant, x);
      if (value < 0) return 0;
      if ((operation & 7) === b.BPF_LD) a = value;
      else x = value;
      continue;
    }
    const operand = (operation & b.BPF_X) !== 0 ? x : constant;
    if ((operation & 7) === b.BPF_JMP) {
      pc += holds(operation & 0xf0, a, operand) ? jt[pc]! : jf[pc]!;
      continue;
    }
    // A division by zero ends the program. Linux: bpf_convert_filter.
    if (((operation & 0xf0) === b.BPF_DIV || (operation & 0xf0) === b.BPF_MOD) && operand === 0) return 0;
    a = compute(operation & 0xf0, a, operand);
  }
}

function holds(operation: number, a: number, operand: number): boolean {
  switch (operation) {
    case b.BPF_JEQ:
      return a === operand;
    case b.BPF_JGT:
      return a > operand;
    case b.BPF_JGE:
      return a >= operand;
    default:
      return (a & operand) !== 0;
  }
}

function compute(operation: number, a: number, operand: number): number {
  switch (operation) {
    case b.BPF_ADD:
      return (a + operand) >>> 0;
    case b.BPF_SUB:
      return (a - operand) >>> 0;
    case b.BPF_MUL:
      return Math.imul(a, operand) >>> 0;
    case b.BPF_DIV:
      return Math.floor(a / operand);
    case b.BPF_MOD:
      return a % operand;
    case b.BPF_OR:
      return (a | operand) >>> 0;
    case b.BPF_AND:
      return (a & operand) >>> 0;
    case b.BPF_LSH:
      return (a << operand) >>> 0;
    case b.BPF_RSH:
      return a >>> operand;
    case b.BPF_XOR:
      return (a ^ operand) >>> 0;
    default:
      return -a >>> 0;
  }
}
