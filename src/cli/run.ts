/** `holm run`: create a container, connect this terminal to it, and leave with its exit status. */

import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { type ContainerOptions, createEngine, type Engine, HolmError, type Volume } from '../hosts/node/index.ts';
import { connect } from './connect.ts';
import { ensureImage } from './images.ts';

interface RunFlags {
  interactive?: boolean;
  tty?: boolean;
  rm?: boolean;
  name?: string;
  hostname?: string;
  domainname?: string;
  env: string[];
  envFile: string[];
  volume: string[];
  workdir?: string;
  user?: string;
  entrypoint?: string;
  readOnly?: boolean;
  memory?: string;
  pidsLimit?: number;
  cpus?: number;
  strace?: boolean;
  pull: string;
  mirror?: string;
}

const many = (value: string, previous: string[]): string[] => [...previous, value];

function number(value: string): number {
  const n = Number(value);
  if (value.trim() === '' || !Number.isFinite(n)) throw new InvalidArgumentError('a number is wanted');
  return n;
}

/** Options that describe a process or a container, as docker spells them. */
export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('run a command in a new container')
    .usage('[options] IMAGE [COMMAND] [ARG...]')
    .argument('<image>', 'name of an image; fetched if it is not here')
    .argument('[command...]', "the command and its arguments; the image's own if absent")
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'give the container a terminal')
    .option('--rm', 'remove the container when it ends')
    .option('--name <name>', 'name of the container')
    .option('-h, --hostname <name>', 'host name in the container')
    .option('--domainname <name>', 'NIS domain name in the container')
    .option('-e, --env <NAME=value>', 'set an environment variable; NAME alone takes it from here', many, [])
    .option('--env-file <file>', 'read environment variables from a file', many, [])
    .option('-v, --volume <host:container[:ro]>', 'show a host folder in the container', many, [])
    .option('-w, --workdir <folder>', 'working directory')
    .option('-u, --user <user[:group]>', 'user, by name or number')
    .option('--entrypoint <program>', "replace the image's entry point")
    .option('--read-only', 'make the root file system read-only')
    .option('-m, --memory <size>', 'memory limit, such as 64m')
    .option('--pids-limit <n>', 'most processes and threads; -1 for no limit', number)
    .option('--cpus <n>', 'share of the processor, such as 0.5', number)
    .option('--pull <when>', 'fetch the image: always, missing or never', 'missing')
    .option('--mirror <url>', 'Debian mirror to build the image from')
    .option('--strace', 'print every system call on standard error')
    .helpOption('--help', 'show this help')
    .passThroughOptions()
    .action(async (image: string, command: string[], flags: RunFlags) => {
      const options = containerOptions(image, command, flags);
      await using engine = await createEngine();
      await ensureImage(engine, image, flags.pull, flags.mirror);
      process.exitCode = await runContainer(engine, options);
    });
}

/** Create, start, connect, wait; the result is the exit status. */
export async function runContainer(engine: Engine, options: ContainerOptions): Promise<number> {
  if (options.tty && options.stdin && !process.stdin.isTTY)
    throw new HolmError('EOPTION', 'cannot use -i with -t: the input device is not a terminal', { exitCode: 1 });
  await using container = await engine.containers.create(options);
  const disconnect = await connect(container, options);
  try {
    await container.start();
    return (await container.wait()).code;
  } finally {
    await disconnect();
  }
}

function containerOptions(image: string, command: string[], flags: RunFlags): ContainerOptions {
  if (!['always', 'missing', 'never'].includes(flags.pull))
    throw new HolmError('EOPTION', `invalid --pull "${flags.pull}": always, missing or never`);
  return {
    image,
    ...(command.length > 0 && { command }),
    ...(flags.name !== undefined && { name: flags.name }),
    ...(flags.entrypoint !== undefined && { entrypoint: flags.entrypoint === '' ? [] : [flags.entrypoint] }),
    ...(flags.hostname !== undefined && { hostname: flags.hostname }),
    ...(flags.domainname !== undefined && { domainname: flags.domainname }),
    ...(flags.workdir !== undefined && { workdir: flags.workdir }),
    ...(flags.user !== undefined && { user: flags.user }),
    ...(flags.memory !== undefined && { memory: flags.memory }),
    ...(flags.pidsLimit !== undefined && { pidsLimit: flags.pidsLimit }),
    ...(flags.cpus !== undefined && { cpus: flags.cpus }),
    ...(flags.strace && { strace: (line: string) => process.stderr.write(`${line}\n`) }),
    env: environment(flags.envFile, flags.env),
    volumes: flags.volume.map(volume),
    readOnly: flags.readOnly ?? false,
    tty: flags.tty ?? false,
    stdin: flags.interactive ?? false,
  };
}

/** Files first, then -e; a bare NAME takes the value from this process, or nothing. */
function environment(files: readonly string[], entries: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  const add = (entry: string): void => {
    const at = entry.indexOf('=');
    const name = at < 0 ? entry : entry.slice(0, at);
    if (name === '' || /\s/.test(name)) throw new HolmError('EOPTION', `invalid environment variable "${entry}"`);
    const value = at < 0 ? process.env[name] : entry.slice(at + 1);
    if (value !== undefined) env[name] = value;
  };
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      throw new HolmError('EOPTION', `cannot read the environment file ${file}: ${(error as Error).message}`);
    }
    for (const line of text.split('\n')) if (line.trim() !== '' && !line.startsWith('#')) add(line.replace(/\r$/, '').trimStart());
  }
  for (const entry of entries) add(entry);
  return env;
}

function volume(text: string): Volume {
  const parts = text.split(':');
  const [source, destination, mode] = parts;
  if (!source || !destination || parts.length > 3 || !isAbsolute(destination)) {
    throw new HolmError('EOPTION', `invalid volume "${text}": host-folder:/container/folder[:ro] is wanted`);
  }
  if (mode !== undefined && mode !== 'ro' && mode !== 'rw') throw new HolmError('EOPTION', `invalid volume mode "${mode}": ro or rw`);
  const folder = resolve(source);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new HolmError('EOPTION', `invalid volume "${text}": ${folder} is not a folder`);
  return { source: folder, destination, readOnly: mode === 'ro' };
}
