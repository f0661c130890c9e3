/** Every system call that this kernel has, by number. */

import { buildTable, type Syscall } from './define.ts';
import { aioCalls } from './sys_aio.ts';
import { attrCalls } from './sys_attr.ts';
import { bpfCalls } from './sys_bpf.ts';
import { cloneCalls } from './sys_clone.ts';
import { copyCalls } from './sys_copy.ts';
import { credCalls } from './sys_cred.ts';
import { dirCalls } from './sys_dir.ts';
import { epollCalls } from './sys_epoll.ts';
import { eventCalls } from './sys_event.ts';
import { execCalls } from './sys_exec.ts';
import { exitCalls } from './sys_exit.ts';
import { fcntlCalls } from './sys_fcntl.ts';
import { fsconfigCalls } from './sys_fsconfig.ts';
import { futexCalls } from './sys_futex.ts';
import { idCalls } from './sys_ids.ts';
import { inotifyCalls } from './sys_inotify.ts';
import { keyCalls } from './sys_keys.ts';
import { killCalls } from './sys_kill.ts';
import { limitCalls } from './sys_limits.ts';
import { memfdCalls } from './sys_memfd.ts';
import { messageCalls } from './sys_message.ts';
import { mmCalls } from './sys_mm.ts';
import { mmAdviceCalls } from './sys_mm_advice.ts';
import { mountCalls } from './sys_mount.ts';
import { moveMountCalls } from './sys_move_mount.ts';
import { mqCalls } from './sys_mq.ts';
import { msgCalls } from './sys_msg.ts';
import { nameCalls } from './sys_names.ts';
import { openCalls } from './sys_open.ts';
import { pidfdCalls } from './sys_pidfd.ts';
import { pipeCalls } from './sys_pipe.ts';
import { pollCalls } from './sys_poll.ts';
import { prctlCalls } from './sys_prctl.ts';
import { processVmCalls } from './sys_process_vm.ts';
import { ptraceCalls } from './sys_ptrace.ts';
import { readCalls } from './sys_read.ts';
import { schedCalls } from './sys_sched.ts';
import { seccompCalls } from './sys_seccomp.ts';
import { semCalls } from './sys_sem.ts';
import { shmCalls } from './sys_shm.ts';
import { signalCalls } from './sys_signal.ts';
import { socketCalls } from './sys_socket.ts';
import { statCalls } from './sys_stat.ts';
import { syncCalls } from './sys_sync.ts';
import { systemCalls } from './sys_system.ts';
import { timeCalls } from './sys_time.ts';
import { timerCalls } from './sys_timer.ts';
import { xattrCalls } from './sys_xattr.ts';

export const allCalls: readonly Syscall[] = [
  ...aioCalls,
  ...attrCalls,
  ...bpfCalls,
  ...cloneCalls,
  ...copyCalls,
  ...credCalls,
  ...dirCalls,
  ...epollCalls,
  ...eventCalls,
  ...execCalls,
  ...exitCalls,
  ...fcntlCalls,
  ...futexCalls,
  ...idCalls,
  ...inotifyCalls,
  ...keyCalls,
  ...killCalls,
  ...limitCalls,
  ...memfdCalls,
  ...messageCalls,
  ...mmCalls,
  ...mmAdviceCalls,
  ...fsconfigCalls,
  ...mountCalls,
  ...moveMountCalls,
  ...mqCalls,
  ...msgCalls,
  ...nameCalls,
  ...openCalls,
  ...pidfdCalls,
  ...pipeCalls,
  ...pollCalls,
  ...prctlCalls,
  ...processVmCalls,
  ...ptraceCalls,
  ...readCalls,
  ...schedCalls,
  ...seccompCalls,
  ...semCalls,
  ...shmCalls,
  ...signalCalls,
  ...socketCalls,
  ...statCalls,
  ...syncCalls,
  ...systemCalls,
  ...timeCalls,
  ...timerCalls,
  ...xattrCalls,
];

export const syscallTable: readonly (Syscall | undefined)[] = buildTable(allCalls);
