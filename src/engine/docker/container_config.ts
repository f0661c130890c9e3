/** Containers' options as the Docker Engine API has them: the body of POST /containers/create, both ways. */

import { HolmError } from '../error.ts';
import { type ContainerOptions, type ProcessOptions, parseBytes, type Volume } from '../options.ts';
import { parseProfile } from '../seccomp_profile.ts';

interface MountJson {
  readonly Type?: string;
  readonly Source?: string;
  readonly Target?: string;
  readonly ReadOnly?: boolean;
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number };
}

/** What we use of HostConfig. */
export interface HostConfigJson {
  readonly AutoRemove?: boolean;
  readonly Binds?: readonly string[] | null;
  readonly Mounts?: readonly MountJson[] | null;
  readonly Tmpfs?: Readonly<Record<string, string>> | null;
  readonly Memory?: number;
  readonly NanoCpus?: number;
  readonly PidsLimit?: number | null;
  readonly ReadonlyRootfs?: boolean;
  readonly Privileged?: boolean;
  readonly CapAdd?: readonly string[] | null;
  readonly CapDrop?: readonly string[] | null;
  readonly IpcMode?: string;
  readonly PidMode?: string;
  readonly UTSMode?: string;
  readonly UsernsMode?: string;
  readonly NetworkMode?: string;
  readonly CgroupnsMode?: string;
  readonly Sysctls?: Readonly<Record<string, string>> | null;
  readonly ShmSize?: number;
  readonly SecurityOpt?: readonly string[] | null;
}

