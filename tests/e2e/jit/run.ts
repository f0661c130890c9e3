/**
 * Runs scripts with Debian's programs, with the JIT off and in other ways, and compares what they print:
 *   npx tsx tests/e2e/jit/run.ts [--image IMAGE] [--mode NAME]… [SCRIPT …]
 * Scripts are those of this folder, by name without .sh; they want an image with perl, python3, sqlite3, lua5.4, bc and gcc, and skip
 * what is not there.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine } from '../../../src/hosts/node/index.ts';
import { type JitMode, jitModes } from '../../conformance/run.ts';

const { values, positionals } = parseArgs({
  options: { image: { type: 'string', default: 'debian' }, mode: { type: 'string', multiple: true } },
  allowPositionals: true,
});
const here = import.meta.dirname;
const scripts = positionals.length > 0 ? positionals : readdirSync(here).flatMap((name) => /^(.*)\.sh$/.exec(name)?.slice(1) ?? []);
const modes = (values.mode as JitMode[] | undefined) ?? ['on', 'eager', 'exits'];

async function output(script: string, mode: JitMode): Promise<string> {
  await using engine = await createEngine({ jit: jitModes[mode] });
  await using container = await engine.containers.create({ image: values.image, command: ['sleep', 'infinity'] });
  await container.start();
  const { stdout, code } = await container.exec(['bash', '-c', 'exec bash 2>&1'], { input: readFileSync(join(here, `${script}.sh`)) });
  return `${stdout}[exit ${code}]\n`;
}

let failed = 0;
for (const script of scripts) {
  const expected = await output(script, 'off');
  const lines = expected.split('\n').length;
  if (lines < 3) console.log(`?         ${script}: ${expected.trim()}`);
  for (const mode of modes) {
    const started = performance.now();
    const actual = await output(script, mode);
    const time = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    if (actual !== expected) failed += 1;
    console.log(`${actual === expected ? 'ok       ' : 'DIFFERENT'} ${script} ${mode}, ${lines} lines, ${time}`);
    if (actual !== expected) console.log(`--- off\n${expected}--- ${mode}\n${actual}`);
  }
}
process.exitCode = failed > 0 ? 1 : 0;
