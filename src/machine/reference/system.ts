/** Reference meaning of control flow, exceptions and system registers. */

import type { SystemSemantics } from '../../isa/semantics_system.ts';
import { ACCESS_READ, TRAP_BREAKPOINT, TRAP_FUEL, TRAP_SYSCALL, TRAP_UNDEFINED } from '../../platform/cpu.ts';
import { REG_FPCR, REG_FPSR, REG_PC, REG_TPIDR, REG_X } from '../../platform/registers.ts';
import { untag } from './memory.ts';
import { type BigValues, type ReferenceState, ReferenceTrap, readWords, writeWords } from './state.ts';

export function referenceSystem(state: ReferenceState): SystemSemantics<BigValues> {
  const { registers } = state;
  const pc = (): bigint => readWords(registers, REG_PC, 2);
  const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
  const get = (word: number) => (): bigint => BigInt(registers[word]! >>> 0);
  const set =
    (word: number) =>
    (value: bigint): void => {
      registers[word] = Number(value);
    };
  const branchIf = (condition: bigint, offset: bigint): void => {
    if (condition !== 0n) state.nextPc = u64(pc() + offset);
  };
  const trap = (kind: number, syndrome: bigint): never => {
    throw new ReferenceTrap(kind, 0n, 0, Number(syndrome));
  };
  return {
    pc,
    branch: (offset) => branchIf(1n, offset),
    branchIf,
    jump: (target) => {
      state.nextPc = untag(target);
    },
    link: () => writeWords(registers, REG_X + 60, 2, u64(pc() + 4n)),
    svc: (immediate) => trap(TRAP_SYSCALL, immediate),
    brk: (immediate) => trap(TRAP_BREAKPOINT, immediate),
    undefined: () => trap(TRAP_UNDEFINED, 0n),
    yield: () => trap(TRAP_FUEL, 0n),
    tpidr: () => readWords(registers, REG_TPIDR, 2),
    setTpidr: (value) => writeWords(registers, REG_TPIDR, 2, value),
    fpcr: get(REG_FPCR),
    setFpcr: set(REG_FPCR),
    fpsr: get(REG_FPSR),
    setFpsr: set(REG_FPSR),
    counter: () => state.counter(),
    invalidateCode: (address) => state.memory.check(untag(address), 1, ACCESS_READ),
  };
}
