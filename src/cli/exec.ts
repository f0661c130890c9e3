/** `holm exec`: a command in a running container. */

import type { Command } from 'commander';
import { HolmError } from '../hosts/node/index.ts';
import { connect } from './connect.ts';
import { environment } from './container_options.ts';
import { remoteProcess, runningClient } from './remote.ts';

interface ExecFlags {
  detach?: boolean;
  interactive?: boolean;
  tty?: boolean;
  env?: string[];
  envFile?: string[];
  workdir?: string;
  user?: string;
  privileged?: boolean;
  detachKeys?: string;
}

const many = (value: string, previous: string[] = []): string[] => [...previous, value];

async function exec(name: string, argv: string[], flags: ExecFlags): Promise<number> {
  const { tty = false, interactive: stdin = false, workdir, user, privileged = false, detachKeys } = flags;
  if (tty && stdin && !process.stdin.isTTY)
    throw new HolmError('EOPTION', 'cannot use -i with -t: the input device is not a terminal', { exitCode: 1 });
  const client = await runningClient(name);
  const id = await client.createExec(name, argv, {
    ...{ tty, stdin, privileged, env: environment(flags.envFile ?? [], flags.env ?? []) },
    ...(workdir !== undefined && { workdir }),
    ...(user !== undefined && { user }),
    ...(detachKeys !== undefined && { detachKeys }),
  });
  if (flags.detach) {
    await client.startExecDetached(id);
    return 0;
  }
  const connection = await client.startExec(id);
  // Signals are for this command alone: docker leaves the process in the container as it is, too.
  const guest = remoteProcess(connection, tty, {
    kill: async () => undefined,
    resize: (rows, columns) => client.resizeExec(id, rows, columns),
  });
  const disconnect = await connect(guest, { stdin, tty, signals: false });
  await disconnect();
  return (await client.inspectExec(id)).ExitCode ?? 0;
}

export function addExecCommand(program: Command): void {
  program
    .command('exec')
    .description('run a command in a running container')
    .usage('[options] CONTAINER COMMAND [ARG...]')
    .argument('<container>', 'name or id')
    .argument('<command...>', 'the command and its arguments')
    .option('-d, --detach', 'leave it running and return')
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'give it a terminal')
    .option('-e, --env <NAME=value>', 'set an environment variable', many)
    .option('--env-file <file>', 'read environment variables from a file', many)
    .option('-w, --workdir <folder>', 'working directory')
    .option('-u, --user <user[:group]>', 'user, by name or number')
    .option('--privileged', 'give it all capabilities')
    .option('--detach-keys <keys>', 'keys that leave it running', 'ctrl-p,ctrl-q')
    .passThroughOptions()
    .action(async (name: string, argv: string[], flags: ExecFlags) => {
      process.exitCode = await exec(name, argv, flags);
    });
}
