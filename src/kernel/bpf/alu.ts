/** Arithmetic and comparisons on 64-bit and 32-bit numbers. See Documentation/bpf/standardization/instruction-set.rst. */

import * as b from '../../abi/bpf.ts';

const u = (value: bigint, width: number): bigint => BigInt.asUintN(width, value);
const s = (value: bigint, width: number): bigint => BigInt.asIntN(width, value);

/** The result of operation `op` on unsigned numbers of `width` bits; null for operations that do not exist. `off` chooses signed variants. */
export function compute(op: number, x: bigint, y: bigint, width: number, off: number): bigint | null {
  const shift = BigInt(width - 1) & y;
  switch (op) {
    case b.BPF_ADD:
      return u(x + y, width);
    case b.BPF_SUB:
      return u(x - y, width);
    case b.BPF_MUL:
      return u(x * y, width);
    case b.BPF_DIV:
      if (y === 0n) return 0n;
      return off === 1 ? u(s(x, width) / s(y, width), width) : x / y;
    case b.BPF_MOD:
      if (y === 0n) return x;
      return off === 1 ? u(s(x, width) % s(y, width), width) : x % y;
    case b.BPF_OR:
      return x | y;
    case b.BPF_AND:
      return x & y;
    case b.BPF_XOR:
      return x ^ y;
    case b.BPF_LSH:
      return u(x << shift, width);
    case b.BPF_RSH:
      return x >> shift;
    case b.BPF_ARSH:
      return u(s(x, width) >> shift, width);
    case b.BPF_NEG:
      return u(-x, width);
    case b.BPF_MOV:
      return off === 0 ? y : u(s(y, off), width);
  }
  return null;
}

/** Reverse the bytes of the low `width` bits. */
export function swap(value: bigint, width: number): bigint {
  let out = 0n;
  for (let at = 0; at < width; at += 8) out = (out << 8n) | ((value >> BigInt(at)) & 0xffn);
  return out;
}

/** Whether the jump `op` is taken for unsigned numbers of `width` bits; null for jumps that do not exist. */
export function compare(op: number, x: bigint, y: bigint, width: number): boolean | null {
  switch (op) {
    case b.BPF_JEQ:
      return x === y;
    case b.BPF_JNE:
      return x !== y;
    case b.BPF_JGT:
      return x > y;
    case b.BPF_JGE:
      return x >= y;
    case b.BPF_JLT:
      return x < y;
    case b.BPF_JLE:
      return x <= y;
    case b.BPF_JSET:
      return (x & y) !== 0n;
    case b.BPF_JSGT:
      return s(x, width) > s(y, width);
    case b.BPF_JSGE:
      return s(x, width) >= s(y, width);
    case b.BPF_JSLT:
      return s(x, width) < s(y, width);
    case b.BPF_JSLE:
      return s(x, width) <= s(y, width);
  }
  return null;
}
