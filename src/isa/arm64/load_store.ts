/** Loads and stores of general registers. See the Arm Architecture Reference Manual, C4.1.96. */

import { signed, unsigned } from '../immediate.ts';
import { insn, type Row } from '../insn.ts';
import type { Semantics } from '../semantics.ts';
import type { Values } from '../values.ts';

/** One kind of access: its encoding, mnemonics and width. */
interface Access {
  /** Mnemonic without `ld` or `st`: `rb`, `rsw` … */
  readonly suffix: string;
  readonly size: number;
  readonly opc: number;
  /** Letter of the register's width. */
  readonly width: 'w' | 'x';
}

const ACCESSES: readonly Access[] = [
  { suffix: 'rb', size: 0, opc: 0, width: 'w' },
  { suffix: 'rb', size: 0, opc: 1, width: 'w' },
  { suffix: 'rsb', size: 0, opc: 2, width: 'x' },
  { suffix: 'rsb', size: 0, opc: 3, width: 'w' },
  { suffix: 'rh', size: 1, opc: 0, width: 'w' },
  { suffix: 'rh', size: 1, opc: 1, width: 'w' },
  { suffix: 'rsh', size: 1, opc: 2, width: 'x' },
  { suffix: 'rsh', size: 1, opc: 3, width: 'w' },
  { suffix: 'r', size: 2, opc: 0, width: 'w' },
  { suffix: 'r', size: 2, opc: 1, width: 'w' },
  { suffix: 'rsw', size: 2, opc: 2, width: 'x' },
  { suffix: 'r', size: 3, opc: 0, width: 'x' },
  { suffix: 'r', size: 3, opc: 1, width: 'x' },
];

/** The address of a register offset, extended and perhaps shifted by `scale`: choices by option and S. */
const indexed = (scale: number): string => {
  const extend = (name: string): string => `${name}|${name} #${scale}`;
  return `[{rn:x}, {rm:option}<, {option.S:||||${extend('uxtw')}||lsl #${scale}|||||${extend('sxtw')}|${extend('sxtx')}}>]`;
};

