/** A growing buffer of WebAssembly code: opcodes, LEB128 numbers, constants. */

import { F32_CONST, F64_CONST, I32_CONST, I64_CONST, V128_CONST } from './opcodes.ts';

const scratch = new DataView(new ArrayBuffer(8));

export class Code {
  private buffer = new Uint8Array(256);
  length = 0;

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

  /** A load or store: alignment 0 (a hint that V8 does not use), then the offset. */
  memory(opcode: number, offset: number): this {
    return this.op(opcode).u8(0).u32(offset);
  }
}
