/** Loads and stores of SIMD and floating-point registers, single and in pairs. See the Arm Architecture Reference Manual, C4.1.94. */

import { signed, unsigned } from '../immediate.ts';
import { insn, type Row } from '../insn.ts';
import type { Semantics } from '../semantics.ts';
import type { Values } from '../values.ts';
import { BIT } from './immediates.ts';

interface Access {
  readonly letter: string;
  readonly bytes: number;
  /** The encoding: bits 31, 30 and 23. */
  readonly size: string;
  readonly wide: 0 | 1;
}
const ACCESSES: readonly Access[] = [
  { letter: 'b', bytes: 1, size: '00', wide: 0 },
  { letter: 'h', bytes: 2, size: '01', wide: 0 },
  { letter: 's', bytes: 4, size: '10', wide: 0 },
  { letter: 'd', bytes: 8, size: '11', wide: 0 },
  { letter: 'q', bytes: 16, size: '00', wide: 1 },
];

/** A function that loads a register: reads memory now, and writes the register when it is called. */
export function loadRegister<V extends Values>(
  s: Semantics<V>,
  bytes: number,
  window: V['window'],
  offset: number,
): (register: V['vreg']) => void {
  if (bytes === 16) {
    const value = s.load128(window, offset);
    return (register) => s.setV(register, value);
  }
  if (bytes === 8) {
    const value = s.load64(window, offset);
    return (register) => s.setVectorLow64(register, value);
  }
  const value = bytes === 4 ? s.load32(window, offset) : bytes === 2 ? s.load16_u(window, offset) : s.load8_u(window, offset);
  return (register) => s.setVectorLow32(register, value);
}

export function storeRegister<V extends Values>(
  s: Semantics<V>,
  bytes: number,
  window: V['window'],
  offset: number,
  register: V['vreg'],
): void {
  if (bytes === 16) s.store128(window, offset, s.v(register));
  else if (bytes === 8) s.store64(window, offset, s.vectorLow64(register));
  else if (bytes === 4) s.store32(window, offset, s.vectorLow32(register));
  else if (bytes === 2) s.store16(window, offset, s.vectorLow32(register));
  else s.store8(window, offset, s.vectorLow32(register));
}

function load<V extends Values>(s: Semantics<V>, bytes: number, address: V['i64'], register: V['vreg']): void {
  loadRegister(s, bytes, s.readable(address, bytes), 0)(register);
}
function store<V extends Values>(s: Semantics<V>, bytes: number, address: V['i64'], register: V['vreg']): void {
  const window = s.writable(address, bytes);
  storeRegister(s, bytes, window, 0, register);
  s.commit(window);
}
const DIRECTIONS = [
  { name: 'str', bit: 0, move: store },
  { name: 'ldr', bit: 1, move: load },
] as const;