/** What a prefetch is for: load, instructions or store; the cache level; whether the data is used once. */
const PREFETCH: string = `{prfop:${Array.from({ length: 32 }, (_, prfop) => {
  const [target, level] = [['pld', 'pli', 'pst'][prfop >> 3], (prfop >> 1) & 3];
  if (target === undefined || level === 3) return `#0x${prfop.toString(16).padStart(2, '0')}`;
  return `${target}l${level + 1}${prfop & 1 ? 'strm' : 'keep'}`;
}).join('|')}}`;

const bits2 = (value: number): string => `${value >> 1}${value & 1}`;

/** Loads as `opc` says (1: zero-extended, 2: sign-extended to 64 bits, 3: to 32 bits) and gives what is to be done with registers. */
function load<T extends Values>(s: Semantics<T>, address: T['i64'], { size, opc }: Access, register: T['reg']): () => void {
  const at = s.readable(address, 1 << size);
  if (size === 3) {
    const value = s.load64(at, 0);
    return () => s.i64.set(register, value);
  }
  const value = size === 0 ? s.load8_u(at, 0) : size === 1 ? s.load16_u(at, 0) : s.load32(at, 0);
  if (opc === 1) return () => s.i32.set(register, value);
  if (opc === 3) return () => s.i32.set(register, size === 0 ? s.i32.extend8_s(value) : s.i32.extend16_s(value));
  const narrow = size === 0 ? s.i32.extend8_s(value) : size === 1 ? s.i32.extend16_s(value) : value;
  return () => s.i64.set(register, s.extend_s(narrow));
}

function store<T extends Values>(s: Semantics<T>, address: T['i64'], size: number, register: T['reg']): void {
  const at = s.writable(address, 1 << size);
  if (size === 0) s.store8(at, 0, s.i32.get(register));
  else if (size === 1) s.store16(at, 0, s.i32.get(register));
  else if (size === 2) s.store32(at, 0, s.i32.get(register));
  else s.store64(at, 0, s.i64.get(register));
  s.commit(at);
}

/** The whole access; then `after`, which may write the base register, comes before a loaded register is written. */
function access<T extends Values>(
  s: Semantics<T>,
  address: T['i64'],
  kind: Access,
  register: T['reg'],
  after: () => void = () => {},
): void {
  if (kind.opc === 0) {
    store(s, address, kind.size, register);
    after();
  } else {
    const finish = load(s, address, kind, register);
    after();
    finish();
  }
}

const mnemonic = (kind: Access, infix = ''): string => `${kind.opc === 0 ? 'st' : 'ld'}${infix}${kind.suffix}`;
const nameOf = (kind: Access, mode: string, infix = ''): string => `${mnemonic(kind, infix)}_${kind.width}_${mode}`;

function rowsOf(kind: Access): Row[] {
  const { size, width } = kind;
  const opc = bits2(kind.opc);
  const top = `${bits2(size)} 111 0`;
  const rt = `{rt:${width}}`;
  const offset = signed('imm9', 9);
  const unscaled = (infix: string, mode: string): Row =>
    insn(
      nameOf(kind, 'unscaled', infix),
      `${top} 00 ${opc} 0 imm9:9 ${mode} rn|base rt`,
      `${mnemonic(kind, infix)} ${rt}, [{rn:x}<, {offset:#d}>]`,
      { offset },
      (s, o) => {
        access(s, s.i64.add(s.base(o.rn), o.offset), kind, o.rt);
      },
    );
  return [
    insn(
      nameOf(kind, 'imm'),
      `${top} 01 ${opc} imm12:12 rn|base rt`,
      `${mnemonic(kind)} ${rt}, [{rn:x}<, {offset:#d}>]`,
      { offset: unsigned('imm12', 1 << size) },
      (s, o) => {
        access(s, s.i64.add(s.base(o.rn), o.offset), kind, o.rt);
      },
    ),
    unscaled('u', '00'),
    unscaled('t', '10'),
    insn(
      nameOf(kind, 'post'),
      `${top} 00 ${opc} 0 imm9:9 01 rn|base rt`,
      `${mnemonic(kind)} ${rt}, [{rn:x}], {offset:#d}`,
      { offset },
      (s, o) => {
        const base = s.base(o.rn);
        access(s, base, kind, o.rt, () => s.i64.set(o.rn, s.i64.add(base, o.offset)));
      },
    ),
    insn(
      nameOf(kind, 'pre'),
      `${top} 00 ${opc} 0 imm9:9 11 rn|base rt`,
      `${mnemonic(kind)} ${rt}, [{rn:x}, {offset:#d}]!`,
      { offset },
      (s, o) => {
        const address = s.i64.add(s.base(o.rn), o.offset);
        access(s, address, kind, o.rt, () => s.i64.set(o.rn, address));
      },
    ),
    insn(
      nameOf(kind, 'reg'),
      `${top} 00 ${opc} 1 rm option:3 S 10 rn|base rt`,
      `${mnemonic(kind)} ${rt}, ${indexed(size)}`,
      { option: [2, 3, 6, 7], S: [0, 1] },
      (s, o) => {
        const index = o.option === 2 ? s.extend_u(s.i32.get(o.rm)) : o.option === 6 ? s.extend_s(s.i32.get(o.rm)) : s.i64.get(o.rm);
        const scaled = o.S && size > 0 ? s.i64.shl(index, s.i64.const(size)) : index;
        access(s, s.i64.add(s.base(o.rn), scaled), kind, o.rt);
      },
    ),
  ];
}

/** Pairs: two words, two sign-extended words, two doublewords. */
interface Pair {
  readonly name: string;
  readonly opc: string;
  readonly load: boolean;
  readonly width: 'w' | 'x';
  readonly bytes: 4 | 8;
  readonly extend: boolean;
}

const PAIRS: readonly Pair[] = [
  { name: 'stp', opc: '00', load: false, width: 'w', bytes: 4, extend: false },
  { name: 'ldp', opc: '00', load: true, width: 'w', bytes: 4, extend: false },
  { name: 'ldpsw', opc: '01', load: true, width: 'x', bytes: 4, extend: true },
  { name: 'stp', opc: '10', load: false, width: 'x', bytes: 8, extend: false },
  { name: 'ldp', opc: '10', load: true, width: 'x', bytes: 8, extend: false },
];

