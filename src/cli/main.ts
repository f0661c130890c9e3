/** The holm command: parses, calls the engine's API, and turns failures into one line and docker's exit codes. */

import { Command, CommanderError } from 'commander';
import { HolmError } from '../hosts/node/index.ts';
import { addContainerCommands } from './containers.ts';
import { addDemoCommand } from './demo.ts';
import { addEngineCommand } from './engine_command.ts';
import { addExecCommand } from './exec.ts';
import { addImageCommands } from './images.ts';
import { addInspectCommand } from './inspect.ts';
import { addRunCommand } from './run.ts';
import { addStatsCommands } from './stats.ts';
import { version } from './version.ts';

/** The engine itself failed, as docker reports it. */
const EXIT_ENGINE = 125;

/** A command other than run failed. */
const EXIT_COMMAND = 1;
/** Commands on containers, which docker ends with 1 when they fail. */
const ON_CONTAINERS: ReadonlySet<string> = new Set(
  'attach create exec inspect kill logs pause ps rename restart rm start stop top unpause wait'.split(' '),
);

/** Ended by Ctrl-C. */
const EXIT_INTERRUPTED = 130;

/** Run the command line; sets process.exitCode and returns when the work is done. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('holm')
    .description('Containers on a kernel of their own: runs arm64 Linux programs anywhere, without root or a virtual machine.')
    .version(version, '-V, --version', 'print the version')
    .enablePositionalOptions()
    .addHelpText('after', '\nRun "holm help COMMAND" for the options of a command.')
    .helpCommand(false)
    .exitOverride();
  addRunCommand(program);
  addExecCommand(program);
  addContainerCommands(program);
  addStatsCommands(program);
  addImageCommands(program);
  addInspectCommand(program);
  addEngineCommand(program);
  program
    .command('version')
    .description('show the versions of Holm, of its kernel and of its runtime')
    .action(() => {
      console.log(
        `Holm     ${version}\nKernel   Linux 6.12 (Holm), aarch64\nNode     ${process.versions.node} (V8 ${process.versions.v8})`,
      );
    });
  program
    .command('help')
    .description('show help for a command')
    .argument('[command]')
    .action((name: string | undefined) => {
      const topic = name === undefined ? program : program.commands.find((command) => command.name() === name);
      if (topic === undefined) return program.error(`error: unknown command '${name}'`);
      topic.outputHelp();
    });
  addDemoCommand(program);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)])
    oneLineErrors(command.exitOverride());
  for (const command of program.commands)
    if (command.name() !== 'run' && command.name() !== 'create') command.helpOption('-h, --help', 'show this help');
  program.helpOption('-h, --help', 'show this help');
  // A reader that has seen enough, such as head, is no failure.
  process.stdout.on('error', ignoreBrokenPipe);
  process.stderr.on('error', ignoreBrokenPipe);
  if (argv.length === 0) return program.outputHelp();
  let failed = EXIT_ENGINE;
  program.hook('preAction', (_, command) => {
    if (ON_CONTAINERS.has(command.name())) failed = EXIT_COMMAND;
  });
  try {
    await program.parseAsync(argv as string[], { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, failed);
  }
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** What the parser refuses is said in one line, with where to read on. */
function oneLineErrors(command: Command): void {
  const help = command.parent === null ? 'holm help' : `holm help ${command.name()}`;
  command.configureOutput({
    outputError: (text, write) =>
      write(
        `${text
          .trim()
          .replace(/^error:/, 'holm:')
          .replaceAll('\n', ' ')} (see "${help}")\n`,
      ),
  });
}

/** Print one clear line and choose the exit status: `failed` unless the error says another. */
function report(error: unknown, failed: number): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_ENGINE;
  // Leaving failed too: what went wrong first is what matters.
  if (error instanceof Error && 'suppressed' in error) return report(error.suppressed, failed);
  if (error instanceof HolmError) {
    process.stderr.write(`holm: ${error.message}\n`);
    return error.code === 'ECANCELED' ? EXIT_INTERRUPTED : error.exitCode === EXIT_ENGINE ? failed : error.exitCode;
  }
  process.stderr.write(`holm: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_ENGINE;
}
