/** Kernel parameters of a container. See sysctl(8), the `sysctl` field of the OCI runtime specification. */

import { errnoNames } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import { overwriteFile } from './files.ts';

/** Set values below /proc/sys as a task in the container: null, or what went wrong. */
export function setSysctls(task: Task, sysctls: Readonly<Record<string, string>>): string | null {
  for (const [name, value] of Object.entries(sysctls)) {
    const failed = overwriteFile(task, `/proc/sys/${name.replaceAll('.', '/')}`, value);
    if (failed < 0) return `cannot set the kernel parameter ${name} to "${value}": ${errnoNames[-failed] ?? failed}`;
  }
  return null;
}
