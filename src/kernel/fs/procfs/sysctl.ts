/** /proc/sys: kernel parameters, per namespace where Linux has them so. See proc_sys(5). Linux: kernel/sysctl.c. */

import { CAP_LAST_CAP, CAP_SYS_ADMIN, CAP_SYS_RESOURCE } from '../../../abi/capability.ts';
import { EINVAL, EPERM } from '../../../abi/errno.ts';
import { MEMFD_NOEXEC_SCOPE_NOEXEC_ENFORCED } from '../../../abi/mman.ts';
import type { KeyTable } from '../../keys/key_table.ts';
import type { Memory } from '../../mm/memory.ts';
import { mayRestore } from '../../namespace/pid_namespace.ts';
import { UCOUNTS, type UcountName } from '../../namespace/ucounts.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import type { UtsName } from '../../namespace/uts_namespace.ts';
import { MAX_THREADS } from '../../task/rlimits.ts';
import { NR_OPEN_MAX, NR_OPEN_MIN, type Vfs } from '../../vfs/vfs.ts';
import { constant, directory, file, type ProcContext, type ProcDirectoryEntry, type ProcFileEntry } from './entry.ts';
import { ipcParameters } from './sysctl_ipc.ts';
import { mqueueParameters } from './sysctl_mqueue.ts';
import { netParameters } from './sysctl_net.ts';
import { seccompParameters } from './sysctl_seccomp.ts';
import { mayChange, parseIntegers } from './sysctl_value.ts';

const HOST_NAME_MAX = 64;
const INT_MAX = 2147483647;

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** An integer of the whole machine that can be set. */
const integer = (
  get: (context: ProcContext) => number,
  set: (context: ProcContext, value: number) => void,
  { min = 0, max = INT_MAX }: Bounds = {},
): ProcFileEntry =>
  file(
    0o644,
    (context) => `${get(context)}\n`,
    (context, text) => {
      const values = parseIntegers(text);
      if (values === null) return -EINVAL;
      const [value] = values;
      if (value === undefined) return 0;
      if (value < min || value > max) return -EINVAL;
      if (!mayChange(context, context.kernel.initialUserNs)) return -EPERM;
      set(context, Number(value));
      return 0;
    },
  );

/** A number that is not changed. */
const fixed = (get: (context: ProcContext) => number | string): ProcFileEntry => file(0o444, (context) => `${get(context)}\n`);

/** The host and domain name: of the reader's UTS namespace. See uts_namespaces(7). */
const utsName = (field: UtsName): ProcFileEntry =>
  file(
    0o644,
    ({ reader }) => `${reader.nsproxy.uts[field]}\n`,
    ({ kernel, reader }, text, position) => {
      const { uts } = reader.nsproxy;
      if (position > uts[field].length) return 0;
      uts[field] = (uts[field].slice(0, position) + text.split(/[\0\n]/, 1)[0]!).slice(0, HOST_NAME_MAX);
      kernel.utsPolls[field].notify();
      return 0;
    },
    { poll: ({ kernel }) => kernel.utsPolls[field], positioned: true },
  );

/** The id given last in the reader's PID namespace; the next one is higher. See pid_namespaces(7). */
const nsLastPid = file(
  0o666,
  ({ reader }) => `${reader.pid.namespace.lastPid}\n`,
  ({ kernel, reader }, text) => {
    const { namespace } = reader.pid;
    if (!mayRestore(reader.cred, namespace.owner)) return -EPERM;
    const values = parseIntegers(text);
    if (values === null) return -EINVAL;
    const [value] = values;
    if (value === undefined) return 0;
    if (value < 0 || value > kernel.pidMax) return -EINVAL;
    namespace.lastPid = Number(value);
    return 0;
  },
);

/** What memfds may do in the reader's PID namespace, never more than in its parent. See memfd_create(2). Linux: kernel/pid_sysctl.h. */
const memfdNoexec = file(
  0o644,
  ({ reader }) => `${reader.pid.namespace.memfdNoexecScope}\n`,
  ({ reader }, text) => {
    const { namespace } = reader.pid;
    if (!reader.cred.capable(CAP_SYS_ADMIN, namespace.owner)) return -EPERM;
    const values = parseIntegers(text);
    if (values === null) return -EINVAL;
    const [value] = values;
    if (value === undefined) return 0;
    if (value < (namespace.parent?.memfdNoexecScope ?? 0) || value > MEMFD_NOEXEC_SCOPE_NOEXEC_ENFORCED) return -EINVAL;
    namespace.memfdNoexec = Number(value);
    return 0;
  },
);

type NumberField<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T];

const memory = (field: NumberField<Memory>, bounds?: Bounds): ProcFileEntry =>
  integer(
    ({ kernel }) => kernel.memory[field],
    ({ kernel }, value) => {
      (kernel.memory as unknown as Record<string, number>)[field] = value;
    },
    bounds,
  );

const vfs = (field: NumberField<Vfs>, max: number, min = 0): ProcFileEntry =>
  integer(
    ({ kernel }) => kernel.vfs[field],
    ({ kernel }, value) => {
      (kernel.vfs as unknown as Record<string, number>)[field] = value;
    },
    { min, max },
  );