/** What we use of the container's configuration. */
export interface ContainerJson {
  readonly Image?: string;
  readonly Cmd?: readonly string[] | string | null;
  readonly Entrypoint?: readonly string[] | string | null;
  readonly Env?: readonly string[] | null;
  readonly Hostname?: string;
  readonly Domainname?: string;
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  /** The end of an attached client's input is the end of the process's. */
  readonly StdinOnce?: boolean;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly StopSignal?: string;
  readonly HostConfig?: HostConfigJson;
  /** Our own: print system calls on standard error. */
  readonly Strace?: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const words = (value: readonly string[] | string): readonly string[] => (typeof value === 'string' ? [value] : value);

/** `NAME=value`s by name. */
export function environment(entries: readonly string[] | null | undefined): Record<string, string> {
  const env: Record<string, string> = {};
  for (const entry of entries ?? []) {
    const at = entry.indexOf('=');
    if (at > 0) env[entry.slice(0, at)] = entry.slice(at + 1);
  }
  return env;
}

/** The limits that a HostConfig, or an update of it, sets. */
export function limitsFromJson({ Memory, NanoCpus, PidsLimit }: HostConfigJson): Pick<ContainerOptions, 'memory' | 'cpus' | 'pidsLimit'> {
  return {
    ...(Memory ? { memory: Memory } : {}),
    ...(NanoCpus ? { cpus: NanoCpus / 1e9 } : {}),
    ...(PidsLimit ? { pidsLimit: PidsLimit } : {}),
  };
}

/** JSON to options. Throws EOPTION for what we cannot do. */
export function optionsFromJson(json: ContainerJson, name: string | null): ContainerOptions {
  const host = json.HostConfig ?? {};
  if (!json.Image) throw new HolmError('EOPTION', 'no image is given');
  const options: Mutable<ContainerOptions> = { image: json.Image };
  if (name !== null) options.name = name;
  if (json.Cmd != null && json.Cmd.length > 0) options.command = words(json.Cmd);
  if (json.Entrypoint != null) options.entrypoint = words(json.Entrypoint).filter((word) => word !== '');
  options.env = environment(json.Env);
  options.tty = json.Tty ?? false;
  options.stdin = json.OpenStdin ?? false;
  options.labels = json.Labels ?? {};
  for (const [key, value] of [
    ['hostname', json.Hostname],
    ['domainname', json.Domainname],
    ['user', json.User],
    ['workdir', json.WorkingDir],
    ['stopSignal', json.StopSignal],
    ['ipc', host.IpcMode],
    ['pid', host.PidMode],
    ['uts', host.UTSMode],
    ['userns', host.UsernsMode],
    ['network', host.NetworkMode],
    ['cgroupns', host.CgroupnsMode],
  ] as const) {
    if (value) options[key] = value;
  }
  options.readOnly = host.ReadonlyRootfs ?? false;
  options.privileged = host.Privileged ?? false;
  Object.assign(options, limitsFromJson(host));
  if (host.ShmSize) options.shmSize = host.ShmSize;
  options.capAdd = host.CapAdd ?? [];
  options.capDrop = host.CapDrop ?? [];
  options.sysctls = host.Sysctls ?? {};
  Object.assign(options, ...(host.SecurityOpt ?? []).map(securityOption));
  const mounts = host.Mounts ?? [];
  options.volumes = [...(host.Binds ?? []).map(bind), ...mounts.filter(({ Type }) => Type === 'bind').map(bindMount)];
  options.tmpfs = { ...host.Tmpfs, ...Object.fromEntries(mounts.filter(({ Type }) => Type === 'tmpfs').map(tmpfsMount)) };
  const strange = mounts.find(({ Type }) => Type !== 'bind' && Type !== 'tmpfs');
  if (strange !== undefined) throw new HolmError('EOPTION', `mounts of type "${strange.Type}" are not supported`);
  return options;
}

/** What a security option sets; a seccomp profile is its JSON. */
export function securityOption(text: string): Pick<ContainerOptions, 'noNewPrivileges' | 'seccomp'> {
  const [, name, value = 'true'] = /^([^:=]*)(?:[:=](.*))?$/s.exec(text)!;
  if (name === 'no-new-privileges' && /^(true|false)$/.test(value)) return { noNewPrivileges: value === 'true' };
  if (name === 'seccomp') return { seccomp: value === 'unconfined' ? value : parseProfile(value) };
  throw new HolmError('EOPTION', `invalid --security-opt "${text}": no-new-privileges, seccomp=unconfined or seccomp= and a profile`);
}

function bind(text: string): Volume {
  const [source = '', destination = '', mode = 'rw'] = text.split(':');
  if (!source.startsWith('/')) throw new HolmError('EOPTION', `invalid volume "${text}": named volumes are not supported`);
  return { source, destination, readOnly: mode.split(',').includes('ro') };
}

const bindMount = ({ Source = '', Target = '', ReadOnly = false }: MountJson): Volume => ({
  source: Source,
  destination: Target,
  readOnly: ReadOnly,
});

const tmpfsMount = ({ Target = '', ReadOnly, TmpfsOptions = {} }: MountJson): [string, string] => [
  Target,
  [
    ...(TmpfsOptions.SizeBytes ? [`size=${TmpfsOptions.SizeBytes}`] : []),
    ...(TmpfsOptions.Mode ? [`mode=${TmpfsOptions.Mode.toString(8)}`] : []),
    ...(ReadOnly ? ['ro'] : []),
  ].join(','),
];

const securityOptions = ({ noNewPrivileges, seccomp }: ContainerOptions): string[] => [
  ...(noNewPrivileges ? ['no-new-privileges'] : []),
  ...(seccomp === undefined ? [] : [`seccomp=${seccomp === 'unconfined' ? seccomp : JSON.stringify(seccomp)}`]),
];

/** Options to JSON. */
export function optionsToJson(options: ContainerOptions, autoRemove: boolean): ContainerJson {
  const { capAdd = [], capDrop = [], sysctls = {}, tmpfs = {}, volumes = [] } = options;
  return {
    Image: options.image,
    Cmd: options.command ?? null,
    ...(options.entrypoint !== undefined && { Entrypoint: options.entrypoint.length === 0 ? [''] : options.entrypoint }),
    Env: Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`),
    Hostname: options.hostname ?? '',
    Domainname: options.domainname ?? '',
    User: options.user ?? '',
    WorkingDir: options.workdir ?? '',
    Tty: options.tty ?? false,
    OpenStdin: options.stdin ?? false,
    StdinOnce: options.stdin ?? false,
    Labels: options.labels ?? {},
    StopSignal: options.stopSignal ?? '',
    Strace: options.strace !== undefined,
    HostConfig: {
      AutoRemove: autoRemove,
      Binds: volumes.map(({ source, destination, readOnly }) => `${source}:${destination}${readOnly ? ':ro' : ''}`),
      Tmpfs: tmpfs,
      Memory: options.memory === undefined ? 0 : parseBytes(options.memory),
      NanoCpus: Math.round((options.cpus ?? 0) * 1e9),
      PidsLimit: options.pidsLimit ?? 0,
      ReadonlyRootfs: options.readOnly ?? false,
      Privileged: options.privileged ?? false,
      CapAdd: capAdd,
      CapDrop: capDrop,
      IpcMode: options.ipc ?? '',
      PidMode: options.pid ?? '',
      UTSMode: options.uts ?? '',
      UsernsMode: options.userns ?? '',
      NetworkMode: options.network ?? '',
      CgroupnsMode: options.cgroupns ?? '',
      Sysctls: sysctls,
      ShmSize: options.shmSize === undefined ? 0 : parseBytes(options.shmSize),
      SecurityOpt: securityOptions(options),
    },
  };
}

/** The body of POST /containers/{id}/exec. */
export interface ExecJson {
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[] | null;
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Tty?: boolean;
  readonly AttachStdin?: boolean;
  readonly Privileged?: boolean;
  readonly DetachKeys?: string;
}

export const execOptions = (json: ExecJson): ProcessOptions => ({
  env: environment(json.Env),
  ...(json.User && { user: json.User }),
  ...(json.WorkingDir && { workdir: json.WorkingDir }),
  tty: json.Tty ?? false,
  stdin: json.AttachStdin ?? false,
  privileged: json.Privileged ?? false,
});
