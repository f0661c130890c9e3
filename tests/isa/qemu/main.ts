/**
 * Random programs by qemu-aarch64, the interpreter and translated code, until so many instructions have been executed:
 *   npx tsx tests/isa/qemu/main.ts [--instructions N] [--seed N]
 */

import { parseArgs } from 'node:util';
import { Random } from '../random_state.ts';
import { Subjects, TOGETHER } from './compare.ts';
import { Qemu } from './qemu.ts';

const { values } = parseArgs({
  options: { instructions: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});
const wanted = Number(values.instructions);
const random = new Random(Number(values.seed));
const qemu = new Qemu();
const subjects = new Subjects();
let [programs, executed, told] = [0, 0, 0];
const failures: string[] = [];
while (executed < wanted && failures.length === 0) {
  const done = subjects.programs(qemu, random, 100 * TOGETHER);
  programs += 100 * TOGETHER;
  executed += done.executed;
  failures.push(...done.failures);
  if (executed - told < 250_000 && executed < wanted && failures.length === 0) continue;
  told = executed;
  console.log(
    `${new Date().toISOString()} seed ${values.seed}: ${programs} programs, ${executed} instructions, ${failures.length} different`,
  );
}
qemu.close();
for (const failure of failures.slice(0, 10)) console.log(failure);
process.exitCode = failures.length > 0 ? 1 : 0;
