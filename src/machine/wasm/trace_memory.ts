/** Tracing of memory accesses and the exclusive monitor. */

import type { MemorySemantics } from '../../isa/semantics_memory.ts';
import { ACCESS_READ, ACCESS_WRITE, TRAP_ALIGNMENT } from '../../platform/cpu.ts';
import { AT_MONITOR_ADDRESS, AT_MONITOR_SIZE, AT_MONITOR_VALUE, AT_SP } from '../layout.ts';
import { CONTROL, GENERAL, type Ir, MEMORY, type Node, SYSTEM } from './ir.ts';
import {
  I32,
  I32_LOAD,
  I32_LOAD8_U,
  I32_LOAD16_U,
  I32_STORE,
  I32_STORE8,
  I32_STORE16,
  I64,
  I64_LOAD,
  I64_STORE,
  i32,
  i64,
  V128,
  V128_LOAD,
  V128_STORE,
  type ValueType,
} from './opcodes.ts';
import type { TraceValues } from './trace.ts';
import { placeOf } from './trace_integer.ts';

export function traceMemory(ir: Ir): MemorySemantics<TraceValues> {
  const window =
    (access: number) =>
    (address: Node, bytes: number): Node =>
      ir.add(I32, [address], 0, CONTROL, { kind: 'window', bytes, access });
  const load =
    (type: ValueType, opcode: number) =>
    (at: Node, offset: number): Node =>
      ir.add(type, [at], MEMORY, 0, { kind: 'load', opcode, offset, immediates: [] });
  const store =
    (opcode: number) =>
    (at: Node, offset: number, value: Node): void => {
      ir.effect(MEMORY, [at, value], { kind: 'store', opcode, offset, immediates: [] });
    };
  const aligned = (address: Node, bytes: number): void => {
    const low = ir.pure(I32, i32.and, [ir.pure(I32, i32.wrap_i64, [address]), ir.const(I32, bytes - 1)]);
    ir.effect(CONTROL, [low, address], { kind: 'trapIf', trap: TRAP_ALIGNMENT });
  };
  const monitor = (offset: number): { slot: undefined; offset: number } => ({ slot: undefined, offset });
  const remember = (opcode: number, offset: number, value: Node): void => ir.storeState(SYSTEM, opcode, monitor(offset), value);
  const both = (a: Node, b: Node): Node => ir.pure(I32, i32.and, [a, b]);
  const equals = (offset: number, value: Node): Node => ir.pure(I32, i64.eq, [ir.loadState(SYSTEM, I64, I64_LOAD, monitor(offset)), value]);
  return {
    base(register) {
      const address = ir.loadState(GENERAL, I64, I64_LOAD, placeOf(register));
      if (register.base === 'sp') aligned(address, 16);
      else if (register.base === 'any') {
        const isSp = ir.pure(I32, i32.eq, [ir.operand(register.slot), ir.const(I32, AT_SP)]);
        const low = ir.pure(I32, i32.and, [ir.pure(I32, i32.wrap_i64, [address]), ir.const(I32, 15)]);
        ir.effect(CONTROL, [ir.pure(I32, i32.mul, [low, isSp]), address], { kind: 'trapIf', trap: TRAP_ALIGNMENT });
      }
      return address;
    },
    requireAlignment: aligned,
    readable: window(ACCESS_READ),
    writable: window(ACCESS_WRITE),
    updatable: window(ACCESS_READ | ACCESS_WRITE),
    commit: (at) => {
      ir.effect(MEMORY, [at], { kind: 'commit' });
    },
    load8_u: load(I32, I32_LOAD8_U),
    load16_u: load(I32, I32_LOAD16_U),
    load32: load(I32, I32_LOAD),
    load64: load(I64, I64_LOAD),
    load128: load(V128, V128_LOAD),
    store8: store(I32_STORE8),
    store16: store(I32_STORE16),
    store32: store(I32_STORE),
    store64: store(I64_STORE),
    store128: store(V128_STORE),
    setExclusive(address, bytes, low, high) {
      remember(I32_STORE, AT_MONITOR_SIZE, ir.const(I32, bytes));
      remember(I64_STORE, AT_MONITOR_ADDRESS, address);
      remember(I64_STORE, AT_MONITOR_VALUE, low);
      if (bytes === 16) remember(I64_STORE, AT_MONITOR_VALUE + 8, high);
    },
    holdsExclusive(address, bytes, low, high) {
      const size = ir.loadState(SYSTEM, I32, I32_LOAD, monitor(AT_MONITOR_SIZE));
      let held = both(ir.pure(I32, i32.eq, [size, ir.const(I32, bytes)]), equals(AT_MONITOR_ADDRESS, address));
      held = both(held, equals(AT_MONITOR_VALUE, low));
      return bytes === 16 ? both(held, equals(AT_MONITOR_VALUE + 8, high)) : held;
    },
    clearExclusive: () => remember(I32_STORE, AT_MONITOR_SIZE, ir.const(I32, 0)),
  };
}
