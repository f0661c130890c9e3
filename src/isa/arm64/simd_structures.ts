/** Loads and stores of structures: LD1 to LD4, ST1 to ST4 and LD1R to LD4R. See the Arm Architecture Reference Manual, C4.1.94. */

import { insn, nextV, type Operands, type Row } from '../insn.ts';
import type { Semantics } from '../semantics.ts';
import type { LaneBits } from '../semantics_vector.ts';
import type { Values } from '../values.ts';
import { BIT } from './immediates.ts';
import { everyLaneFrom, insertLane } from './simd_copy.ts';
import { laneBytes } from './simd_immediates.ts';
import { laneBits } from './simd_lanes.ts';
import { letter, notOneLane, SIZES, setVector } from './simd_shape.ts';

const SIBLINGS = { v1: nextV('vt', 1), v2: nextV('vt', 2), v3: nextV('vt', 3) };
type Siblings<V extends Values> = Pick<Operands<V, typeof SIBLINGS>, 'vt' | 'v1' | 'v2' | 'v3'>;
const registersOf = <V extends Values>(o: Siblings<V>, count: number): V['vreg'][] => [o.vt, o.v1, o.v2, o.v3].slice(0, count);

/** Sixteen bytes picked from up to four vectors: `pick` gives vector × 16 + byte. */
function gather<V extends Values>(s: Semantics<V>, vectors: readonly V['v128'][], pick: (byte: number) => number): V['v128'] {
  const picks = Array.from({ length: 16 }, (_, byte) => pick(byte));
  const first = picks.map((from) => (from < 32 ? from : 0));
  let result = s.v128.shuffle(first, vectors[0]!, vectors[1] ?? vectors[0]!);
  for (let i = 2; i < vectors.length; i++) {
    const here = picks.map((from, byte) => (from >> 4 === i ? 16 + (from & 15) : byte));
    if (here.some((from) => from >= 16)) result = s.v128.shuffle(here, result, vectors[i]!);
  }
  return result;
}

/** Byte `byte` of register `register` is at this place in memory, where lanes of `count` registers alternate. */
const placeInMemory = (laneBytes: number, count: number, register: number, byte: number): number =>
  (Math.floor(byte / laneBytes) * count + register) * laneBytes + (byte % laneBytes);

type Transfer = <V extends Values>(
  s: Semantics<V>,
  registers: readonly V['vreg'][],
  q: number,
  lane: number,
  interleaved: boolean,
  address: V['i64'],
) => void;

const loadMultiple: Transfer = (s, registers, q, lane, interleaved, address) => {
  const count = registers.length;
  const bytes = q ? 16 : 8;
  const window = s.readable(address, count * bytes);
  const chunks: ReturnType<typeof s.v>[] = [];
  for (let at = 0; at < count * bytes; at += 16) {
    chunks.push(at + 16 > count * bytes ? s.v128.splat(64, s.load64(window, at)) : s.load128(window, at));
  }
  const values = registers.map((_, register) => {
    if (q && !interleaved) return chunks[register]!;
    return gather(s, chunks, (byte) => {
      if (byte >= bytes) return 0;
      return interleaved ? placeInMemory(lane, count, register, byte) : register * bytes + byte;
    });
  });
  registers.forEach((register, i) => {
    setVector(s, q, register, values[i]!);
  });
};

const storeMultiple: Transfer = (s, registers, q, lane, interleaved, address) => {
  const count = registers.length;
  const bytes = q ? 16 : 8;
  const window = s.writable(address, count * bytes);
  const values = registers.map((register) => s.v(register));
  const whereIs = (at: number): number => {
    if (!interleaved) return Math.floor(at / bytes) * 16 + (at % bytes);
    const index = Math.floor(at / lane);
    return (index % count) * 16 + Math.floor(index / count) * lane + (at % lane);
  };
  for (let at = 0; at < count * bytes; at += 16) {
    const chunk = gather(s, values, (byte) => (at + byte < count * bytes ? whereIs(at + byte) : 0));
    if (at + 16 > count * bytes) s.store64(window, at, s.v128.extract_u(64, chunk, 0));
    else s.store128(window, at, chunk);
  }
  s.commit(window);
};

const loadLane = <V extends Values>(s: Semantics<V>, bits: LaneBits, window: V['window'], offset: number): V['i64'] => {
  if (bits === 64) return s.load64(window, offset);
  return s.extend_u(bits === 32 ? s.load32(window, offset) : bits === 16 ? s.load16_u(window, offset) : s.load8_u(window, offset));
};
const storeLane = <V extends Values>(s: Semantics<V>, bits: LaneBits, window: V['window'], offset: number, value: V['i64']): void => {
  if (bits === 64) s.store64(window, offset, value);
  else if (bits === 32) s.store32(window, offset, s.wrap(value));
  else if (bits === 16) s.store16(window, offset, s.wrap(value));
  else s.store8(window, offset, s.wrap(value));
};

/** The three ways to give the address: plain, followed by the size of the transfer, followed by a register. */
const MODES = [
  { suffix: '', bits: '0', rm: '00000', register: false, after: () => '' },
  { suffix: '_post', bits: '1', rm: '11111', register: false, after: (bytes: string) => `, ${bytes}` },
  { suffix: '_post_register', bits: '1', rm: 'rm', register: true, after: () => ', {rm:x}' },
] as const;
type Mode = (typeof MODES)[number];

