/** Exclusive, acquire and release accesses. There is one processor, so order needs no care. See the Arm Architecture Reference Manual, C4.1.96. */

import { insn, type Row } from '../insn.ts';
import { loadUnit, sizeBits, storeUnit, suffixOf, unit, widthOf } from './memory_units.ts';

const SIZES: readonly number[] = [0, 1, 2, 3];

/** LDXR and LDAXR, STXR and STLXR: `order` is 1 for the latter ones. */
function exclusiveRows(size: number, order: number): Row[] {
  const bytes = 1 << size;
  const register = widthOf(size);
  const suffix = suffixOf(size);
  const [load, store] = order ? ['ldaxr', 'stlxr'] : ['ldxr', 'stxr'];
  return [
    insn(
      `${load}_${size}`,
      `${sizeBits(size)} 001000 010 ..... ${order} ..... rn|base rt`,
      `${load}${suffix} {rt:${register}}, [{rn:x}]`,
      {},
      (s, o) => {
        const address = s.base(o.rn);
        s.requireAlignment(address, bytes);
        const value = loadUnit(s, s.readable(address, bytes), size);
        s.setExclusive(address, bytes, value, s.i64.const(0));
        s.i64.set(o.rt, value);
      },
    ),
    insn(
      `${store}_${size}`,
      `${sizeBits(size)} 001000 000 rs ${order} ..... rn|base rt`,
      `${store}${suffix} {rs:w}, {rt:${register}}, [{rn:x}]`,
      {},
      (s, o) => {
        const address = s.base(o.rn);
        s.requireAlignment(address, bytes);
        const at = s.updatable(address, bytes);
        const old = loadUnit(s, at, size);
        const held = s.holdsExclusive(address, bytes, old, s.i64.const(0));
        storeUnit(s, at, size, s.i64.select(held, s.i64.get(o.rt), old));
        s.commit(at);
        s.clearExclusive();
        s.i32.set(o.rs, s.i32.eqz(held));
      },
    ),
  ];
}

/** The pair forms, of two words or two doublewords. */
function exclusivePairRows(size: number, order: number): Row[] {
  const unitBytes = 1 << size;
  const bytes = 2 * unitBytes;
  const register = widthOf(size);
  const [load, store] = order ? ['ldaxp', 'stlxp'] : ['ldxp', 'stxp'];
  return [
    insn(
      `${load}_${size}`,
      `${sizeBits(size)} 001000 011 ..... ${order} rt2 rn|base rt`,
      `${load} {rt:${register}}, {rt2:${register}}, [{rn:x}]`,
      {},
      (s, o) => {
        const address = s.base(o.rn);
        s.requireAlignment(address, bytes);
        const at = s.readable(address, bytes);
        const [low, high] = [loadUnit(s, at, size), loadUnit(s, at, size, unitBytes)];
        if (size === 3) s.setExclusive(address, bytes, low, high);
        else s.setExclusive(address, bytes, s.i64.or(low, s.i64.shl(high, s.i64.const(32))), s.i64.const(0));
        s.i64.set(o.rt, low);
        s.i64.set(o.rt2, high);
      },
    ),
    insn(
      `${store}_${size}`,
      `${sizeBits(size)} 001000 001 rs ${order} rt2 rn|base rt`,
      `${store} {rs:w}, {rt:${register}}, {rt2:${register}}, [{rn:x}]`,
      {},
      (s, o) => {
        const address = s.base(o.rn);
        s.requireAlignment(address, bytes);
        const at = s.updatable(address, bytes);
        const [low, high] = [loadUnit(s, at, size), loadUnit(s, at, size, unitBytes)];
        const held =
          size === 3
            ? s.holdsExclusive(address, bytes, low, high)
            : s.holdsExclusive(address, bytes, s.i64.or(low, s.i64.shl(high, s.i64.const(32))), s.i64.const(0));
        storeUnit(s, at, size, s.i64.select(held, s.i64.get(o.rt), low));
        storeUnit(s, at, size, s.i64.select(held, s.i64.get(o.rt2), high), unitBytes);
        s.commit(at);
        s.clearExclusive();
        s.i32.set(o.rs, s.i32.eqz(held));
      },
    ),
  ];
}

/** LDAR, STLR and LDAPR. */
function orderedRows(size: number): Row[] {
  const bytes = 1 << size;
  const register = widthOf(size);
  const suffix = suffixOf(size);
  const load = (name: string, pattern: string): Row =>
    insn(`${name}_${size}`, pattern, `${name}${suffix} {rt:${register}}, [{rn:x}]`, {}, (s, o) => {
      const address = s.base(o.rn);
      s.requireAlignment(address, bytes);
      s.i64.set(o.rt, loadUnit(s, s.readable(address, bytes), size));
    });
  return [
    load('ldar', `${sizeBits(size)} 001000 110 ..... 1 ..... rn|base rt`),
    load('ldapr', `${sizeBits(size)} 111000 101 11111 1100 00 rn|base rt`),
    insn(
      `stlr_${size}`,
      `${sizeBits(size)} 001000 100 ..... 1 ..... rn|base rt`,
      `stlr${suffix} {rt:${register}}, [{rn:x}]`,
      {},
      (s, o) => {
        const address = s.base(o.rn);
        s.requireAlignment(address, bytes);
        const at = s.writable(address, bytes);
        storeUnit(s, at, size, unit(s, s.i64.get(o.rt), size));
        s.commit(at);
      },
    ),
  ];
}

export const loadStoreExclusive: readonly Row[] = [
  ...SIZES.flatMap((size) => [0, 1].flatMap((order) => exclusiveRows(size, order))),
  ...[2, 3].flatMap((size) => [0, 1].flatMap((order) => exclusivePairRows(size, order))),
  ...SIZES.flatMap(orderedRows),
];
