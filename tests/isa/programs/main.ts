/**
 * Random programs, as many as wanted, by the reference back end, the interpreter and translated code:
 *   npx tsx tests/isa/programs/main.ts [--count N] [--seed N] [--turns N] [--reference PERCENT] [--mode NAME] [--all]
 * What differs is made smaller and printed; the exit status is then 1.
 */

import { parseArgs } from 'node:util';
import { arm64 } from '../../../src/isa/arm64/table.ts';
import { Disassembler } from '../../../src/isa/disassembler.ts';
import { InsnTable } from '../../../src/isa/insn_table.ts';
import { CODE } from './layout.ts';
import { MODES, type ModeName, Stand } from './stand.ts';
import type { Result } from './trial.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    turns: { type: 'string', default: '40' },
    reference: { type: 'string', default: '5' },
    mode: { type: 'string' },
    all: { type: 'boolean', default: false },
  },
});

const disassembler = new Disassembler(new InsnTable(arm64));
const count = Number(values.count);
const seed = Number(values.seed);
const turns = Number(values.turns);
const modes = values.mode === undefined ? (Object.keys(MODES) as ModeName[]) : [values.mode as ModeName];

/** Replaces by NOP what the difference does not need. */
function reduce(stand: Stand, at: number, mode: ModeName): { result: Result; without: Set<number> } {
  const without = new Set<number>();
  let result = stand.fresh().try(at, mode, { turns });
  const used = [...result.program.words.keys()].filter((i) => result.program.words[i] !== 0xd4000001);
  for (let chunk = 16; chunk >= 1; chunk >>= 2) {
    for (let i = 0; i < used.length; i += chunk) {
      const more = new Set([...without, ...used.slice(i, i + chunk)]);
      const smaller = stand.fresh().try(at, mode, { turns, without: more });
      if (!smaller.failure) continue;
      result = smaller;
      for (const word of more) without.add(word);
    }
  }
  return { result, without };
}

function print({ program, failure, log }: Result): void {
  for (const line of log.slice(-20)) console.log(`  ${line}`);
  console.log(`  ${failure}`);
  for (const start of program.starts) console.log(`    block ${start.toString(16)}`);
  program.words.forEach((word, i) => {
    if (word === 0xd4000001 || word === 0xd503201f) return;
    const pc = CODE + 4 * i;
    console.log(`    ${pc.toString(16)}: ${word.toString(16).padStart(8, '0')}  ${disassembler.disassemble(word, pc) ?? '?'}`);
  });
}

const stand = new Stand();
const begin = Date.now();
const traps = new Map<number, number>();
let [failures, instructions] = [0, 0];
for (let i = 0; i < count; i++) {
  const at = seed + i;
  const mode = modes[i % modes.length]!;
  const result = stand.try(at, mode, { turns, reference: i % 100 < Number(values.reference) });
  for (const [kind, times] of result.traps) traps.set(kind, (traps.get(kind) ?? 0) + times);
  instructions += result.program.words.filter((word) => word !== 0xd4000001).length;
  if (!result.failure) continue;
  failures += 1;
  console.log(`seed ${at} mode ${mode}: ${result.failure}`);
  const again = stand.fresh().try(at, mode, { turns });
  if (!again.failure)
    console.log(
      stand.fresh().try(at, mode, { turns, reference: true }).failure ? '  only against the reference' : '  not in a fresh machine',
    );
  else print(reduce(stand, at, mode).result);
  if (!values.all) break;
  stand.renew();
}
const seconds = (Date.now() - begin) / 1000;
console.log(
  `${count} programs from seed ${seed}, ${instructions} instructions, ${failures} different; traps ${[...traps].map(([kind, n]) => `${kind}: ${n}`).join(', ')}; ${seconds.toFixed(1)} s`,
);
process.exitCode = failures > 0 ? 1 : 0;
