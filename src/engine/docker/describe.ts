/** Containers as the Docker Engine API shows them: rows of the list, and everything about one. */

import type { ContainerOptions } from '../options.ts';
import { resolveArgv, resolveEnv } from '../options.ts';
import { optionsToJson } from './container_config.ts';
import { elapsed } from './elapsed.ts';
import type { ManagedContainer } from './managed_container.ts';

/** A row of GET /containers/json. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly State: string;
  readonly Status: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Ports: readonly never[];
}

const argvOf = ({ container }: ManagedContainer): readonly string[] => resolveArgv(container.options, container.image.config);

/** `Up 3 minutes`, `Exited (0) 2 hours ago`. */
function statusText(managed: ManagedContainer): string {
  const since = (time: string): string => elapsed(Date.now() - Date.parse(time));
  if (managed.state === 'running') return `Up ${since(managed.startedAt)}${managed.container.paused ? ' (Paused)' : ''}`;
  return managed.exit === null ? 'Created' : `Exited (${managed.exit.code}) ${since(managed.finishedAt)} ago`;
}

/** As docker has it: created, running, paused or exited. */
const stateName = ({ state, container }: ManagedContainer): string => (container.paused ? 'paused' : state);

export const summarize = (managed: ManagedContainer): ContainerSummary => ({
  Id: managed.container.id,
  Names: [`/${managed.container.name}`],
  Image: managed.container.options.image,
  ImageID: managed.container.image.id,
  Command: argvOf(managed).join(' '),
  Created: Math.floor(managed.created.getTime() / 1000),
  State: stateName(managed),
  Status: statusText(managed),
  Labels: managed.container.options.labels ?? {},
  Ports: [],
});

const modeOf = (options: ContainerOptions, name: 'ipc' | 'network' | 'cgroupns', unlessTold: string): string => options[name] ?? unlessTold;

/** GET /containers/{id}/json. */
export function describe(managed: ManagedContainer): unknown {
  const { container, exit, state } = managed;
  const { options, image } = container;
  const argv = argvOf(managed);
  const { HostConfig, Strace: _, ...config } = optionsToJson(options, managed.autoRemove);
  return {
    Id: container.id,
    Created: managed.created.toISOString(),
    Path: argv[0],
    Args: argv.slice(1),
    State: {
      Status: stateName(managed),
      Running: state === 'running',
      Paused: container.paused,
      Restarting: false,
      OOMKilled: exit?.outOfMemory ?? false,
      Dead: false,
      Pid: container.pid,
      ExitCode: exit?.code ?? 0,
      Error: managed.error,
      StartedAt: managed.startedAt,
      FinishedAt: managed.finishedAt,
    },
    Image: image.id,
    Name: `/${container.name}`,
    Driver: 'overlay',
    Platform: 'linux',
    HostConfig: {
      ...HostConfig,
      IpcMode: modeOf(options, 'ipc', 'private'),
      NetworkMode: modeOf(options, 'network', 'none'),
      CgroupnsMode: modeOf(options, 'cgroupns', 'private'),
    },
    Mounts: (options.volumes ?? []).map(({ source, destination, readOnly }) => ({
      Type: 'bind',
      Source: source,
      Destination: destination,
      Mode: readOnly ? 'ro' : '',
      RW: !readOnly,
    })),
    Config: {
      ...config,
      Hostname: container.hostname,
      Env: resolveEnv(image.config, container.hostname, options.tty ?? false, options.env),
      Cmd: options.command ?? image.config.command,
      Entrypoint: options.entrypoint ?? image.config.entrypoint,
    },
  };
}
