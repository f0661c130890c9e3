/** Which registers of a region are better kept as doubles than as patterns. */

import { GENERAL, type Node, type Trace, VECTOR } from '../wasm/ir.ts';
import { F64, I32_LOAD, i64 } from '../wasm/opcodes.ts';
import type { Instruction } from './instruction.ts';
import { bitsOf } from './register_set.ts';

const SIGN = -(2n ** 63n);
const MAGNITUDE = 2n ** 63n - 1n;

/** The sign is changed or cleared: there are instructions for doubles. */
function changesSign({ body, args }: Node): boolean {
  if (body.kind !== 'pure') return false;
  const constant = args[1]?.body;
  if (constant?.kind !== 'const') return false;
  return (body.opcode === i64.xor && constant.value === SIGN) || (body.opcode === i64.and && constant.value === MAGNITUDE);
}

const isGeneral = ({ reads, writes }: Node): boolean => ((reads | writes) & GENERAL) !== 0;

/** Whether an access takes a register for a double; undefined: for anything of 64 bits, or it is not one of the vector registers. */
export function isDouble(access: Node, nodes: Trace): boolean | undefined {
  const { body } = access;
  if (((access.reads | access.writes) & VECTOR) === 0) return undefined;
  if (body.kind === 'storeState') {
    const value = access.args[0]!;
    if (value.body.kind === 'call') return value.body.helper.inline?.result === F64;
    if (changesSign(value)) return true;
    return isGeneral(value) || (value.body.kind === 'pure' && value.body.opcode === i64.extend_i32_u) ? false : undefined;
  }
  if (body.kind === 'loadState' && body.opcode === I32_LOAD) return false;
  for (const user of nodes) {
    if (!user.args.includes(access)) continue;
    if (changesSign(user)) return true;
    if (user.body.kind === 'call' || user.body.kind === 'setFlagsBy')
      return user.body.helper.inline?.params[user.args.indexOf(access)] === F64;
    if (isGeneral(user)) return false;
  }
  return undefined;
}

interface Block {
  readonly instructions: readonly Pick<Instruction, 'doubles' | 'others'>[];
}

/** Those that are used as doubles at least as often as otherwise. */
export function doublesOf(blocks: readonly Block[]): number {
  const balance = new Int32Array(32);
  let used = 0;
  const count = (registers: number, by: number): void => {
    for (const register of bitsOf(registers)) balance[register]! += by;
  };
  for (const { instructions } of blocks) {
    for (const { doubles, others } of instructions) {
      used |= doubles;
      count(doubles, 1);
      count(others, -1);
    }
  }
  let result = 0;
  for (const register of bitsOf(used)) if (balance[register]! >= 0) result |= 1 << register;
  return result;
}
