/** `npm run bench`: builds the command and runs the benchmarks; `npm run bench -- --help` lists the options. */
import { build } from './build.mjs';
import { run, tool } from './run.mjs';

await build();
process.exitCode = run(tool('tsx'), ['bench/main.ts', ...process.argv.slice(2)], { orExit: false }).status ?? 1;
