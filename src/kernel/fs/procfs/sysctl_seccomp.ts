/** /proc/sys/kernel/seccomp. Linux: seccomp_sysctl_table in kernel/seccomp.c. See seccomp(2). */

import { EINVAL, EPERM } from '../../../abi/errno.ts';
import { ACTIONS } from '../../seccomp/seccomp_log.ts';
import { constant, directory, file, type ProcDirectoryEntry } from './entry.ts';
import { mayChange } from './sysctl_value.ts';

const NAMES: readonly string[] = ACTIONS.map(([name]) => name);

/** What is always allowed is never reported. */
const actionsLogged = file(
  0o644,
  ({ kernel }) => `${kernel.seccompLog.logged.join(' ')}\n`,
  (context, text) => {
    if (!mayChange(context, context.kernel.initialUserNs)) return -EPERM;
    const wanted = text.split(/[\s\0]+/).filter((word) => word !== '');
    if (wanted.includes('allow') || wanted.some((word) => !NAMES.includes(word))) return -EINVAL;
    context.kernel.seccompLog.logged = NAMES.filter((name) => wanted.includes(name));
    return 0;
  },
);

export const seccompParameters: ProcDirectoryEntry = directory({
  actions_avail: constant(`${NAMES.join(' ')}\n`),
  actions_logged: actionsLogged,
});
