/**
 * Runs the conformance programs in all modes of the JIT and of the kernel, and prints a table:
 *   npx tsx tests/conformance/matrix.ts [--results FILE] [--again] [--jit NAME]… [--mode NAME]… [PROGRAM.c | TOPIC …]
 * Outcomes are kept in a file as they come, so that it can be stopped and started again: what is there is not run another time, but
 * for failures with --again. A kernel mode and a mode of the JIT are a process of their own (tests/conformance/run.ts).
 */

import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { jitModes, modes, programs } from './run.ts';

interface Outcome {
  readonly jit: string;
  readonly mode: string;
  readonly name: string;
  readonly ok: boolean;
  /** What differs. */
  readonly details: string;
}

const here = import.meta.dirname;
const { values, positionals } = parseArgs({
  options: {
    results: { type: 'string', default: join(here, '../../.build/matrix.jsonl') },
    again: { type: 'boolean', default: false },
    jit: { type: 'string', multiple: true, default: Object.keys(jitModes) },
    mode: { type: 'string', multiple: true, default: Object.keys(modes) },
  },
  allowPositionals: true,
});
const names = programs(positionals).map((path) => relative(here, path));

/** The last outcome of each program, by name. */
function outcomes(jit: string, mode: string): Map<string, Outcome> {
  const found = new Map<string, Outcome>();
  if (!existsSync(values.results)) return found;
  for (const line of readFileSync(values.results, 'utf8').split('\n').filter(Boolean)) {
    const outcome = JSON.parse(line) as Outcome;
    if (outcome.jit === jit && outcome.mode === mode && names.includes(outcome.name)) found.set(outcome.name, outcome);
  }
  return found;
}

async function run(jit: string, mode: string, wanted: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(here, 'run.ts'), '--jit', jit, '--mode', mode, ...wanted], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let outcome: Outcome | undefined;
  const keep = (): void => {
    if (outcome) appendFileSync(values.results, `${JSON.stringify(outcome)}\n`);
  };
  for await (const line of createInterface(child.stdout)) {
    const [, word, name] = /^(ok|FAILED) +(\S+\.c) \d+ ms$/.exec(line) ?? [];
    if (word === undefined) {
      if (outcome) outcome = { ...outcome, details: `${outcome.details}${line}\n` };
      continue;
    }
    keep();
    outcome = { jit, mode, name: name!, ok: word === 'ok', details: '' };
    console.log(`${jit} ${mode}: ${line}`);
  }
  keep();
}

mkdirSync(dirname(values.results), { recursive: true });
for (const jit of values.jit) {
  for (const mode of values.mode) {
    const known = outcomes(jit, mode);
    const wanted = names.filter((name) => !(known.get(name)?.ok ?? false) && (values.again || !known.has(name)));
    if (wanted.length > 0) await run(jit, mode, wanted);
  }
}

let failed = false;
for (const jit of values.jit) {
  for (const mode of values.mode) {
    const known = [...outcomes(jit, mode).values()];
    const failures = known.filter(({ ok }) => !ok);
    failed ||= failures.length > 0;
    const missing = names.length === known.length ? '' : `, ${names.length - known.length} not run`;
    console.log(
      `${jit.padEnd(6)} ${mode.padEnd(7)} ${known.length - failures.length} ok${missing}${failures.map(({ name }) => `, ${name}`).join('')}`,
    );
    for (const { details } of failures) process.stdout.write(details.replace(/^(?=.)/gm, '    '));
  }
}
process.exitCode = failed ? 1 : 0;
