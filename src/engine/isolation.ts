/** How a container is cut off from others: its namespaces, capabilities, kernel parameters and temporary file systems. See docker-run(1). */

import { MS_NOATIME, MS_NODEV, MS_NODIRATIME, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_RELATIME, MS_STRICTATIME } from '../abi/mount.ts';
import { ALL_CAPABILITIES, capabilityMask, DEFAULT_CAPABILITIES, type NamespaceSource, type TmpfsMount } from '../kernel/api/index.ts';
import { HolmError } from './error.ts';
import { type ContainerOptions, parseBytes } from './options.ts';
import { compileProfile } from './seccomp_profile.ts';

type Kind = 'ipc' | 'pid' | 'uts' | 'network' | 'cgroupns' | 'userns';

interface Choice {
  readonly unlessTold: string;
  readonly values: readonly string[];
  /** `container:NAME` names another container. */
  readonly joins: boolean;
}

/** What may be said of each kind. */
const CHOICES: Readonly<Record<Kind, Choice>> = {
  ipc: { unlessTold: 'private', values: ['private', 'shareable', 'none', 'host'], joins: true },
  pid: { unlessTold: 'private', values: ['private', 'host'], joins: true },
  uts: { unlessTold: 'private', values: ['private', 'host'], joins: false },
  network: { unlessTold: 'none', values: ['none', 'host'], joins: true },
  cgroupns: { unlessTold: 'private', values: ['private', 'host'], joins: false },
  userns: { unlessTold: 'host', values: ['private', 'host'], joins: true },
};

const CONTAINER = 'container:';

/** The mode of a kind of namespace, checked. */
export function namespaceMode(options: Pick<ContainerOptions, Kind>, kind: Kind): string {
  const { unlessTold, values, joins } = CHOICES[kind];
  const mode = (options[kind] === 'default' ? '' : options[kind]) || unlessTold;
  if (values.includes(mode) || (joins && mode.startsWith(CONTAINER) && mode.length > CONTAINER.length)) return mode;
  const wanted = [...values, ...(joins ? [`${CONTAINER}NAME`] : [])].join(', ');
  throw new HolmError('EOPTION', `invalid --${kind} "${mode}": ${wanted}`);
}

/** The name of the container whose namespace a mode joins, or null. */
export const joinedContainer = (mode: string): string | null => (mode.startsWith(CONTAINER) ? mode.slice(CONTAINER.length) : null);

/** Where the namespace of a mode comes from; `join` finds the other container's. */
export function namespaceSource(mode: string, join: (name: string) => NamespaceSource): NamespaceSource {
  const name = joinedContainer(mode);
  if (name !== null) return join(name);
  return mode === 'host' ? 'engine' : 'new';
}

/** The capabilities of the container's root, as a mask: docker's, with `capAdd`, without `capDrop`. */
export function capabilitiesOf({ privileged, capAdd = [], capDrop = [] }: ContainerOptions): bigint {
  if (privileged) return ALL_CAPABILITIES;
  const mask = (name: string): bigint => {
    const found = capabilityMask(name);
    if (found === null) throw new HolmError('EOPTION', `unknown capability "${name}"`);
    return found;
  };
  const all = (names: readonly string[]): bigint => names.reduce((set, name) => set | mask(name), 0n);
  const isAll = (name: string): boolean => name.toUpperCase() === 'ALL';
  // Single names win over ALL, whichever list it is in.
  const dropped = all(capDrop.filter((name) => !isAll(name)));
  const base = capAdd.some(isAll) ? ALL_CAPABILITIES : capDrop.some(isAll) ? 0n : DEFAULT_CAPABILITIES;
  return (base & ~dropped) | all(capAdd.filter((name) => !isAll(name)));
}

/** The filter of system calls as the kernel has it, or null. */
export function seccompOf({ seccomp = 'unconfined', privileged }: ContainerOptions, capabilities: bigint): Uint8Array | null {
  return seccomp === 'unconfined' || privileged ? null : compileProfile(seccomp, capabilities);
}

/** Parameters of a namespace: what a container may set belongs to it alone. */
const OF_NAMESPACE: readonly (readonly [RegExp, Kind])[] = [
  [/^kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|msg_next_id|sem_next_id|shm_next_id)$/, 'ipc'],
  [/^fs\.mqueue\./, 'ipc'],
  [/^net\./, 'network'],
  [/^kernel\.(hostname|domainname)$/, 'uts'],
];

/** The kernel parameters, checked: each belongs to a namespace that the container has for itself. */
export function sysctlsOf(options: ContainerOptions): Readonly<Record<string, string>> {
  const { sysctls = {} } = options;
  for (const name of Object.keys(sysctls)) {
    const kind = OF_NAMESPACE.find(([pattern]) => pattern.test(name))?.[1];
    if (kind === undefined) throw new HolmError('EOPTION', `sysctl "${name}" is not in a separate kernel namespace`);
    if (namespaceMode(options, kind) === 'host' || joinedContainer(namespaceMode(options, kind)) !== null)
      throw new HolmError('EOPTION', `sysctl "${name}" is not allowed with --${kind} ${namespaceMode(options, kind)}`);
  }
  return sysctls;
}

const FLAGS: Readonly<Record<string, readonly [set: number, clear: number]>> = {
  ro: [MS_RDONLY, 0],
  rw: [0, MS_RDONLY],
  suid: [0, MS_NOSUID],
  nosuid: [MS_NOSUID, 0],
  dev: [0, MS_NODEV],
  nodev: [MS_NODEV, 0],
  exec: [0, MS_NOEXEC],
  noexec: [MS_NOEXEC, 0],
  atime: [0, MS_NOATIME],
  noatime: [MS_NOATIME, 0],
  diratime: [0, MS_NODIRATIME],
  nodiratime: [MS_NODIRATIME, 0],
  relatime: [MS_RELATIME, 0],
  strictatime: [MS_STRICTATIME, 0],
};

/** A tmpfs as docker's --tmpfs has it: nosuid, nodev and noexec unless told. */
export function tmpfsMount(destination: string, options: string): TmpfsMount {
  let flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  const data: string[] = [];
  for (const option of options.split(',').filter((part) => part !== '')) {
    const flag = FLAGS[option];
    if (flag !== undefined) flags = (flags | flag[0]) & ~flag[1];
    else if (option.startsWith('size=') && !option.endsWith('%')) data.push(`size=${parseBytes(option.slice(5))}`);
    else data.push(option);
  }
  return { destination, flags, data: data.join(',') };
}
