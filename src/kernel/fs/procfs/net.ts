/** /proc/[pid]/net: the network stack of the target's namespace, as far as there is one. See proc_pid_net(5). */

import { constant, directory, type ProcDirectoryEntry } from './entry.ts';

export const netDirectory: ProcDirectoryEntry = directory({
  // There are no network devices.
  dev: constant(
    'Inter-|   Receive                                                |  Transmit\n' +
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n',
  ),
});