/** How much each user of a user namespace may make. See namespaces(7). Linux: kernel/ucount.c. */
const userLimit = (name: UcountName): ProcFileEntry =>
  file(
    0o644,
    ({ namespace }) => `${(namespace as UserNamespace).limits[name]}\n`,
    ({ namespace }, text) => {
      const values = parseIntegers(text);
      if (values === null) return -EINVAL;
      const [value] = values;
      if (value === undefined) return 0;
      if (value < 0 || value > INT_MAX) return -EINVAL;
      (namespace as UserNamespace).limits[name] = Number(value);
      return 0;
    },
    {
      namespace: ({ cred }) => cred.userNs,
      grants: ({ reader, namespace }) => (reader.cred.capable(CAP_SYS_RESOURCE, namespace as UserNamespace) ? 0o666 : 0o444),
    },
  );

/** The limits of the first user namespace under the names that they had before there were others. See inotify(7). */
const inotifyLimit = (name: UcountName): ProcFileEntry =>
  integer(
    ({ kernel }) => kernel.initialUserNs.limits[name],
    ({ kernel }, value) => {
      kernel.initialUserNs.limits[name] = value;
    },
  );

/** What users may have of keys. See keyrings(7). */
const keyLimit = (name: keyof KeyTable['limits']): ProcFileEntry =>
  integer(
    ({ kernel }) => kernel.keys.limits[name],
    ({ kernel }, value) => {
      kernel.keys.limits[name] = value;
    },
  );

/** 1 frees clean page cache, 2 names and inodes, 3 both. See proc_sys_vm(5). */
const dropCaches = file(0o200, null, (context, text) => {
  const [value] = parseIntegers(text) ?? [];
  if (value === undefined || value < 1 || value > 4) return -EINVAL;
  if (!mayChange(context, context.kernel.initialUserNs)) return -EPERM;
  const { memory: all } = context.kernel;
  if ((Number(value) & 2) !== 0) while (all.shrinkObjects());
  if ((Number(value) & 1) !== 0) while (all.reclaim(all.root, Number.POSITIVE_INFINITY) > 0);
  return 0;
});

/** A pipe has a power of two of pages. */
const pipeSize = (bytes: number): number => 2 ** Math.ceil(Math.log2(Math.max(4096, bytes)));

export const sysctl: ProcDirectoryEntry = directory({
  fs: directory({
    'aio-max-nr': integer(
      ({ kernel }) => kernel.aio.most,
      ({ kernel }, value) => {
        kernel.aio.most = value;
      },
    ),
    'aio-nr': file(0o444, ({ kernel }) => `${kernel.aio.used}\n`),
    'file-max': constant('9223372036854775807\n'),
    inotify: directory({
      max_queued_events: vfs('inotifyMaxQueuedEvents', INT_MAX),
      max_user_instances: inotifyLimit('inotify_instances'),
      max_user_watches: inotifyLimit('inotify_watches'),
    }),
    'mount-max': vfs('mountMax', INT_MAX, 1),
    mqueue: mqueueParameters,
    nr_open: vfs('nrOpen', NR_OPEN_MAX, NR_OPEN_MIN),
    overflowgid: constant('65534\n'),
    overflowuid: constant('65534\n'),
    'pipe-max-size': integer(
      ({ kernel }) => kernel.pipeMaxSize,
      ({ kernel }, value) => {
        kernel.pipeMaxSize = pipeSize(value);
      },
    ),
    protected_fifos: vfs('protectedFifos', 2),
    protected_hardlinks: vfs('protectedHardlinks', 1),
    protected_regular: vfs('protectedRegular', 2),
    protected_symlinks: vfs('protectedSymlinks', 1),
    suid_dumpable: constant('0\n'),
  }),
  kernel: directory({
    arch: constant('aarch64\n'),
    cap_last_cap: fixed(() => CAP_LAST_CAP),
    core_pattern: constant('core\n'),
    domainname: utsName('domainname'),
    hostname: utsName('nodename'),
    ...ipcParameters,
    keys: directory({
      maxbytes: keyLimit('maxbytes'),
      maxkeys: keyLimit('maxkeys'),
      root_maxbytes: keyLimit('root_maxbytes'),
      root_maxkeys: keyLimit('root_maxkeys'),
    }),
    ngroups_max: constant('65536\n'),
    ns_last_pid: nsLastPid,
    osrelease: fixed(({ kernel }) => kernel.release),
    ostype: constant('Linux\n'),
    overflowgid: constant('65534\n'),
    overflowuid: constant('65534\n'),
    pid_max: integer(
      ({ kernel }) => kernel.pidMax,
      ({ kernel }, value) => {
        kernel.pidMax = value;
      },
      { min: 301, max: 4194304 },
    ),
    random: directory({
      boot_id: fixed(({ kernel }) => kernel.bootId),
      entropy_avail: constant('256\n'),
      poolsize: constant('256\n'),
      uuid: fixed(({ kernel }) => kernel.randomUuid()),
    }),
    // Mappings are placed alike in every process.
    randomize_va_space: constant('0\n'),
    seccomp: seccompParameters,
    tainted: fixed(({ kernel }) => (kernel.oopses > 0 ? 128 : 0)),
    'threads-max': fixed(() => MAX_THREADS),
    version: fixed(({ kernel }) => kernel.version),
  }),
  net: netParameters,
  user: directory(Object.fromEntries(UCOUNTS.map((name) => [`max_${name}`, userLimit(name)]))),
  vm: directory({
    drop_caches: dropCaches,
    max_map_count: memory('maxMapCount'),
    memfd_noexec: memfdNoexec,
    mmap_min_addr: fixed(({ kernel }) => kernel.memory.mmapMinAddress),
    overcommit_memory: memory('overcommit', { max: 2 }),
    overcommit_ratio: memory('overcommitRatio'),
  }),
});
