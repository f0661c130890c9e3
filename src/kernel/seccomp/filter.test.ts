import { describe, expect, test } from 'vitest';
import { SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRAP } from '../../abi/seccomp.ts';
import { ClassicProgram, runClassic } from '../bpf/classic_program.ts';
import { MemoryGroup } from '../mm/memory_group.ts';
import { alwaysReturns, isFilter } from './check_program.ts';
import { priceOfFilter, runFilters, SeccompFilter } from './filter.ts';

const CODES = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0c, 0x15, 0x1d, 0x16, 0x20, 0x24, 0x25, 0x2c, 0x34, 0x35, 0x3c, 0x3d, 0x45,
];
const MORE = [
  0x44, 0x4c, 0x4d, 0x54, 0x5c, 0x60, 0x61, 0x64, 0x6c, 0x74, 0x7c, 0x80, 0x81, 0x84, 0x87, 0x94, 0xa4, 0xac, 0x28, 0x30, 0x40, 0xff,
];

function program(insns: readonly (readonly [code: number, jt: number, jf: number, k: number])[]): ClassicProgram {
  const view = new DataView(new ArrayBuffer(insns.length * 8));
  for (const [i, [code, jt, jf, k]] of insns.entries()) {
    view.setUint16(8 * i, code, true);
    view.setUint8(8 * i + 2, jt);
    view.setUint8(8 * i + 3, jf);
    view.setUint32(8 * i + 4, k, true);
  }
  return new ClassicProgram(new Uint8Array(view.buffer));
}

const returning = (value: number): ClassicProgram => program([[0x06, 0, 0, value]]);

describe('filters', () => {
  test('an accepted program ends with a 32-bit number, whatever it is', () => {
    let seed = 1;
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % limit;
    };
    const codes = [...CODES, ...MORE];
    const data = Uint32Array.from({ length: 16 }, () => random(2 ** 24) * 257);
    let accepted = 0;
    for (let round = 0; round < 6000; round++) {
      const length = 1 + random(8);
      const filter = program(
        Array.from({ length }, (_, i) =>
          i === length - 1
            ? [random(2) * 0x10 + 6, 0, 0, random(2 ** 24)]
            : [codes[random(codes.length)]!, random(4), random(4), random(70)],
        ),
      );
      if (round % 100 === 0) expect(program(decode(filter.encode())).encode()).toEqual(filter.encode());
      if (!isFilter(filter)) continue;
      accepted++;
      const value = runClassic(filter, data);
      expect(value).toBe(value >>> 0);
      if (alwaysReturns(filter, [data[0]!, data[1]!], value))
        expect(
          runClassic(
            filter,
            data.map((word, i) => (i < 2 ? word : ~word)),
          ),
        ).toBe(value);
    }
    expect(accepted).toBeGreaterThan(100);
  });

  test('the action that comes first in the order wins, of equals the latest', () => {
    const payer = new MemoryGroup(null, 0);
    let path: SeccompFilter | null = null;
    for (const value of [SECCOMP_RET_ERRNO + 1, SECCOMP_RET_TRAP + 2, SECCOMP_RET_TRAP + 3, SECCOMP_RET_ALLOW])
      path = new SeccompFilter(path, returning(value), payer, false, false);
    expect(runFilters(path!, new Uint32Array(16)).value).toBe(SECCOMP_RET_TRAP + 3);
    const killing = new SeccompFilter(path, returning(SECCOMP_RET_KILL_PROCESS), payer, false, false);
    expect(runFilters(killing, new Uint32Array(16)).value).toBe(SECCOMP_RET_KILL_PROCESS);
    expect(killing.depth).toBe(5);
    expect(killing.allows(1)).toBe(false);
  });

  test('a path is paid for until its last user has gone', () => {
    const payer = new MemoryGroup(null, 0);
    const price = priceOfFilter(returning(0));
    const make = (previous: SeccompFilter | null): SeccompFilter => {
      payer.tryCharge(price);
      payer.kernelBytes += price;
      return new SeccompFilter(previous, returning(SECCOMP_RET_ALLOW), payer, false, false);
    };
    const root = make(null);
    // A child with the same filter; both add one of their own.
    const one = make(root.get());
    const two = make(root);
    expect(one.descendsFrom(root)).toBe(true);
    expect(one.descendsFrom(two)).toBe(false);
    expect(payer.kernelBytes).toBe(3 * price);
    one.put();
    expect(payer.kernelBytes).toBe(2 * price);
    expect(root.orphaned).toBe(false);
    two.put();
    expect(payer.kernelBytes).toBe(0);
    expect(root.orphaned).toBe(true);
  });
});

function decode(bytes: Uint8Array): [number, number, number, number][] {
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 8 }, (_, i) => [
    view.getUint16(8 * i, true),
    bytes[8 * i + 2]!,
    bytes[8 * i + 3]!,
    view.getUint32(8 * i + 4, true),
  ]);
}
