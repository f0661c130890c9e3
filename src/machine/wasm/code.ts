/** A growing buffer of WebAssembly code: opcodes, LEB128 numbers, constants. */

import { F32_CONST, F64_CONST, F64_LOAD, F64_STORE, f64, I32_CONST, I64_CONST, I64_LOAD, I64_STORE, i64, V128_CONST } from './opcodes.ts';

const scratch = new DataView(new ArrayBuffer(8));

/** What changes or clears the sign in the pattern of a double: the code, and the instruction for doubles. */
const SIGNS: readonly (readonly [code: readonly number[], opcode: number])[] = [
  [[I64_CONST, ...new Array(9).fill(0x80), 0x7f, i64.xor], f64.neg],
  [[I64_CONST, ...new Array(9).fill(0xff), 0x00, i64.and], f64.abs],
];

export class Code {
  private buffer = new Uint8Array(256);
  length = 0;
  /** Where a double was last made a pattern; where a pattern was last loaded, and what came after that. */
  private pattern = -1;
  private load = -1;
  private afterLoad = -1;

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    larger.set(this.buffer);
    this.buffer = larger;
  }

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  u8(value: number): this {
    this.reserve(1);
    this.buffer[this.length++] = value;
    return this;
  }

  raw(bytes: ArrayLike<number>): this {
    if (bytes.length === 0) return this;
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  u32(value: number): this {
    this.reserve(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.buffer[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.length++] = rest;
    return this;
  }

  private s32(value: number): this {
    this.reserve(5);
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.buffer[this.length++] = (rest & 0x7f) | 0x80;
      rest >>= 7;
    }
    this.buffer[this.length++] = rest & 0x7f;
    return this;
  }

  private s64(value: bigint): this {
    this.reserve(10);
    let rest = BigInt.asIntN(64, value);
    while (rest < -64n || rest > 63n) {
      this.buffer[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.buffer[this.length++] = Number(rest & 0x7fn);
    return this;
  }

  /** An opcode, prefixed ones included. */
  op(opcode: number): this {
    if (opcode < 0x100) return this.u8(opcode);
    if (opcode < 0x10000) return this.u8(opcode >>> 8).u32(opcode & 0xff);
    return this.u8(opcode >>> 16).u32(opcode & 0xffff);
  }

  i32Const(value: number): this {
    return this.u8(I32_CONST).s32(value);
  }

  i64Const(value: number | bigint): this {
    this.u8(I64_CONST);
    if (typeof value === 'bigint') return this.s64(value);
    if ((value | 0) === value) return this.s32(value);
    this.reserve(10);
    let rest = value;
    for (; rest < -64 || rest > 63; rest = Math.floor(rest / 128)) this.buffer[this.length++] = (rest % 128) | 0x80;
    this.buffer[this.length++] = rest & 0x7f;
    return this;
  }

  f32Const(value: number): this {
    scratch.setFloat32(0, value, true);
    return this.u8(F32_CONST).raw(new Uint8Array(scratch.buffer, 0, 4));
  }

  f64Const(value: number): this {
    scratch.setFloat64(0, value, true);
    return this.u8(F64_CONST).raw(new Uint8Array(scratch.buffer, 0, 8));
  }

  v128Const(value: bigint): this {
    this.op(V128_CONST);
    for (let half = 0; half < 2; half++) {
      scratch.setBigUint64(0, BigInt.asUintN(64, value >> BigInt(64 * half)), true);
      this.raw(new Uint8Array(scratch.buffer, 0, 8));
    }
    return this;
  }

  /** The double on the stack becomes its pattern. */
  doubleToPattern(): this {
    this.pattern = this.length;
    return this.u8(i64.reinterpret_f64);
  }

  /** The pattern on the stack becomes a double; if it has just been made of one or loaded, it stays one or is loaded as one. */
  patternToDouble(): this {
    const { buffer, pattern, length } = this;
    if (pattern >= 0) {
      if (length === pattern + 1) return this.cut(pattern);
      for (const [code, opcode] of SIGNS) {
        if (length - pattern - 1 === code.length && code.every((byte, i) => buffer[pattern + 1 + i] === byte))
          return this.cut(pattern).u8(opcode);
      }
    }
    if (length !== this.afterLoad) return this.u8(f64.reinterpret_i64);
    buffer[this.load] = F64_LOAD;
    this.afterLoad = -1;
    return this;
  }

  private cut(length: number): this {
    this.length = length;
    this.pattern = -1;
    return this;
  }

  /** A load or store: alignment 0 (a hint that V8 does not use), then the offset. */
  memory(opcode: number, offset: number): this {
    if (opcode === I64_STORE && this.pattern >= 0 && this.length === this.pattern + 1)
      return this.cut(this.pattern).op(F64_STORE).u8(0).u32(offset);
    const start = this.length;
    this.op(opcode).u8(0).u32(offset);
    if (opcode === I64_LOAD) [this.load, this.afterLoad] = [start, this.length];
    return this;
  }
}
