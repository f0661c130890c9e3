/** /proc/sys/fs/mqueue: the limits of POSIX message queues in an IPC namespace. Linux: ipc/mq_sysctl.c. See mq_overview(7). */

import { HARD_MSGMAX, HARD_MSGSIZEMAX } from '../../../abi/mqueue.ts';
import { directory, type ProcDirectoryEntry } from './entry.ts';
import { limit } from './sysctl_ipc.ts';

const INT_MIN = -2147483648n;
const INT_MAX = 2147483647n;
/** Linux: MIN_MSGSIZEMAX. */
const MIN_MSGSIZEMAX = 128n;

const messages = { min: 1n, max: BigInt(HARD_MSGMAX) };
const sizes = { min: MIN_MSGSIZEMAX, max: BigInt(HARD_MSGSIZEMAX) };

export const mqueueParameters: ProcDirectoryEntry = directory({
  msg_default: limit('mqMsgDefault', messages),
  msg_max: limit('mqMsgMax', messages),
  msgsize_default: limit('mqMsgsizeDefault', sizes),
  msgsize_max: limit('mqMsgsizeMax', sizes),
  queues_max: limit('mqQueuesMax', { min: INT_MIN, max: INT_MAX }),
});
