/** Atomic memory operations (FEAT_LSE). See the Arm Architecture Reference Manual, C4.1.96. */

import { insn, next, type Row } from '../insn.ts';
import type { Semantics } from '../semantics.ts';
import type { Values } from '../values.ts';
import { loadUnit, sizeBits, storeUnit, suffixOf, unit, widthOf } from './memory_units.ts';

const SIZES: readonly number[] = [0, 1, 2, 3];

/** Compares as signed numbers of the access's size: both are moved to the top of the register. */
function lessThan<T extends Values>(s: Semantics<T>, size: number, a: T['i64'], b: T['i64'], signed: boolean): T['i32'] {
  if (!signed) return s.i64.lt_u(a, b);
  const toTop = s.i64.const(64 - (8 << size));
  return s.i64.lt_s(s.i64.shl(a, toTop), s.i64.shl(b, toTop));
}

interface AtomicOperation {
  readonly name: string;
  /** Bits o3 and opc. */
  readonly code: string;
  apply<T extends Values>(s: Semantics<T>, size: number, old: T['i64'], operand: T['i64']): T['i64'];
}

const OPERATIONS: readonly AtomicOperation[] = [
  { name: 'ldadd', code: '0 000', apply: (s, _size, old, operand) => s.i64.add(old, operand) },
  { name: 'ldclr', code: '0 001', apply: (s, _size, old, operand) => s.i64.and(old, s.i64.xor(operand, s.i64.const(-1))) },
  { name: 'ldeor', code: '0 010', apply: (s, _size, old, operand) => s.i64.xor(old, operand) },
  { name: 'ldset', code: '0 011', apply: (s, _size, old, operand) => s.i64.or(old, operand) },
  { name: 'ldsmax', code: '0 100', apply: (s, size, old, operand) => s.i64.select(lessThan(s, size, old, operand, true), operand, old) },
  { name: 'ldsmin', code: '0 101', apply: (s, size, old, operand) => s.i64.select(lessThan(s, size, operand, old, true), operand, old) },
  { name: 'ldumax', code: '0 110', apply: (s, size, old, operand) => s.i64.select(lessThan(s, size, old, operand, false), operand, old) },
  { name: 'ldumin', code: '0 111', apply: (s, size, old, operand) => s.i64.select(lessThan(s, size, operand, old, false), operand, old) },
  { name: 'swp', code: '1 000', apply: (_s, _size, _old, operand) => operand },
];

const order = '{a:|a}{r:|l}';

function atomicRow({ name, code, apply }: AtomicOperation, size: number): Row {
  const register = widthOf(size);
  return insn(
    `${name}_${size}`,
    `${sizeBits(size)} 111000 a r 1 rs ${code} 00 rn|base rt`,
    `${name}${order}${suffixOf(size)} {rs:${register}}, {rt:${register}}, [{rn:x}]`,
    {},
    (s, o) => {
      const address = s.base(o.rn);
      s.requireAlignment(address, 1 << size);
      const at = s.updatable(address, 1 << size);
      const old = loadUnit(s, at, size);
      storeUnit(s, at, size, apply(s, size, old, unit(s, s.i64.get(o.rs), size)));
      s.commit(at);
      s.i64.set(o.rt, old);
    },
  );
}

function compareAndSwapRow(size: number): Row {
  const register = widthOf(size);
  return insn(
    `cas_${size}`,
    `${sizeBits(size)} 001000 1 a 1 rs r 11111 rn|base rt`,
    `cas${order}${suffixOf(size)} {rs:${register}}, {rt:${register}}, [{rn:x}]`,
    {},
    (s, o) => {
      const address = s.base(o.rn);
      s.requireAlignment(address, 1 << size);
      const at = s.updatable(address, 1 << size);
      const old = loadUnit(s, at, size);
      const same = s.i64.eq(old, unit(s, s.i64.get(o.rs), size));
      storeUnit(s, at, size, s.i64.select(same, unit(s, s.i64.get(o.rt), size), old));
      s.commit(at);
      s.i64.set(o.rs, old);
    },
  );
}

/** CASP: pairs of registers with even numbers, of words (`size` 2) or doublewords (3). */
function compareAndSwapPairRow(size: number): Row {
  const register = widthOf(size);
  const bytes = 1 << size;
  return insn(
    `casp_${size}`,
    `0 ${size - 2} 001000 0 a 1 rs r 11111 rn|base rt`,
    `casp${order} {rs:${register}}, {rs2:${register}}, {rt:${register}}, {rt2:${register}}, [{rn:x}]`,
    { rs2: next('rs'), rt2: next('rt') },
    (s, o) => {
      const address = s.base(o.rn);
      s.requireAlignment(address, 2 * bytes);
      const at = s.updatable(address, 2 * bytes);
      const [low, high] = [loadUnit(s, at, size), loadUnit(s, at, size, bytes)];
      const same = s.i32.and(s.i64.eq(low, unit(s, s.i64.get(o.rs), size)), s.i64.eq(high, unit(s, s.i64.get(o.rs2), size)));
      storeUnit(s, at, size, s.i64.select(same, unit(s, s.i64.get(o.rt), size), low));
      storeUnit(s, at, size, s.i64.select(same, unit(s, s.i64.get(o.rt2), size), high), bytes);
      s.commit(at);
      s.i64.set(o.rs, low);
      s.i64.set(o.rs2, high);
    },
    (f) => ((f['rs']! | f['rt']!) & 1) === 0,
  );
}

export const atomics: readonly Row[] = [
  ...OPERATIONS.flatMap((operation) => SIZES.map((size) => atomicRow(operation, size))),
  ...SIZES.map(compareAndSwapRow),
  ...[2, 3].map(compareAndSwapPairRow),
];
