/** `holm run`: create a container, connect this terminal to it, and leave with its exit status. */

import type { Command } from 'commander';
import { type ContainerOptions, type Engine, HolmError } from '../hosts/node/index.ts';
import { connect } from './connect.ts';
import { addContainerOptions, type ContainerFlags, containerOptions } from './container_options.ts';
import { ensureImage } from './images.ts';
import { openEngine } from './open_engine.ts';
import { runRemote } from './remote.ts';

interface RunFlags extends ContainerFlags {
  rm?: boolean;
  detach?: boolean;
  detachKeys?: string;
  standalone?: boolean;
}

export function addRunCommand(program: Command): void {
  const run = program
    .command('run')
    .summary('run a command in a new container')
    .description(
      'Create a container from an image, run a command in it, and end with its exit status: 125 when Holm fails, 126 when the ' +
        'command cannot be run, 127 when it is not there, 128 + n when signal n ended it.',
    )
    .usage('[options] IMAGE [COMMAND] [ARG...]')
    .argument('<image>', 'name of an image; fetched if it is not here')
    .argument('[command...]', "the command and its arguments; the image's own if absent")
    .option('--rm', 'remove the container when it ends')
    .option('-d, --detach', 'leave it running, and print its id')
    .option('--detach-keys <keys>', 'keys that leave it running', 'ctrl-p,ctrl-q')
    .option('--standalone', 'in this process, with a kernel of its own, instead of in the engine in the background')
    .addHelpText(
      'after',
      `
Examples:
  holm run --rm -it debian bash
  holm run --rm -v "$PWD:/src:ro" -w /src debian sh -c 'ls | sort'
  holm run --rm --memory 64m --pids-limit 50 debian perl -e 'print "hello\\n"'
  echo hello | holm run --rm -i debian tr a-z A-Z`,
    );
  addContainerOptions(run).action(async (image: string, command: string[], flags: RunFlags) => {
    const options = containerOptions(image, command, flags);
    const standalone = flags.standalone || process.env['HOLM_STANDALONE'] === '1';
    if (standalone && flags.detach)
      throw new HolmError('EOPTION', 'cannot use --detach with --standalone: the container would end with this command');
    checkTerminal(options);
    await using engine = await openEngine();
    await ensureImage(engine, image, flags.pull, flags.mirror);
    const { rm = false, detach = false, detachKeys } = flags;
    process.exitCode = standalone
      ? await runContainer(engine, options)
      : await runRemote(options, { rm, detach, ...(detachKeys !== undefined && { detachKeys }) });
  });
}

function checkTerminal({ tty, stdin }: ContainerOptions): void {
  if (tty && stdin && !process.stdin.isTTY)
    throw new HolmError('EOPTION', 'cannot use -i with -t: the input device is not a terminal', { exitCode: 1 });
}

/** Create, start, connect, wait; the result is the exit status. */
export async function runContainer(engine: Engine, options: ContainerOptions): Promise<number> {
  await using container = await engine.containers.create(options);
  const disconnect = await connect(container.process, options);
  try {
    await container.start();
    return (await container.wait()).code;
  } finally {
    await disconnect();
  }
}
