/** The reference back end: executes one decoded instruction with bigints. Slow, and short enough to check by eye: the oracle of the tests. */

import type { Decoded } from '../../isa/decoder.ts';
import type { Semantics } from '../../isa/semantics.ts';
import type { Values } from '../../isa/values.ts';
import { TRAP_FUEL, TRAP_UNDEFINED } from '../../platform/cpu.ts';
import { REG_PC } from '../../platform/registers.ts';
import { referenceFloat } from './float.ts';
import { referenceInteger } from './integer.ts';
import { referenceMemory } from './memory.ts';
import { type BigValues, type ReferenceState, ReferenceTrap, readWords, writeWords } from './state.ts';
import { referenceSystem } from './system.ts';
import { referenceVector } from './vector.ts';

/** Executes one instruction, the pc included. A trap is returned, with the registers as they were. */
export function execute(state: ReferenceState, decoded: Decoded | undefined): ReferenceTrap | undefined {
  if (!decoded) return new ReferenceTrap(TRAP_UNDEFINED);
  const { registers } = state;
  const { row, operands } = decoded.operation.template;
  const s: Semantics<BigValues> = {
    ...referenceInteger(state),
    ...referenceMemory(state),
    ...referenceSystem(state),
    ...referenceFloat(state),
    ...referenceVector(state),
  };
  const o: Record<string, unknown> = { ...decoded.operation.variants };
  operands.forEach((slot, i) => {
    const value = decoded.operands[i]!;
    if (slot.kind === 'i32') o[slot.name] = BigInt.asUintN(32, BigInt(value));
    else if (slot.kind === 'i64') o[slot.name] = BigInt.asUintN(64, BigInt(value));
    else o[slot.name] = slot.sp && value === 31 ? 32 : value;
  });
  const before = registers.slice();
  state.nextPc = BigInt.asUintN(64, readWords(registers, REG_PC, 2) + 4n);
  try {
    row.execute(s as unknown as Semantics<Values>, o as never);
  } catch (trap) {
    if (!(trap instanceof ReferenceTrap)) throw trap;
    if (trap.kind === TRAP_FUEL) writeWords(registers, REG_PC, 2, state.nextPc);
    else registers.set(before);
    return trap;
  }
  writeWords(registers, REG_PC, 2, state.nextPc);
  return undefined;
}
