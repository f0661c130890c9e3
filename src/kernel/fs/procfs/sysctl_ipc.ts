/** The parameters of System V IPC in /proc/sys/kernel: of an IPC namespace. Linux: ipc/ipc_sysctl.c. See proc_sys_kernel(5). */

import { EINVAL, EPERM, ERANGE } from '../../../abi/errno.ts';
import { mayCheckpoint } from '../../ipc/ipc_ids.ts';
import { destroyOrphans } from '../../ipc/shm.ts';
import type { IpcLimits, IpcNamespace } from '../../namespace/ipc_namespace.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import type { Task } from '../../task/task.ts';
import { file, type ProcContext, type ProcFileEntry } from './entry.ts';
import { parseIntegers } from './sysctl_value.ts';

const IPCMNI = 32768n;
const INT_MIN = -2147483648n;
const INT_MAX = 2147483647n;
const ULONG_MAX = 18446744073709551615n;

type LimitName = keyof IpcLimits;

/** The namespace in which the parameter was looked up. */
const ipcOf = ({ namespace }: ProcContext): IpcNamespace => namespace as IpcNamespace;
const OPTIONS = {
  namespace: ({ nsproxy }: Task): IpcNamespace => nsproxy.ipc,
  owner: (context: ProcContext): UserNamespace => ipcOf(context).owner,
};

interface Bounds {
  readonly min?: bigint;
  readonly max: bigint;
}

/** The numbers of a write, each within the bounds; or -EINVAL. */
function parse(text: string, { min = 0n, max }: Bounds): bigint[] | number {
  const values = parseIntegers(text);
  return values === null || values.some((value) => value < min || value > max) ? -EINVAL : values;
}

function setLimit(limits: IpcLimits, name: LimitName, value: bigint): void {
  if (name === 'shmmax' || name === 'shmall') limits[name] = value;
  else limits[name] = Number(value);
}

/** One limit. */
export const limit = (name: LimitName, bounds: Bounds, changed: ((ns: IpcNamespace) => void) | null = null): ProcFileEntry =>
  file(
    0o644,
    (context) => `${ipcOf(context).limits[name]}\n`,
    (context, text) => {
      const values = parse(text, bounds);
      if (typeof values === 'number') return values;
      const [value] = values;
      if (value === undefined) return 0;
      const ipc = ipcOf(context);
      setLimit(ipc.limits, name, value);
      changed?.(ipc);
      return 0;
    },
    OPTIONS,
  );

const SEM: readonly LimitName[] = ['semmsl', 'semmns', 'semopm', 'semmni'];

/** SEMMSL, SEMMNS, SEMOPM, SEMMNI: as many of them as are written are set; the last alone is checked. Linux: proc_ipc_sem_dointvec. */
const sem: ProcFileEntry = file(
  0o644,
  (context) => `${SEM.map((name) => ipcOf(context).limits[name]).join('\t')}\n`,
  (context, text) => {
    const values = parse(text, { min: INT_MIN, max: INT_MAX });
    if (typeof values === 'number') return values;
    const { limits } = ipcOf(context);
    const before = limits.semmni;
    for (const [i, value] of values.slice(0, SEM.length).entries()) setLimit(limits, SEM[i]!, value);
    if (limits.semmni >= 0 && limits.semmni <= Number(IPCMNI)) return 0;
    limits.semmni = before;
    return -ERANGE;
  },
  OPTIONS,
);

/** The number of message queues once followed the memory; what is written has no effect. */
const autoMsgmni: ProcFileEntry = file(
  0o644,
  () => '0\n',
  (_context, text) => {
    const values = parse(text, { max: 1n });
    return typeof values === 'number' ? values : 0;
  },
  OPTIONS,
);

/** The id that the next object gets; for those who restore processes. */
const nextId = (kind: 'semaphores' | 'messageQueues' | 'segments'): ProcFileEntry =>
  file(
    0o444,
    (context) => `${ipcOf(context)[kind].nextId}\n`,
    (context, text) => {
      const ipc = ipcOf(context);
      if (!mayCheckpoint(context.reader, ipc)) return -EPERM;
      const values = parseIntegers(text);
      const value = values?.[0];
      if (values === null || (value !== undefined && (value < 0n || value > INT_MAX))) return -EINVAL;
      if (value !== undefined) ipc[kind].nextId = Number(value);
      return 0;
    },
    { ...OPTIONS, grants: (context) => (mayCheckpoint(context.reader, ipcOf(context)) ? 0o666 : 0o444) },
  );

export const ipcParameters: Readonly<Record<string, ProcFileEntry>> = {
  auto_msgmni: autoMsgmni,
  msg_next_id: nextId('messageQueues'),
  msgmax: limit('msgmax', { max: INT_MAX }),
  msgmnb: limit('msgmnb', { max: INT_MAX }),
  msgmni: limit('msgmni', { max: IPCMNI }),
  sem,
  sem_next_id: nextId('semaphores'),
  shm_next_id: nextId('segments'),
  shm_rmid_forced: limit('shmRmidForced', { max: 1n }, ({ limits, segments }) => {
    if (limits.shmRmidForced !== 0) destroyOrphans(segments);
  }),
  shmall: limit('shmall', { max: ULONG_MAX }),
  shmmax: limit('shmmax', { max: ULONG_MAX }),
  shmmni: limit('shmmni', { max: IPCMNI }),
};