function accessPair<T extends Values>(
  s: Semantics<T>,
  address: T['i64'],
  pair: Pair,
  first: T['reg'],
  second: T['reg'],
  after: () => void,
): void {
  const { bytes } = pair;
  if (!pair.load) {
    const at = s.writable(address, 2 * bytes);
    if (bytes === 4) {
      s.store32(at, 0, s.i32.get(first));
      s.store32(at, 4, s.i32.get(second));
    } else {
      s.store64(at, 0, s.i64.get(first));
      s.store64(at, 8, s.i64.get(second));
    }
    s.commit(at);
    after();
    return;
  }
  const at = s.readable(address, 2 * bytes);
  if (bytes === 8) {
    const [a, b] = [s.load64(at, 0), s.load64(at, 8)];
    after();
    s.i64.set(first, a);
    s.i64.set(second, b);
    return;
  }
  const [a, b] = [s.load32(at, 0), s.load32(at, 4)];
  after();
  if (pair.extend) {
    s.i64.set(first, s.extend_s(a));
    s.i64.set(second, s.extend_s(b));
  } else {
    s.i32.set(first, a);
    s.i32.set(second, b);
  }
}

function pairRows(pair: Pair): Row[] {
  const { name, opc, width, bytes } = pair;
  const offset = signed('imm7', 7, bytes);
  const l = pair.load ? 1 : 0;
  const pattern = (mode: string): string => `${opc} 101 0 ${mode} ${l} imm7:7 rt2 rn|base rt`;
  const registers = `{rt:${width}}, {rt2:${width}}`;
  const plain = (mnemonic: string, mode: string): Row =>
    insn(`${mnemonic}_${width}_offset`, pattern(mode), `${mnemonic} ${registers}, [{rn:x}<, {offset:#d}>]`, { offset }, (s, o) => {
      accessPair(s, s.i64.add(s.base(o.rn), o.offset), pair, o.rt, o.rt2, () => {});
    });
  const rows = [
    plain(name, '010'),
    insn(`${name}_${width}_post`, pattern('001'), `${name} ${registers}, [{rn:x}], {offset:#d}`, { offset }, (s, o) => {
      const base = s.base(o.rn);
      accessPair(s, base, pair, o.rt, o.rt2, () => s.i64.set(o.rn, s.i64.add(base, o.offset)));
    }),
    insn(`${name}_${width}_pre`, pattern('011'), `${name} ${registers}, [{rn:x}, {offset:#d}]!`, { offset }, (s, o) => {
      const address = s.i64.add(s.base(o.rn), o.offset);
      accessPair(s, address, pair, o.rt, o.rt2, () => s.i64.set(o.rn, address));
    }),
  ];
  if (!pair.extend) rows.push(plain(name === 'stp' ? 'stnp' : 'ldnp', '000'));
  return rows;
}

const LITERALS: readonly (readonly [name: string, opc: string, kind: Access])[] = [
  ['ldr', '00', { suffix: 'r', size: 2, opc: 1, width: 'w' }],
  ['ldr', '01', { suffix: 'r', size: 3, opc: 1, width: 'x' }],
  ['ldrsw', '10', { suffix: 'rsw', size: 2, opc: 2, width: 'x' }],
];

/** Prefetches do nothing: an address that is not mapped is no fault. */
const prefetches: readonly Row[] = [
  insn(
    'prfm_imm',
    '11 111 0 01 10 imm12:12 rn|sp prfop:5',
    `prfm ${PREFETCH}, [{rn:x}<, {offset:#d}>]`,
    { offset: unsigned('imm12', 8) },
    () => {},
  ),
  insn(
    'prfum',
    '11 111 0 00 10 0 imm9:9 00 rn|sp prfop:5',
    `prfum ${PREFETCH}, [{rn:x}<, {offset:#d}>]`,
    { offset: signed('imm9', 9) },
    () => {},
  ),
  insn(
    'prfm_reg',
    '11 111 0 00 10 1 rm option:3 S 10 rn|sp prfop:5',
    `prfm ${PREFETCH}, ${indexed(3)}`,
    { option: [2, 3, 6, 7], S: [0, 1] },
    () => {},
  ),
  insn('prfm_literal', '11 011 0 00 imm19:19 prfop:5', `prfm ${PREFETCH}, {offset:pc}`, { offset: signed('imm19', 19, 4) }, () => {}),
];

export const loadStore: readonly Row[] = [
  ...ACCESSES.flatMap(rowsOf),
  ...PAIRS.flatMap(pairRows),
  ...LITERALS.map(([name, opc, kind]) =>
    insn(
      `${name}_${kind.width}_literal`,
      `${opc} 011 0 00 imm19:19 rt`,
      `${name} {rt:${kind.width}}, {offset:pc}`,
      { offset: signed('imm19', 19, 4) },
      (s, o) => {
        access(s, s.i64.add(s.pc(), o.offset), kind, o.rt);
      },
    ),
  ),
  ...prefetches,
];
