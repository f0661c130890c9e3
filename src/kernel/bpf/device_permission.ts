/** Whether a task's group lets it use a device. Linux: devcgroup_check_permission, __cgroup_bpf_check_dev_permission. */

import * as b from '../../abi/bpf.ts';
import { EPERM } from '../../abi/errno.ts';
import { majorOf, minorOf, S_IFBLK, S_IFCHR, S_IFMT } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { effectivePrograms } from './cgroup_programs.ts';
import { runProgram } from './interpreter.ts';

/** `mode` has the type, `access` are BPF_DEVCG_ACC_ bits: 0, or -EPERM when a program says no. */
export function devicePermission(task: Task, mode: number, rdev: number, access: number): number {
  const type = mode & S_IFMT;
  if (task.kernel.bpf.attached === 0 || (type !== S_IFCHR && type !== S_IFBLK)) return 0;
  const context = new Uint8Array(b.BPF_CGROUP_DEV_CTX_SIZE);
  const view = new DataView(context.buffer);
  view.setUint32(0, (access << 16) | (type === S_IFBLK ? b.BPF_DEVCG_DEV_BLOCK : b.BPF_DEVCG_DEV_CHAR), true);
  view.setUint32(4, majorOf(rdev), true);
  view.setUint32(8, minorOf(rdev), true);
  for (const program of effectivePrograms(task.cgroup)) if (runProgram(program, context, task) !== 1n) return -EPERM;
  return 0;
}
