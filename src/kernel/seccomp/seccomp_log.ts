/** Which decisions of filters are reported to the kernel's log. Linux: seccomp_log, the sysctls in kernel/seccomp.c. */

import * as s from '../../abi/seccomp.ts';
import type { Task } from '../task/task.ts';

/** Names of the actions in the order of precedence. */
export const ACTIONS: readonly (readonly [string, number])[] = [
  ['kill_process', s.SECCOMP_RET_KILL_PROCESS],
  ['kill_thread', s.SECCOMP_RET_KILL_THREAD],
  ['trap', s.SECCOMP_RET_TRAP],
  ['errno', s.SECCOMP_RET_ERRNO],
  ['user_notif', s.SECCOMP_RET_USER_NOTIF],
  ['trace', s.SECCOMP_RET_TRACE],
  ['log', s.SECCOMP_RET_LOG],
  ['allow', s.SECCOMP_RET_ALLOW],
];

/** Reported without SECCOMP_FILTER_FLAG_LOG. */
const UNASKED: readonly number[] = [s.SECCOMP_RET_KILL_PROCESS, s.SECCOMP_RET_KILL_THREAD, s.SECCOMP_RET_LOG];
/** Lines in so many nanoseconds. Linux: printk_ratelimit. */
const BURST = 10;
const INTERVAL = 5e9;

export class SeccompLog {
  /** /proc/sys/kernel/seccomp/actions_logged. */
  logged: readonly string[] = ACTIONS.slice(0, -1).map(([name]) => name);
  private windowStart = 0;
  private printed = 0;

  /** Report a decision, if it is of a kind that is reported. */
  report(task: Task, nr: number, signo: number, action: number, requested: boolean): void {
    const name = ACTIONS.find(([, value]) => value === action)?.[0];
    if (name !== undefined && !this.logged.includes(name)) return;
    if (name !== undefined && !requested && !UNASKED.includes(action)) return;
    const { kernel } = task;
    const now = kernel.clock.monotonic();
    if (now - this.windowStart > INTERVAL) {
      this.windowStart = now;
      this.printed = 0;
    }
    if (this.printed++ >= BURST) return;
    const place = `syscall=${nr} compat=0 ip=0x${(task.pc + 4).toString(16)} code=0x${action.toString(16)}`;
    kernel.platform.log(`seccomp: pid=${task.pid.numbers[0]} comm="${task.comm}" sig=${signo} arch=c00000b7 ${place}`);
  }
}
