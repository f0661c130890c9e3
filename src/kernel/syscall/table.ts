/** Every system call that this kernel has, by number. */

import { buildTable, type Syscall } from './define.ts';
import { cloneCalls } from './sys_clone.ts';
import { credCalls } from './sys_cred.ts';
import { execCalls } from './sys_exec.ts';
import { exitCalls } from './sys_exit.ts';
import { futexCalls } from './sys_futex.ts';
import { idCalls } from './sys_ids.ts';
import { killCalls } from './sys_kill.ts';
import { limitCalls } from './sys_limits.ts';
import { memfdCalls } from './sys_memfd.ts';
import { mmCalls } from './sys_mm.ts';
import { mmAdviceCalls } from './sys_mm_advice.ts';
import { msgCalls } from './sys_msg.ts';
import { pipeCalls } from './sys_pipe.ts';
import { pollCalls } from './sys_poll.ts';
import { prctlCalls } from './sys_prctl.ts';
import { processVmCalls } from './sys_process_vm.ts';
import { schedCalls } from './sys_sched.ts';
import { semCalls } from './sys_sem.ts';
import { signalCalls } from './sys_signal.ts';
import { systemCalls } from './sys_system.ts';
import { timeCalls } from './sys_time.ts';
import { timerCalls } from './sys_timer.ts';

export const allCalls: readonly Syscall[] = [
  ...cloneCalls,
  ...credCalls,
  ...execCalls,
  ...exitCalls,
  ...futexCalls,
  ...idCalls,
  ...killCalls,
  ...limitCalls,
  ...memfdCalls,
  ...mmCalls,
  ...mmAdviceCalls,
  ...msgCalls,
  ...pipeCalls,
  ...pollCalls,
  ...prctlCalls,
  ...processVmCalls,
  ...schedCalls,
  ...semCalls,
  ...signalCalls,
  ...systemCalls,
  ...timeCalls,
  ...timerCalls,
];

export const syscallTable: readonly (Syscall | undefined)[] = buildTable(allCalls);
