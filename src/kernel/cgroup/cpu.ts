/** The cpu controller: shares of the processor, and limits on its use. Linux: kernel/sched/core.c, cpu_files. See cgroup-v2.rst, CPU. */

import type { Cgroup } from './cgroup.ts';

const micro = (nanoseconds: number): number => Math.floor(nanoseconds / 1000);

export function cpuStat({ usage }: Cgroup): string {
  const { user, system } = usage;
  return `usage_usec ${micro(user + system)}\nuser_usec ${micro(user)}\nsystem_usec ${micro(system)}\n`;
}
