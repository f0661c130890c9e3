import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as b from '../../abi/bpf.ts';
import type { Task } from '../task/task.ts';
import { BpfProgram, BpfState } from './bpf_program.ts';
import { runProgram } from './interpreter.ts';
import { mayReadDevice } from './program_types.ts';
import { sha1 } from './sha1.ts';
import { add, and, or, sub, type Tnum, xor } from './tnum.ts';
import { verify as verifyFor } from './verifier.ts';

const verify = (words: Int32Array): ReturnType<typeof verifyFor> => verifyFor(words, mayReadDevice);

const insn = (code: number, dst = 0, src = 0, off = 0, imm = 0): number[] => [code | (dst << 8) | (src << 12) | (off << 16), imm];
const program = (...insns: number[][]): Int32Array => new Int32Array(insns.flat());
const EXIT = insn(b.BPF_JMP | b.BPF_EXIT);
const MOV = b.BPF_ALU64 | b.BPF_MOV;

function run(words: Int32Array, context: Uint8Array): bigint | null {
  const kernel = { bpf: new BpfState() } as unknown as Task['kernel'];
  const fields = { id: 1, type: 15, name: '', gpl: true, uid: 0, loadTime: 0, verified: 0, tag: new Uint8Array(8) };
  const loaded = new BpfProgram(kernel, null as never, words, fields);
  return runProgram(loaded, context, { kernel } as unknown as Task);
}

/** Programs that are mostly well-formed. */
const anyInsn = fc.oneof(
  fc
    .record({
      op: fc.constantFrom(0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0),
      wide: fc.boolean(),
      x: fc.boolean(),
      dst: fc.nat(10),
      src: fc.nat(10),
      imm: fc.integer({ min: -3, max: 70 }),
    })
    .map(({ op, wide, x, dst, src, imm }) => insn((wide ? 7 : 4) | op | (x ? 8 : 0), dst, x ? src : 0, 0, x ? 0 : imm)),
  fc
    .record({
      size: fc.constantFrom(0, 8, 16, 24),
      dst: fc.nat(10),
      src: fc.nat(10),
      off: fc.integer({ min: -24, max: 12 }),
      kind: fc.constantFrom(1, 2, 3),
    })
    .map(({ size, dst, src, off, kind }) => insn(kind | 0x60 | size, dst, kind === 2 ? 0 : src, off, kind === 2 ? 5 : 0)),
  fc
    .record({
      op: fc.constantFrom(0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0),
      narrow: fc.boolean(),
      dst: fc.nat(10),
      off: fc.integer({ min: -4, max: 4 }),
      imm: fc.integer({ min: -2, max: 6 }),
    })
    .map(({ op, narrow, dst, off, imm }) => insn((narrow ? 6 : 5) | op, dst, 0, off, imm)),
  fc.nat(6).map((dst) => insn(MOV, dst, 0, 0, dst & 1)),
  fc.constant(EXIT),
);

describe('the verifier of BPF', () => {
  it('lets only programs through that end and answer 0 or 1, whatever the context is', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(anyInsn, { minLength: 1, maxLength: 12 }), fc.uint8Array({ minLength: 12, maxLength: 12 }), (insns, context) => {
        const words = program(...insns, insn(MOV, 0, 0, 0, 1), EXIT);
        if (verify(words).error < 0) return;
        accepted++;
        expect([0n, 1n]).toContain(run(words, context));
      }),
      { numRuns: 20000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('survives arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 2, maxLength: 40 }), (words) => {
        const verdict = verify(new Int32Array(words.slice(0, words.length & ~1)));
        expect(verdict.error).toBeLessThanOrEqual(0);
      }),
      { numRuns: 5000 },
    );
  });

  it('does not go the ways through a chain of conditions one by one', () => {
    const rows = Array.from({ length: 60 }, (_, i) => [
      insn(b.BPF_JMP | b.BPF_JNE, 2, 0, 4, i),
      insn(b.BPF_JMP | b.BPF_JNE, 3, 0, 3, i),
      insn(b.BPF_JMP | b.BPF_JNE, 4, 0, 2, i),
      insn(MOV, 0, 0, 0, 1),
      EXIT,
    ]).flat();
    const loads = [0, 4, 8].map((off, i) => insn(b.BPF_LDX | b.BPF_MEM | b.BPF_W, 2 + i, 1, off));
    const { error, processed } = verify(program(...loads, ...rows, insn(MOV), EXIT));
    expect(error).toBe(0);
    expect(processed).toBeLessThan(1000);
  });

  it('gives up on programs that are too much work', () => {
    const count = [
      insn(MOV),
      insn(b.BPF_ALU64 | b.BPF_ADD, 0, 0, 0, 1),
      insn(b.BPF_JMP | b.BPF_JNE, 0, 0, -2, 1000000000),
      insn(MOV),
      EXIT,
    ];
    expect(verify(program(...count)).error).toBe(-7);
  });

  it('knows of numbers what is true of them', () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const tnum = fc.tuple(word, word).map(([value, mask]) => ({ value: value & ~mask, mask }));
    const member = ({ value, mask }: Tnum, choice: bigint): bigint => value | (choice & mask);
    const has = ({ value, mask }: Tnum, number: bigint): boolean => (number & ~mask) === value;
    const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
    fc.assert(
      fc.property(tnum, tnum, word, word, (x, y, i, j) => {
        const [p, q] = [member(x, i), member(y, j)];
        expect([
          has(add(x, y), u64(p + q)),
          has(sub(x, y), u64(p - q)),
          has(and(x, y), p & q),
          has(or(x, y), p | q),
          has(xor(x, y), p ^ q),
        ]).toEqual(new Array(5).fill(true));
      }),
    );
  });

  it('makes tags by SHA-1', () => {
    const hex = (text: string): string => Buffer.from(sha1(new TextEncoder().encode(text))).toString('hex');
    expect(hex('abc')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(hex('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe('84983e441c3bd26ebaae4aa1f95129e5e54670f1');
  });
});
