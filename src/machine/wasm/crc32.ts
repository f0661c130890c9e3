/** CRC32 and CRC32C as functions of the module, by tables of 256 words. */

import { AT_CRC32, AT_CRC32C } from '../layout.ts';
import type { Helper } from './helpers.ts';
import { I32, I32_LOAD, I64, i32, i64 } from './opcodes.ts';

const helpers = new Map<string, Helper>();

export function crc32Helper(bytes: number, castagnoli: number): Helper {
  const name = `crc32${castagnoli ? 'c' : ''}_${8 * bytes}`;
  let helper = helpers.get(name);
  if (!helper) {
    const table = castagnoli ? AT_CRC32C : AT_CRC32;
    helper = {
      name,
      params: [I32, I64],
      result: I32,
      reads: 0,
      writes: 0,
      build(f) {
        // crc = table[(crc ^ byte) & 255] ^ (crc >>> 8), for each byte from the lowest.
        for (let i = 0; i < bytes; i++) {
          f.get(0)
            .get(1)
            .i64Const(8 * i)
            .op(i64.shr_u)
            .op(i32.wrap_i64)
            .op(i32.xor)
            .i32Const(255)
            .op(i32.and);
          f.i32Const(2).op(i32.shl).memory(I32_LOAD, table).get(0).i32Const(8).op(i32.shr_u).op(i32.xor).set(0);
        }
        f.get(0);
      },
    };
    helpers.set(name, helper);
  }
  return helper;
}

/** The table for a polynomial, bits reversed. */
export function crc32Table(polynomial: number): Uint8Array {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[n] = crc;
  }
  return new Uint8Array(table.buffer);
}

export const CRC32_POLYNOMIAL = 0xedb88320;
export const CRC32C_POLYNOMIAL = 0x82f63b78;