const single = ({ letter, bytes, size, wide }: Access): Row[] =>
  DIRECTIONS.flatMap(({ name, bit, move }): Row[] => {
    const opc = `${wide}${bit}`;
    const offset = signed('imm9', 9);
    const register = `{vt:${letter}}`;
    const scale = Math.log2(bytes);
    return [
      insn(
        `${name}_${letter}`,
        `${size} 111 1 01 ${opc} imm12:12 rn|base vt`,
        `${name} ${register}, [{rn:x}<, {offset:#d}>]`,
        { offset: unsigned('imm12', bytes) },
        (s, o) => move(s, bytes, s.i64.add(s.base(o.rn), o.offset), o.vt),
      ),
      insn(
        `${name.replace('r', 'ur')}_${letter}`,
        `${size} 111 1 00 ${opc} 0 imm9:9 00 rn|base vt`,
        `${name.replace('r', 'ur')} ${register}, [{rn:x}<, {offset:#d}>]`,
        { offset },
        (s, o) => move(s, bytes, s.i64.add(s.base(o.rn), o.offset), o.vt),
      ),
      insn(
        `${name}_post_${letter}`,
        `${size} 111 1 00 ${opc} 0 imm9:9 01 rn|base vt`,
        `${name} ${register}, [{rn:x}], {offset:#d}`,
        { offset },
        (s, o) => {
          const address = s.base(o.rn);
          move(s, bytes, address, o.vt);
          s.i64.set(o.rn, s.i64.add(address, o.offset));
        },
      ),
      insn(
        `${name}_pre_${letter}`,
        `${size} 111 1 00 ${opc} 0 imm9:9 11 rn|base vt`,
        `${name} ${register}, [{rn:x}, {offset:#d}]!`,
        { offset },
        (s, o) => {
          const address = s.i64.add(s.base(o.rn), o.offset);
          move(s, bytes, address, o.vt);
          s.i64.set(o.rn, address);
        },
      ),
      ...(
        [
          ['lsl', '011', 'x', (s, rm) => s.i64.get(rm)],
          ['uxtw', '010', 'w', (s, rm) => s.extend_u(s.i32.get(rm))],
          ['sxtw', '110', 'w', (s, rm) => s.extend_s(s.i32.get(rm))],
          ['sxtx', '111', 'x', (s, rm) => s.i64.get(rm)],
        ] satisfies readonly (readonly [string, string, string, IndexOf])[]
      ).map(([extend, option, width, index]: readonly [string, string, string, IndexOf]) =>
        insn(
          `${name}_${extend}_${letter}`,
          `${size} 111 1 00 ${opc} 1 rm ${option} shifted 10 rn|base vt`,
          `${name} ${register}, [{rn:x}, {rm:${width}}${extend === 'lsl' ? `{shifted:|, lsl #${scale}}` : `, ${extend}{shifted:| #${scale}}`}]`,
          { shifted: BIT },
          (s, o) => {
            const index64 = index(s, o.rm);
            const scaled = o.shifted && scale ? s.i64.shl(index64, s.i64.const(scale)) : index64;
            move(s, bytes, s.i64.add(s.base(o.rn), scaled), o.vt);
          },
        ),
      ),
    ];
  });
type IndexOf = <V extends Values>(s: Semantics<V>, register: V['reg']) => V['i64'];

const literal = (letter: string, opc: string, bytes: number): Row =>
  insn(
    `ldr_literal_${letter}`,
    `${opc} 011 1 00 imm19:19 vt`,
    `ldr {vt:${letter}}, {offset:pc}`,
    { offset: signed('imm19', 19, 4) },
    (s, o) => load(s, bytes, s.i64.add(s.pc(), o.offset), o.vt),
  );

function loadPair<V extends Values>(s: Semantics<V>, bytes: number, address: V['i64'], first: V['vreg'], second: V['vreg']): void {
  const window = s.readable(address, 2 * bytes);
  const [low, high] = [loadRegister(s, bytes, window, 0), loadRegister(s, bytes, window, bytes)];
  low(first);
  high(second);
}
function storePair<V extends Values>(s: Semantics<V>, bytes: number, address: V['i64'], first: V['vreg'], second: V['vreg']): void {
  const window = s.writable(address, 2 * bytes);
  storeRegister(s, bytes, window, 0, first);
  storeRegister(s, bytes, window, bytes, second);
  s.commit(window);
}

const pair = (letter: string, opc: string, bytes: number): Row[] =>
  (
    [
      { name: 'stp', bit: 0, move: storePair },
      { name: 'ldp', bit: 1, move: loadPair },
    ] as const
  ).flatMap(({ name, bit, move }): Row[] => {
    const fields = { offset: signed('imm7', 7, bytes) };
    const pattern = (mode: string): string => `${opc} 101 1 ${mode} ${bit} imm7:7 vt2 rn|base vt`;
    const registers = `{vt:${letter}}, {vt2:${letter}}`;
    return [
      ...(
        [
          [name.replace('p', 'np'), '000'],
          [name, '010'],
        ] as const
      ).map(([mnemonic, mode]) =>
        insn(`${mnemonic}_${letter}`, pattern(mode), `${mnemonic} ${registers}, [{rn:x}<, {offset:#d}>]`, fields, (s, o) =>
          move(s, bytes, s.i64.add(s.base(o.rn), o.offset), o.vt, o.vt2),
        ),
      ),
      insn(`${name}_post_${letter}`, pattern('001'), `${name} ${registers}, [{rn:x}], {offset:#d}`, fields, (s, o) => {
        const address = s.base(o.rn);
        move(s, bytes, address, o.vt, o.vt2);
        s.i64.set(o.rn, s.i64.add(address, o.offset));
      }),
      insn(`${name}_pre_${letter}`, pattern('011'), `${name} ${registers}, [{rn:x}, {offset:#d}]!`, fields, (s, o) => {
        const address = s.i64.add(s.base(o.rn), o.offset);
        move(s, bytes, address, o.vt, o.vt2);
        s.i64.set(o.rn, address);
      }),
    ];
  });

export const simdLoadStore: readonly Row[] = [
  ...ACCESSES.flatMap(single),
  literal('s', '00', 4),
  literal('d', '01', 8),
  literal('q', '10', 16),
  ...pair('s', '00', 4),
  ...pair('d', '01', 8),
  ...pair('q', '10', 16),
];
