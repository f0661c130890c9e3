/**
 * `npm run bench`: ours, qemu-user and native side by side, as ratios taken in one run.
 * See docs/decisions/performance.md for what the figures mean.
 */

import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createEngine } from '../src/hosts/node/index.ts';
import { Context, type Suite } from './context.ts';
import { type Entry, failure, holds, type Row, ratio, summarize } from './measure.ts';
import { buildPrograms, CROSS_COMPILER } from './programs.ts';
import { heading, line, means } from './report.ts';
import { compute } from './suites/compute.ts';
import { debian, short } from './suites/debian.ts';
import { interpreter } from './suites/interpreter.ts';
import { ipc, kernel } from './suites/kernel.ts';
import { namespaces } from './suites/namespaces.ts';
import { session } from './suites/session.ts';
import { start } from './suites/start.ts';

const suites: readonly Suite[] = [interpreter, kernel, start, compute, debian, short, ipc, namespaces, session];

const help = `Usage: npm run bench -- [options]

Runs the same programs on Holm, under qemu-aarch64 and (built for this machine) natively, in turn, and prints the
median of the samples, their spread (half the distance between the quartiles) and the ratios.

  --only NAME    run this suite only; may be repeated
  --rounds N     samples of each system (5)
  --json FILE    write all samples to FILE
  --node PATH    the Node that runs Holm (the one that runs this)
  --image NAME   an image of Debian in the store, for Debian's own programs (tools or debian)
  --help

Suites:
${suites.map(({ name, about }) => `  ${name.padEnd(13)}${about}`).join('\n')}
`;

const { values } = orExit(() => {
  const parsed = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '5' },
      json: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      image: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const { only, rounds } = parsed.values;
  const unknown = only?.find((name) => !suites.some((suite) => suite.name === name));
  if (unknown !== undefined) throw new Error(`no suite is called "${unknown}"`);
  if (!(Number(rounds) >= 1)) throw new Error(`not a number of samples: "${rounds}"`);
  return parsed;
});

/** What is wrong with the options takes one line. */
function orExit<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    console.error(`bench: ${(error as Error).message} (see --help)`);
    process.exit(2);
  }
}

/** The image with Debian's programs: the one asked for, or what the store has. */
async function debianImage(): Promise<string | null> {
  await using engine = await createEngine();
  for (const name of values.image === undefined ? ['tools', 'debian'] : [values.image]) if (await engine.images.has(name)) return name;
  return null;
}

const details = (entry: Entry): object =>
  !('samples' in entry)
    ? entry
    : {
        ...entry,
        medians: Object.fromEntries(Object.entries(entry.samples).map(([name, samples]) => [name, summarize(samples).median])),
        ratios: { qemu: ratio(entry, 'qemu')?.median, native: ratio(entry, 'native')?.median },
        holds: holds(entry) ?? undefined,
      };

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const chosen = suites.filter(({ name }) => values.only === undefined || values.only.includes(name));
  const programs = buildPrograms();
  if (programs === null) {
    console.log(`skipped: everything; ${CROSS_COMPILER} is not installed`);
    return;
  }
  for (const tool of programs.missing) console.log(`skipped: what needs ${tool}, which is not installed`);
  const context = await Context.create(programs, {
    rounds: Number(values.rounds),
    node: values.node,
    image: await debianImage(),
    engine: {},
  });
  console.log(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}`);
  const entries: Entry[] = [];
  for (const suite of chosen) {
    console.log(`\n${suite.name}: ${suite.about}\n${heading()}`);
    const rows: Row[] = [];
    try {
      for await (const entry of suite.run(context)) {
        entries.push(entry);
        console.log(line(entry));
        if ('samples' in entry) rows.push(entry);
      }
    } catch (error) {
      entries.push(failure(suite.name, suite.name, error));
      console.log(line(entries.at(-1)!));
    }
    for (const text of means(rows)) console.log(text);
  }
  await context.close();
  const missed = entries.filter((entry): entry is Row => 'samples' in entry && holds(entry) === false);
  console.log(missed.length === 0 ? '\nAll bounds hold.' : `\nMissed: ${missed.map(({ name }) => name).join('; ')}.`);
  if (entries.some((entry) => 'failed' in entry)) process.exitCode = 1;
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ node: process.version, entries: entries.map(details) }, null, 1)}\n`);
}

await main();
