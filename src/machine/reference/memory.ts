/** Reference meaning of memory accesses and the exclusive monitor. */

import type { MemorySemantics } from '../../isa/semantics_memory.ts';
import { ACCESS_READ, ACCESS_WRITE, TRAP_ALIGNMENT } from '../../platform/cpu.ts';
import { REG_MONITOR_ADDRESS, REG_MONITOR_SIZE, REG_MONITOR_VALUE } from '../../platform/registers.ts';
import { wordOf } from './integer.ts';
import { type BigValues, type ReferenceState, ReferenceTrap, readWords, writeWords } from './state.ts';

/** The address without its tag: bit 55 extended over the top byte. */
export const untag = (address: bigint): bigint => BigInt.asUintN(64, BigInt.asIntN(56, address));

export function referenceMemory(state: ReferenceState): MemorySemantics<BigValues> {
  const { registers, memory } = state;
  const requireAlignment = (address: bigint, bytes: number): void => {
    if (address % BigInt(bytes) !== 0n) throw new ReferenceTrap(TRAP_ALIGNMENT, address);
  };
  const open =
    (...accesses: number[]) =>
    (address: bigint, bytes: number): bigint => {
      for (const access of accesses) memory.check(untag(address), bytes, access);
      return untag(address);
    };
  const load = (bytes: number) => (window: bigint, offset: number) => memory.read(window + BigInt(offset), bytes);
  const store = (bytes: number) => (window: bigint, offset: number, value: bigint) =>
    memory.write(window + BigInt(offset), bytes, BigInt.asUintN(8 * bytes, value));
  return {
    base(register) {
      const address = register === 31 ? 0n : readWords(registers, wordOf(register), 2);
      if (register === 32) requireAlignment(address, 16);
      return address;
    },
    requireAlignment,
    readable: open(ACCESS_READ),
    writable: open(ACCESS_WRITE),
    updatable: open(ACCESS_READ, ACCESS_WRITE),
    commit: () => {},
    load8_u: load(1),
    load16_u: load(2),
    load32: load(4),
    load64: load(8),
    load128: load(16),
    store8: store(1),
    store16: store(2),
    store32: store(4),
    store64: store(8),
    store128: store(16),
    setExclusive(address, bytes, low, high) {
      registers[REG_MONITOR_SIZE] = bytes;
      writeWords(registers, REG_MONITOR_ADDRESS, 2, address);
      writeWords(registers, REG_MONITOR_VALUE, 2, low);
      if (bytes === 16) writeWords(registers, REG_MONITOR_VALUE + 2, 2, high);
    },
    holdsExclusive(address, bytes, low, high) {
      const value = readWords(registers, REG_MONITOR_VALUE, bytes === 16 ? 4 : 2);
      const held =
        registers[REG_MONITOR_SIZE] === bytes &&
        readWords(registers, REG_MONITOR_ADDRESS, 2) === address &&
        value === (bytes === 16 ? low | (high << 64n) : low);
      return held ? 1n : 0n;
    },
    clearExclusive: () => {
      registers[REG_MONITOR_SIZE] = 0;
    },
  };
}
