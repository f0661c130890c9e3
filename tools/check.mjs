/** `npm run check`: format, lint, types, architecture, dead code, generated docs. Runs all and reports all. */
import { spawn } from 'node:child_process';
import { root, tool } from './run.mjs';

const checks = [
  ['format and lint', tool('biome'), ['ci', '--max-diagnostics=60', '.']],
  ['types', tool('tsc'), ['-b']],
  ['architecture', process.execPath, ['tools/check_architecture.mjs']],
  ['dead code', tool('knip'), ['--no-progress']],
  ['docs current', tool('tsx'), ['tools/generate_docs.ts', '--check']],
];

const one = ([name, command, args]) =>
  new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, { cwd: root });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => resolve({ name, code, output }));
  });

let failed = 0;
for (const { name, code, output } of await Promise.all(checks.map(one))) {
  if (code !== 0) {
    failed++;
    process.stdout.write(output);
  }
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`);
}
process.exitCode = failed ? 1 : 0;
