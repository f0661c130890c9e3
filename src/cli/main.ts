/** The holm command: parses, calls the engine's API, and turns failures into one line and docker's exit codes. */

import { Command, CommanderError } from 'commander';
import { HolmError } from '../hosts/node/index.ts';
import { addDemoCommand } from './demo.ts';
import { addImageCommands } from './images.ts';
import { addRunCommand } from './run.ts';
import { version } from './version.ts';

/** The engine itself failed, as docker reports it. */
const EXIT_ENGINE = 125;

/** Ended by Ctrl-C. */
const EXIT_INTERRUPTED = 130;

/** Run the command line; sets process.exitCode and returns when the work is done. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('holm')
    .description('Containers on a kernel of their own: runs arm64 Linux programs anywhere, without root or a virtual machine.')
    .version(version, '-V, --version', 'print the version')
    .enablePositionalOptions()
    .showHelpAfterError('(run "holm help" for the commands)')
    .exitOverride();
  addRunCommand(program);
  addImageCommands(program);
  program
    .command('version')
    .description('show the version of Holm, its kernel and its runtime')
    .action(() => {
      console.log(
        `Holm     ${version}\nKernel   Linux 6.12 (Holm), aarch64\nNode     ${process.versions.node} (V8 ${process.versions.v8})`,
      );
    });
  addDemoCommand(program);
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(argv as string[], { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Print one clear line and choose the exit status. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_ENGINE;
  if (error instanceof HolmError) {
    process.stderr.write(`holm: ${error.message}\n`);
    return error.code === 'ECANCELED' ? EXIT_INTERRUPTED : error.exitCode;
  }
  process.stderr.write(`holm: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_ENGINE;
}
