/** Commands on the engine's containers: docker's, with docker's meaning and output. */

import type { Command } from 'commander';
import type { ContainerSummary } from '../engine/docker/describe.ts';
import { elapsed } from '../engine/docker/elapsed.ts';
import { chunksOf, FrameParser, STDERR } from '../engine/docker/multiplex.ts';
import { findEngine } from '../hosts/node/engine_client.ts';
import { HolmError } from '../hosts/node/index.ts';
import { addContainerOptions, type ContainerFlags, containerOptions } from './container_options.ts';
import { formatRows, type Row, table } from './format.ts';
import { ensureImage } from './images.ts';
import { openEngine } from './open_engine.ts';
import { follow, openClient, runningClient } from './remote.ts';

const TITLES: Row = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  Ports: 'PORTS',
  Names: 'NAMES',
  State: 'STATE',
  Labels: 'LABELS',
};
const DEFAULT_FORMAT = 'table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}';
const SHORT_ID = 12;
const SHORT_COMMAND = 20;

interface PsFlags {
  all?: boolean;
  quiet?: boolean;
  latest?: boolean;
  last?: number;
  trunc: boolean;
  filter?: string[];
  format?: string;
}

const many = (value: string, previous: string[] = []): string[] => [...previous, value];

function row(container: ContainerSummary, whole: boolean): Row {
  const command =
    !whole && container.Command.length > SHORT_COMMAND ? `${container.Command.slice(0, SHORT_COMMAND - 1)}…` : container.Command;
  return {
    ID: whole ? container.Id : container.Id.slice(0, SHORT_ID),
    Image: container.Image,
    Command: `"${command}"`,
    RunningFor: `${elapsed(Date.now() - container.Created * 1000)} ago`,
    Status: container.Status,
    Ports: '',
    Names: container.Names.map((name) => name.slice(1)).join(','),
    State: container.State,
    Labels: Object.entries(container.Labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  };
}

/** `name=value` filters, the values of a name together. */
function filters(entries: readonly string[]): Record<string, string[]> {
  const result: Record<string, string[]> = {};
  for (const entry of entries) {
    const at = entry.indexOf('=');
    if (at <= 0) throw new HolmError('EOPTION', `invalid filter "${entry}": name=value is wanted`);
    const name = entry.slice(0, at);
    result[name] = [...(result[name] ?? []), entry.slice(at + 1)];
  }
  return result;
}

async function ps(flags: PsFlags): Promise<void> {
  const client = await findEngine();
  const limit = flags.latest ? 1 : (flags.last ?? 0);
  const rows = await (client?.list({ all: flags.all ?? false, ...(limit > 0 && { limit }), filters: filters(flags.filter ?? []) }) ?? []);
  if (flags.quiet) for (const { Id } of rows) console.log(flags.trunc ? Id.slice(0, SHORT_ID) : Id);
  else {
    const text = formatRows(
      rows.map((one) => row(one, !flags.trunc)),
      flags.format ?? DEFAULT_FORMAT,
      TITLES,
    );
    if (text !== '') console.log(text);
  }
}

/**
 * Do the same with each name, tell the names that it worked for, and end with 1 when it did not for all; `lenient` is satisfied with names
 * of nothing.
 */
async function each(names: readonly string[], action: (name: string) => Promise<unknown>, lenient = false): Promise<void> {
  for (const name of names) {
    try {
      const result = await action(name);
      console.log(typeof result === 'number' ? result : name);
    } catch (error) {
      if (!(error instanceof HolmError)) throw error;
      process.stderr.write(`holm: ${error.message}\n`);
      if (!(lenient && error.code === 'ENOCONTAINER')) process.exitCode = 1;
    }
  }
}

interface LogFlags {
  follow?: boolean;
  timestamps?: boolean;
  tail?: string;
  since?: string;
  until?: string;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Seconds since 1970 of a date, or of so long ago (`10m`). */
function moment(text: string): string {
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  const ago = /^(?:\d+[smh])+$/.test(text) ? [...text.matchAll(/(\d+)([smh])/g)] : null;
  const seconds =
    ago === null ? Date.parse(text) / 1000 : Date.now() / 1000 - ago.reduce((sum, [, n, unit]) => sum + Number(n) * UNITS[unit!]!, 0);
  if (Number.isNaN(seconds)) throw new HolmError('EOPTION', `invalid time "${text}": a date, or a time such as 10m`);
  return String(seconds);
}

async function logs(name: string, { since, until, ...flags }: LogFlags): Promise<void> {
  const client = await runningClient(name);
  const { Config } = await client.inspect(name);
  const times = { ...(since !== undefined && { since: moment(since) }), ...(until !== undefined && { until: moment(until) }) };
  const parser = new FrameParser();
  for await (const chunk of chunksOf(await client.logs(name, { ...flags, ...times }))) {
    if (Config.Tty) process.stdout.write(chunk);
    else for (const { stream, data } of parser.push(chunk)) (stream === STDERR ? process.stderr : process.stdout).write(data);
  }
}

interface AttachCommandFlags {
  detachKeys?: string;
  stdin: boolean;
  sigProxy: boolean;
}

async function attachTo(name: string, { detachKeys, stdin, sigProxy }: AttachCommandFlags): Promise<void> {
  const client = await runningClient(name);
  const { Id, State, Config } = await client.inspect(name);
  if (!State.Running) throw new HolmError('ECONFLICT', `cannot attach to container ${name}: it is not running`, { exitCode: 1 });
  const flags = { stdin: stdin && Config.OpenStdin, tty: Config.Tty, signals: sigProxy, ...(detachKeys !== undefined && { detachKeys }) };
  process.exitCode = await follow(
    client,
    Id,
    flags,
    async () => undefined,
    () => client.wait(Id),
  );
}

async function start(names: string[], flags: { attach?: boolean; interactive?: boolean; detachKeys?: string }): Promise<void> {
  const client = await runningClient(names[0]);
  if (!flags.attach && !flags.interactive) return each(names, (name) => client.start(name));
  if (names.length > 1) throw new HolmError('EOPTION', 'only one container can be started and attached to', { exitCode: 1 });
  const { Id, Config } = await client.inspect(names[0]!);
  const attached = {
    stdin: (flags.interactive ?? false) && Config.OpenStdin,
    tty: Config.Tty,
    ...(flags.detachKeys && { detachKeys: flags.detachKeys }),
  };
  process.exitCode = await follow(
    client,
    Id,
    attached,
    () => client.start(Id),
    () => client.wait(Id),
  );
}

export function addContainerCommands(program: Command): void {
  addContainerOptions(
    program
      .command('create')
      .description('create a container without starting it')
      .usage('[options] IMAGE [COMMAND] [ARG...]')
      .argument('<image>', 'name of an image; fetched if it is not here')
      .argument('[command...]', "the command and its arguments; the image's own if absent")
      .option('--rm', 'remove the container when it ends'),
  ).action(async (image: string, command: string[], flags: ContainerFlags & { rm?: boolean }) => {
    const options = containerOptions(image, command, flags);
    await using engine = await openEngine();
    await ensureImage(engine, image, flags.pull, flags.mirror);
    console.log(await (await openClient()).create(options, flags.rm ?? false));
  });
  program
    .command('ps')
    .description('list containers')
    .option('-a, --all', 'also those that do not run')
    .option('-q, --quiet', 'ids only')
    .option('-l, --latest', 'the newest only')
    .option('-n, --last <n>', 'the newest n only', Number)
    .option('--no-trunc', 'show ids and commands in full')
    .option('-f, --filter <name=value>', 'by id, name, status, ancestor, label or exited', many)
    .option('--format <format>', 'json, or a template such as "table {{.Names}}\\t{{.Status}}"')
    .action(ps);
  program
    .command('start')
    .description('start containers that have been created or have ended')
    .argument('<container...>', 'names or ids')
    .option('-a, --attach', 'show what it prints')
    .option('-i, --interactive', 'attach standard input')
    .option('--detach-keys <keys>', 'keys that leave it running', 'ctrl-p,ctrl-q')
    .action(start);
  program
    .command('attach')
    .description('connect this terminal to a running container')
    .argument('<container>', 'name or id')
    .option('--no-stdin', 'do not attach standard input')
    .option('--no-sig-proxy', 'do not hand signals on')
    .option('--detach-keys <keys>', 'keys that leave it running', 'ctrl-p,ctrl-q')
    .action(attachTo);
  program
    .command('logs')
    .description('show what a container has printed')
    .argument('<container>', 'name or id')
    .option('-f, --follow', 'go on as it prints more')
    .option('-t, --timestamps', 'show when')
    .option('-n, --tail <n>', 'only the last lines', 'all')
    .option('--since <time>', 'from then on: a date, or so long ago (10m)')
    .option('--until <time>', 'until then')
    .action(logs);
  program
    .command('stop')
    .description('ask containers to end, and end them if they do not')
    .argument('<container...>', 'names or ids')
    .option('-t, --time <seconds>', 'how long to wait', Number)
    .action(async (names: string[], { time }: { time?: number }) => {
      const client = await runningClient(names[0]);
      await each(names, (name) => client.stop(name, time));
    });
  program
    .command('restart')
    .description('stop containers and start them again')
    .argument('<container...>', 'names or ids')
    .option('-t, --time <seconds>', 'how long to wait', Number)
    .action(async (names: string[], { time }: { time?: number }) => {
      const client = await runningClient(names[0]);
      await each(names, (name) => client.restart(name, time));
    });
  program
    .command('kill')
    .description('send a signal to the first process of containers')
    .argument('<container...>', 'names or ids')
    .option('-s, --signal <signal>', 'which one', 'KILL')
    .action(async (names: string[], { signal }: { signal: string }) => {
      const client = await runningClient(names[0]);
      await each(names, (name) => client.kill(name, signal));
    });
  program
    .command('rm')
    .description('remove containers')
    .argument('<container...>', 'names or ids')
    .option('-f, --force', 'also running ones')
    .action(async (names: string[], { force }: { force?: boolean }) => {
      const client = await runningClient(names[0]);
      await each(names, (name) => client.remove(name, force ?? false), force);
    });
  program
    .command('wait')
    .description('wait until containers end, and show their exit statuses')
    .argument('<container...>', 'names or ids')
    .action(async (names: string[]) => {
      const client = await runningClient(names[0]);
      await each(names, (name) => client.wait(name));
    });
  program
    .command('pause')
    .description('freeze all processes of containers')
    .argument('<container...>', 'names or ids')
    .action(async (names: string[]) => {
      const client = await runningClient(names[0]);
      await each(names, (name) => client.pause(name));
    });
  program
    .command('unpause')
    .description('let the processes of frozen containers go on')
    .argument('<container...>', 'names or ids')
    .action(async (names: string[]) => {
      const client = await runningClient(names[0]);
      await each(names, (name) => client.unpause(name));
    });
  program
    .command('rename')
    .description('give a container another name')
    .argument('<container>', 'name or id')
    .argument('<name>', 'the new name')
    .action(async (container: string, name: string) => (await runningClient(container)).rename(container, name));
  program
    .command('top')
    .description('show the processes of a container')
    .argument('<container>', 'name or id')
    .argument('[ps...]', 'how: -ef, aux, or -o and a list of columns')
    .passThroughOptions()
    .action(async (name: string, options: string[]) => {
      const { Titles, Processes } = await (await runningClient(name)).top(name, options.join(' '));
      console.log(table([Titles, ...Processes]));
    });
}