function updateBase<V extends Values>(
  s: Semantics<V>,
  mode: Mode,
  o: { readonly rn: V['reg']; readonly rm: V['reg'] },
  address: V['i64'],
  bytes: number,
): void {
  if (mode.suffix === '') return;
  s.i64.set(o.rn, s.i64.add(address, mode.register ? s.i64.get(o.rm) : s.i64.const(bytes)));
}

const multiple = (structure: number, count: number, opcode: string): Row[] =>
  MODES.flatMap((mode) =>
    ([storeMultiple, loadMultiple] as const).map((transfer, l) => {
      const name = `${l ? 'ld' : 'st'}${structure}`;
      return insn(
        `${name}_${count}${mode.suffix}`,
        `0 q 001100 ${mode.bits} ${l} 0 ${mode.rm} ${opcode} size:2 rn|base vt`,
        `${name} {vt:list${count} size.q:8b|16b|4h|8h|2s|4s|1d|2d}, [{rn:x}]${mode.after(`#{q:${8 * count}|${16 * count}}`)}`,
        { q: BIT, size: SIZES, ...SIBLINGS },
        (s, o) => {
          const address = s.base(o.rn);
          transfer(s, registersOf(o, count), o.q, laneBits(o.size) / 8, structure > 1, address);
          updateBase(s, mode, o, address, (o.q ? 16 : 8) * count);
        },
        structure > 1 ? notOneLane : undefined,
      );
    }),
  );

/** Opcode bits, S and size of single-lane transfers, with the lane number among them. */
const LANES: readonly {
  readonly bits: LaneBits;
  readonly opcode: string;
  readonly place: string;
  readonly lane: Readonly<Record<string, number>>;
}[] = [
  { bits: 8, opcode: '00', place: 's size:2', lane: { q: 1, s: 1, size: 2 } },
  { bits: 16, opcode: '01', place: 's size:1 0', lane: { q: 1, s: 1, size: 1 } },
  { bits: 32, opcode: '10', place: 's 00', lane: { q: 1, s: 1 } },
  { bits: 64, opcode: '10', place: '0 01', lane: { q: 1 } },
];

const singles = (count: number): Row[] =>
  MODES.flatMap((mode) =>
    LANES.flatMap(({ bits, opcode, place, lane }): Row[] => {
      const bytes = (bits / 8) * count;
      const r = (count - 1) & 1;
      const pattern = (l: number): string =>
        `0 q 001101 ${mode.bits} ${l} ${r} ${mode.rm} ${opcode}${(count - 1) >> 1} ${place} rn|base vt`;
      const syntax = `{vt:list${count} ${letter(bits)}}[{${Object.keys(lane).join('.')}:d}], [{rn:x}]${mode.after(`#${bytes}`)}`;
      const fields = { lane: laneBytes(bits, lane), ...SIBLINGS };
      return [
        insn(`ld${count}_lane_${letter(bits)}${mode.suffix}`, pattern(1), `ld${count} ${syntax}`, fields, (s, o) => {
          const address = s.base(o.rn);
          const window = s.readable(address, bytes);
          const values = registersOf(o, count).map((_, i) => loadLane(s, bits, window, (i * bits) / 8));
          registersOf(o, count).forEach((register, i) => {
            insertLane(s, bits, register, o.lane, s.v128.splat(bits, values[i]!));
          });
          updateBase(s, mode, o, address, bytes);
        }),
        insn(`st${count}_lane_${letter(bits)}${mode.suffix}`, pattern(0), `st${count} ${syntax}`, fields, (s, o) => {
          const address = s.base(o.rn);
          const window = s.writable(address, bytes);
          registersOf(o, count).forEach((register, i) => {
            const picked = everyLaneFrom(s, bits, s.v(register), o.lane);
            storeLane(s, bits, window, (i * bits) / 8, s.v128.extract_u(bits, picked, 0));
          });
          s.commit(window);
          updateBase(s, mode, o, address, bytes);
        }),
      ];
    }),
  );

const replicated = (count: number): Row[] =>
  MODES.map((mode) =>
    insn(
      `ld${count}r${mode.suffix}`,
      `0 q 001101 ${mode.bits} 1 ${(count - 1) & 1} ${mode.rm} 11${(count - 1) >> 1} 0 size:2 rn|base vt`,
      `ld${count}r {vt:list${count} size.q:8b|16b|4h|8h|2s|4s|1d|2d}, [{rn:x}]${mode.after(`#{size:${[1, 2, 4, 8].map((b) => b * count).join('|')}}`)}`,
      { q: BIT, size: SIZES, ...SIBLINGS },
      (s, o) => {
        const bits = laneBits(o.size);
        const bytes = (bits / 8) * count;
        const address = s.base(o.rn);
        const window = s.readable(address, bytes);
        const values = registersOf(o, count).map((_, i) => loadLane(s, bits, window, (i * bits) / 8));
        registersOf(o, count).forEach((register, i) => {
          setVector(s, o.q, register, s.v128.splat(bits, values[i]!));
        });
        updateBase(s, mode, o, address, bytes);
      },
    ),
  );

export const simdStructures: readonly Row[] = [
  ...multiple(4, 4, '0000'),
  ...multiple(1, 4, '0010'),
  ...multiple(3, 3, '0100'),
  ...multiple(1, 3, '0110'),
  ...multiple(1, 1, '0111'),
  ...multiple(2, 2, '1000'),
  ...multiple(1, 2, '1010'),
  ...[1, 2, 3, 4].flatMap(singles),
  ...[1, 2, 3, 4].flatMap(replicated),
];
