/** The options of `holm run` and `holm create`, as docker spells them, and what they mean. See docker-run(1). */

import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { securityOption } from '../engine/docker/container_config.ts';
import { type ContainerOptions, HolmError, type Volume } from '../hosts/node/index.ts';

export interface ContainerFlags {
  interactive?: boolean;
  tty?: boolean;
  name?: string;
  hostname?: string;
  domainname?: string;
  env?: string[];
  envFile?: string[];
  volume?: string[];
  mount?: string[];
  tmpfs?: string[];
  workdir?: string;
  user?: string;
  entrypoint?: string;
  readOnly?: boolean;
  memory?: string;
  pidsLimit?: number;
  cpus?: number;
  ipc?: string;
  pid?: string;
  uts?: string;
  userns?: string;
  network?: string;
  cgroupns?: string;
  sysctl?: string[];
  shmSize?: string;
  capAdd?: string[];
  capDrop?: string[];
  securityOpt?: string[];
  privileged?: boolean;
  label?: string[];
  stopSignal?: string;
  strace?: boolean;
  pull: string;
  mirror?: string;
}

/** An option that may be given several times. */
export const many = (value: string, previous: readonly string[] = []): string[] => [...previous, value];
const list = (value: string, previous: readonly string[] = []): string[] => [...previous, ...value.split(',')];

function number(value: string): number {
  const n = Number(value);
  if (value.trim() === '' || !Number.isFinite(n)) throw new InvalidArgumentError('a number is wanted');
  return n;
}

/** Options that describe a process or a container, by subject. */
export function addContainerOptions(command: Command): Command {
  return command
    .option('--name <name>', 'name of the container')
    .option('--pull <when>', 'fetch the image: always, missing or never', 'missing')
    .option('--mirror <url>', 'Debian mirror to build the image from')
    .option('-l, --label <name=value>', 'add a label', many)
    .option('--stop-signal <signal>', 'the signal that asks it to end')
    .option('--strace', 'print every system call on standard error')
    .helpOption('--help', 'show this help')
    .optionsGroup('Process:')
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'give the container a terminal')
    .option('-e, --env <NAME=value>', 'set an environment variable; NAME alone takes it from here', many)
    .option('--env-file <file>', 'read environment variables from a file', many)
    .option('-w, --workdir <folder>', 'working directory')
    .option('-u, --user <user[:group]>', 'user, by name or number')
    .option('--entrypoint <program>', "replace the image's entry point")
    .optionsGroup('Files:')
    .option('-v, --volume <host:container[:ro]>', 'show a host folder in the container', many)
    .option('--mount <type=…,…>', 'the same in words: type=bind,source=…,target=…[,readonly] or type=tmpfs,target=…[,tmpfs-size=…]', many)
    .option('--tmpfs <folder[:options]>', 'mount a temporary file system: /run:size=64m,mode=755', many)
    .option('--read-only', 'make the root file system read-only')
    .option('--shm-size <size>', 'size of /dev/shm')
    .optionsGroup('Limits:')
    .option('-m, --memory <size>', 'memory, such as 64m')
    .option('--pids-limit <n>', 'most processes and threads; -1 for no limit', number)
    .option('--cpus <n>', 'share of the processor, such as 0.5', number)
    .optionsGroup('Isolation:')
    .option('-h, --hostname <name>', 'host name in the container')
    .option('--domainname <name>', 'NIS domain name in the container')
    .option('--ipc <mode>', 'IPC namespace: private, shareable, none, host or container:NAME')
    .option('--pid <mode>', 'PID namespace: private, host or container:NAME')
    .option('--uts <mode>', 'UTS namespace: private or host')
    .option('--net, --network <mode>', 'network namespace: none, host or container:NAME')
    .option('--cgroupns <mode>', 'cgroup namespace: private or host')
    .option('--userns <mode>', 'user namespace: host, private (ids as in the engine, capabilities of its own) or container:NAME')
    .option('--sysctl <name=value>', 'set a kernel parameter of its namespaces', many)
    .option('--cap-add <names>', 'add capabilities, such as SYS_ADMIN or ALL', list)
    .option('--cap-drop <names>', 'drop capabilities', list)
    .option(
      '--security-opt <option>',
      "no-new-privileges, seccomp=FILE with a profile as docker's, or seccomp=unconfined (the default)",
      many,
    )
    .option('--privileged', 'give it all capabilities, and /sys and the cgroups to write to')
    .passThroughOptions();
}

/** Options that are handed on as they are. */
const PLAIN = [
  ...(['name', 'hostname', 'domainname', 'workdir', 'user', 'memory', 'pidsLimit', 'cpus', 'shmSize', 'stopSignal', 'privileged'] as const),
  ...(['ipc', 'pid', 'uts', 'userns', 'network', 'cgroupns'] as const),
];

