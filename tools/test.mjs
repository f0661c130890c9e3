/** `npm test`: builds, runs the tests, names what was skipped; the last line is `N passed, N failed, N skipped`. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root, run, tool } from './run.mjs';

await build();
const report = join(root, '.build', 'test-report.json');
mkdirSync(join(root, '.build'), { recursive: true });
rmSync(report, { force: true });
const done = run(
  tool('vitest'),
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  { orExit: false },
);

let result;
try {
  result = JSON.parse(readFileSync(report, 'utf8'));
} catch {
  console.error('holm: the test runner left no report');
  process.exit(done.status || 1);
}
const tests = result.testResults.flatMap((file) => file.assertionResults.map((t) => ({ ...t, file: file.name })));
const count = (...states) => tests.filter((t) => states.includes(t.status)).length;
const skipped = tests.filter((t) => ['skipped', 'pending', 'todo', 'disabled'].includes(t.status));
if (skipped.length > 0) {
  console.log('\nSkipped:');
  for (const t of skipped) console.log(`  ${t.fullName}`);
}
const brokenFiles = result.testResults.filter(
  (f) => f.status === 'failed' && f.assertionResults.every((t) => t.status !== 'failed'),
).length;
const failed = count('failed') + brokenFiles;
console.log(`\n${count('passed')} passed, ${failed} failed, ${skipped.length} skipped`);
process.exitCode = failed > 0 || done.status !== 0 ? 1 : 0;
