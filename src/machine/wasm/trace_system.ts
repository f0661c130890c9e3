/** Tracing of control flow, exceptions and system registers. */

import type { SystemSemantics } from '../../isa/semantics_system.ts';
import { TRAP_BREAKPOINT, TRAP_SYSCALL, TRAP_UNDEFINED } from '../../platform/cpu.ts';
import { AT_FPCR, AT_FPSR, AT_TPIDR, AT_X30 } from '../layout.ts';
import type { Helper } from './helpers.ts';
import { CONTROL, GENERAL, type Ir, type Node, SYSTEM } from './ir.ts';
import { I32, I32_LOAD, I32_STORE, I64, I64_LOAD, I64_STORE, i64, VOID } from './opcodes.ts';
import type { TraceValues } from './trace.ts';

/** CNTVCT_EL0; provided by JavaScript. */
export const counterHelper: Helper = {
  name: 'counter',
  params: [],
  result: I64,
  reads: SYSTEM,
  writes: SYSTEM,
  build: undefined,
};

/** IC IVAU at an address; provided by JavaScript. */
export const invalidateCodeHelper: Helper = {
  name: 'invalidateCode',
  params: [I64],
  result: VOID,
  reads: 0,
  writes: SYSTEM,
  build: undefined,
};

export function traceSystem(ir: Ir): SystemSemantics<TraceValues> {
  const fixed = (offset: number): { slot: undefined; offset: number } => ({ slot: undefined, offset });
  const get32 = (offset: number) => (): Node => ir.loadState(SYSTEM, I32, I32_LOAD, fixed(offset));
  const set32 =
    (offset: number) =>
    (value: Node): void =>
      ir.storeState(SYSTEM, I32_STORE, fixed(offset), value);
  const trap = (kind: number, syndrome: Node): void => {
    ir.effect(CONTROL, [syndrome], { kind: 'trap', trap: kind });
  };
  const pc = (): Node => ir.add(I64, [], 0, 0, { kind: 'pc' });
  return {
    pc,
    branch: (offset) => {
      ir.effect(CONTROL, [offset], { kind: 'branch' });
    },
    branchIf: (condition, offset) => {
      ir.effect(CONTROL, [offset, condition], { kind: 'branch' });
    },
    jump: (target) => {
      ir.effect(CONTROL, [target], { kind: 'jump' });
    },
    link: () => ir.storeState(GENERAL, I64_STORE, fixed(AT_X30), ir.pure(I64, i64.add, [pc(), ir.const(I64, 4)])),
    svc: (immediate) => trap(TRAP_SYSCALL, immediate),
    brk: (immediate) => trap(TRAP_BREAKPOINT, immediate),
    undefined: () => trap(TRAP_UNDEFINED, ir.const(I32, 0)),
    yield: () => {
      ir.effect(CONTROL, [], { kind: 'yield' });
    },
    tpidr: () => ir.loadState(SYSTEM, I64, I64_LOAD, fixed(AT_TPIDR)),
    setTpidr: (value) => ir.storeState(SYSTEM, I64_STORE, fixed(AT_TPIDR), value),
    fpcr: get32(AT_FPCR),
    setFpcr: set32(AT_FPCR),
    fpsr: get32(AT_FPSR),
    setFpsr: set32(AT_FPSR),
    counter: () => ir.call(counterHelper, []),
    invalidateCode: (address) => {
      ir.call(invalidateCodeHelper, [address]);
    },
  };
}
