/**
 * Runs the conformance programs and compares their output with what real Linux printed.
 *
 *   npx tsx tests/conformance/run.ts [--mode normal|wake|absent|save] [--jit off|on|eager|exits] [--trace] [--show] [PROGRAM.c | TOPIC …]
 *   npx tsx tests/conformance/run.ts --record COMMAND [PROGRAM.c | TOPIC …]
 *
 * --record runs the programs on a real Linux: COMMAND is given `--timeout S --add FOLDER -- SCRIPT` and must run the script there with
 * the folder's contents copied to its root (an emulated arm64 machine).
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JitOptions } from '../../src/machine/jit/jit.ts';
import type { GuestOptions } from './guest_run.ts';

const here = dirname(fileURLToPath(import.meta.url));
const cache = join(here, '../../.build/conformance');
const COMPILER = process.env['HOLM_CC'] ?? 'aarch64-linux-gnu-gcc';
/** Warnings but for those about bad addresses, which the programs pass on purpose. */
const WARNINGS = ['-Wall', '-Wno-nonnull', '-Wno-stringop-overflow', '-Wno-stringop-overread', '-Wno-array-bounds'];

export type Mode = 'normal' | 'wake' | 'absent' | 'save';
export const modes: Readonly<Record<Mode, GuestOptions>> = {
  normal: {},
  wake: { wakeEverything: true },
  absent: { firstTouchAbsent: true },
  save: { saveAndRestore: 0.3 },
};

/** How much is translated: nothing; what pays; everything at first sight; … and code that ends at every transfer that takes fuel. */
export type JitMode = 'off' | 'on' | 'eager' | 'exits';
export const jitModes: Readonly<Record<JitMode, Partial<JitOptions>>> = {
  off: { threshold: Number.POSITIVE_INFINITY },
  on: { threshold: 4, portion: 64 },
  eager: { eager: true, threshold: 0 },
  exits: { eager: true, threshold: 0, quantum: 0 },
};

/** Whether the C programs can be built here. */
export const canCompile = (): boolean => spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).status === 0;

/** Every program of the suite, or those below `names` (topics or files). */
export function programs(names: readonly string[] = []): string[] {
  const all = readdirSync(here, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(here, name))
    .sort();
  if (names.length === 0) return all;
  return all.filter((path) => names.some((name) => relative(here, path).startsWith(name) || path.endsWith(name)));
}

/** The static executable of a program, built once for each content. */
export function build(source: string): string {
  const headers = [dirname(source), here].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.h'))
      .map((name) => join(folder, name)),
  );
  const hash = createHash('sha256');
  for (const path of [source, ...headers]) hash.update(readFileSync(path));
  const output = join(cache, `${basename(dirname(source))}-${basename(source, '.c')}-${hash.digest('hex').slice(0, 12)}`);
  if (!existsSync(output)) {
    mkdirSync(cache, { recursive: true });
    execFileSync(COMPILER, ['-static', '-O1', '-g0', ...WARNINGS, '-pthread', '-I', here, '-o', `${output}.new`, source], {
      stdio: 'inherit',
    });
    execFileSync('mv', [`${output}.new`, output]);
  }
  return output;
}

export const expectedFile = (source: string): string => source.replace(/\.c$/, '.expected');

/** Output and end as they are compared: one line for the exit status or the signal. */
export function report(stdout: string, status: number | null): string {
  const end = status === null ? 'timed out' : (status & 0x7f) === 0 ? `exit ${(status >> 8) & 0xff}` : `signal ${status & 0x7f}`;
  return `${stdout}${stdout === '' || stdout.endsWith('\n') ? '' : '\n'}[${end}]\n`;
}

/** What a program prints in Holm. */
export async function runProgram(source: string, options: GuestOptions): Promise<{ text: string; details: string }> {
  const { runGuest } = await import('./guest_run.ts');
  const result = await runGuest(readFileSync(build(source)), options);
  const details = [...result.log, ...result.calls, result.stderr].join('\n');
  return { text: report(result.stdout, result.status), details };
}

/** Run the programs on a real Linux and keep what they print. */
function record(command: string, sources: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  // It becomes the root: everybody must be able to enter it.
  chmodSync(folder, 0o755);
  try {
    mkdirSync(join(folder, 'conformance'));
    for (const [i, source] of sources.entries()) execFileSync('cp', [build(source), join(folder, 'conformance', String(i))]);
    const script = sources
      .map(
        (_, i) =>
          `echo "@@@@ ${i}"; rm -f /test; cp /conformance/${i} /test; cd /; timeout 60 setsid -w /test </dev/null 2>/dev/null >/out; s=$?; cat /out; ` +
          `if [ -s /out ] && [ "$(tail -c1 /out | od -An -c | tr -d ' ')" != '\\n' ]; then echo; fi; ` +
          `if [ $s -gt 128 ]; then echo "[signal $((s-128))]"; else echo "[exit $s]"; fi`,
      )
      .join('\n');
    const output = execFileSync(command, ['--timeout', '900', '--add', folder, '--', script], { encoding: 'latin1', maxBuffer: 1 << 28 });
    const parts = output.split(/^@@@@ (\d+)\r?\n/m);
    for (let i = 1; i < parts.length; i += 2) {
      writeFileSync(expectedFile(sources[Number(parts[i])]!), parts[i + 1]!.replaceAll('\r\n', '\n'), 'latin1');
    }
    console.log(`${(parts.length - 1) / 2} of ${sources.length} recorded`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The first lines that differ. */
function difference(expected: string, actual: string): string {
  const a = expected.split('\n');
  const b = actual.split('\n');
  const lines: string[] = [];
  for (let i = 0; i < Math.max(a.length, b.length) && lines.length < 16; i++) {
    if (a[i] !== b[i]) lines.push(`  line ${i + 1}: Linux ${JSON.stringify(a[i] ?? null)}`, `       Holm ${JSON.stringify(b[i] ?? null)}`);
  }
  return lines.join('\n');
}

async function main(argv: string[]): Promise<void> {
  const flag = (name: string): boolean => argv.includes(name) && argv.splice(argv.indexOf(name), 1).length > 0;
  const value = (name: string): string | undefined => (argv.includes(name) ? argv.splice(argv.indexOf(name), 2)[1] : undefined);
  const mode = (value('--mode') ?? 'normal') as Mode;
  const jit = value('--jit') as JitMode | undefined;
  const recorder = value('--record');
  const trace = flag('--trace');
  const show = flag('--show');
  const sources = programs(argv);
  if (sources.length === 0) throw new Error('no such programs');
  if (recorder !== undefined) {
    record(recorder, sources);
    return;
  }
  let failed = 0;
  for (const source of sources) {
    const name = relative(here, source);
    const started = performance.now();
    const { text, details } = await runProgram(source, { ...modes[mode], ...(jit && { jit: jitModes[jit], timeout: 600_000 }), trace });
    const time = `${Math.round(performance.now() - started)} ms`;
    const file = expectedFile(source);
    if (show || !existsSync(file)) {
      process.stdout.write(`${text}${details.replace(/^(?=.)/gm, '    ')}\n`);
      console.log(`?  ${name} ${time}: no expectation is recorded`);
    } else if (readFileSync(file, 'latin1') === text) console.log(`ok ${name} ${time}`);
    else {
      failed++;
      console.log(`FAILED ${name} ${time}\n${difference(readFileSync(file, 'latin1'), text)}\n${details.replace(/^(?=.)/gm, '    ')}`);
    }
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && statSync(process.argv[1]).ino === statSync(fileURLToPath(import.meta.url)).ino) {
  await main(process.argv.slice(2));
}