/** What the flags mean. Throws EOPTION for values that have no meaning. */
export function containerOptions(image: string, command: string[], flags: ContainerFlags): ContainerOptions {
  const { env = [], envFile = [], volume = [], mount = [], tmpfs = [], sysctl = [], securityOpt = [], label = [] } = flags;
  if (!['always', 'missing', 'never'].includes(flags.pull))
    throw new HolmError('EOPTION', `invalid --pull "${flags.pull}": always, missing or never`);
  const mounts = mount.map(parseMount);
  return {
    image,
    ...(command.length > 0 && { command }),
    ...Object.fromEntries(PLAIN.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]])),
    ...(flags.entrypoint !== undefined && { entrypoint: flags.entrypoint === '' ? [] : [flags.entrypoint] }),
    ...(flags.strace && { strace: (line: string) => process.stderr.write(`${line}\n`) }),
    env: environment(envFile, env),
    volumes: [...volume.map(parseVolume), ...mounts.filter(isBind).map(bindMount)],
    tmpfs: Object.fromEntries([...tmpfs.map(parseTmpfs), ...mounts.filter((mount) => !isBind(mount)).map(tmpfsMount)]),
    capAdd: flags.capAdd ?? [],
    capDrop: flags.capDrop ?? [],
    ...Object.assign({}, ...securityOpt.map(withProfile).map(securityOption)),
    sysctls: pairs('--sysctl', sysctl),
    labels: pairs('--label', label),
    readOnly: flags.readOnly ?? false,
    tty: flags.tty ?? false,
    stdin: flags.interactive ?? false,
  };
}

/** Files first, then -e; a bare NAME takes the value from this process, or nothing. */
export function environment(files: readonly string[], entries: readonly string[]): Record<string, string> {
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

function parseVolume(text: string): Volume {
  const parts = text.split(':');
  const [source, destination, mode] = parts;
  if (!source || !destination || parts.length > 3 || !isAbsolute(destination)) {
    throw new HolmError('EOPTION', `invalid volume "${text}": host-folder:/container/folder[:ro] is wanted`);
  }
  if (mode !== undefined && mode !== 'ro' && mode !== 'rw') throw new HolmError('EOPTION', `invalid volume mode "${mode}": ro or rw`);
  return { source: hostFolder(text, source), destination, readOnly: mode === 'ro' };
}

function hostFolder(text: string, source: string): string {
  const folder = resolve(source);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new HolmError('EOPTION', `invalid volume "${text}": ${folder} is not a folder`);
  return folder;
}

/** `name=value`s; a name alone has an empty value. */
function pairs(option: string, entries: readonly string[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const entry of entries) {
    const at = entry.indexOf('=');
    const name = at < 0 ? entry : entry.slice(0, at);
    if (name === '' || (at < 0 && option === '--sysctl'))
      throw new HolmError('EOPTION', `invalid ${option} "${entry}": name=value is wanted`);
    result[name] = at < 0 ? '' : entry.slice(at + 1);
  }
  return result;
}

function parseTmpfs(text: string): [string, string] {
  const at = text.indexOf(':');
  const destination = at < 0 ? text : text.slice(0, at);
  if (!isAbsolute(destination)) throw new HolmError('EOPTION', `invalid --tmpfs "${text}": an absolute path is wanted`);
  return [destination, at < 0 ? '' : text.slice(at + 1)];
}

/** A seccomp profile is named by its file here, and handed on as its content. */
function withProfile(text: string): string {
  const [, file] = /^seccomp[:=](?!unconfined$)(.*)$/s.exec(text) ?? [];
  if (file === undefined) return text;
  try {
    return `seccomp=${readFileSync(file, 'utf8')}`;
  } catch (error) {
    throw new HolmError('EOPTION', `cannot read the seccomp profile ${file}: ${(error as Error).message}`);
  }
}

type Mount = ReadonlyMap<string, string>;

/** The names that an option of --mount goes by. See docker-run(1). */
const MOUNT_OPTIONS: Readonly<Record<string, string>> = {
  type: 'type',
  source: 'source',
  src: 'source',
  target: 'target',
  destination: 'target',
  dst: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  'tmpfs-size': 'size',
  'tmpfs-mode': 'mode',
};

function parseMount(text: string): Mount {
  const mount = new Map<string, string>([['text', text]]);
  for (const part of text.split(',')) {
    const [name = '', value = 'true'] = part.split('=', 2);
    const option = MOUNT_OPTIONS[name];
    if (option === undefined) throw new HolmError('EOPTION', `invalid --mount "${text}": unknown option "${name}"`);
    mount.set(option, value);
  }
  const type = mount.get('type') ?? 'volume';
  if (type !== 'bind' && type !== 'tmpfs') throw new HolmError('EOPTION', `invalid --mount "${text}": type bind or tmpfs is wanted`);
  if (!isAbsolute(mount.get('target') ?? '')) throw new HolmError('EOPTION', `invalid --mount "${text}": target must be an absolute path`);
  if (isBind(mount) && !mount.has('source')) throw new HolmError('EOPTION', `invalid --mount "${text}": source is missing`);
  return mount;
}

const isBind = (mount: Mount): boolean => mount.get('type') === 'bind';

const bindMount = (mount: Mount): Volume => ({
  source: hostFolder(mount.get('text')!, mount.get('source')!),
  destination: mount.get('target')!,
  readOnly: mount.get('readonly') === 'true',
});

const tmpfsMount = (mount: Mount): [string, string] => [
  mount.get('target')!,
  [
    ...['size', 'mode'].filter((option) => mount.has(option)).map((option) => `${option}=${mount.get(option)}`),
    ...(mount.get('readonly') === 'true' ? ['ro'] : []),
  ].join(','),
];
