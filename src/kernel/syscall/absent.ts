/** System calls of arm64 that this kernel does not have, and what programs do then. They answer ENOSYS. */

import type { SyscallName } from '../../abi/syscall_numbers.ts';

interface Absence {
  readonly calls: readonly SyscallName[];
  readonly instead: string;
}

/** By subject. A call that is defined must not be here; `npm run docs` tells. */
export const absences: readonly Absence[] = [
  {
    calls: ['io_uring_setup', 'io_uring_enter', 'io_uring_register'],
    instead: 'no io_uring: libuv, liburing and others use epoll and threads',
  },
  { calls: ['lookup_dcookie', 'nfsservctl'], instead: 'Linux has taken them out too' },
  { calls: ['vhangup'], instead: 'getty and login ignore the failure' },
  { calls: ['quotactl', 'quotactl_fd'], instead: 'no file system has quotas: the tools say that quotas are not supported' },
  { calls: ['acct'], instead: 'no process accounting' },
  {
    calls: ['kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module'],
    instead: 'no kernel image or modules: a container is not allowed to on Linux either',
  },
  { calls: ['syslog'], instead: 'no kernel log: dmesg says so' },
  { calls: ['restart_syscall'], instead: 'never called by programs: sleeps that a stop interrupts are restarted as the call itself' },
  { calls: ['swapon', 'swapoff'], instead: 'no swap: the tools report the error' },
  { calls: ['remap_file_pages'], instead: 'programs map the pages one by one; deprecated in Linux' },
  {
    calls: ['mbind', 'get_mempolicy', 'set_mempolicy', 'set_mempolicy_home_node', 'migrate_pages', 'move_pages'],
    instead: 'one memory node: libnuma finds that there is no NUMA',
  },
  { calls: ['perf_event_open'], instead: 'perf says that it is not supported' },
  { calls: ['fanotify_init', 'fanotify_mark'], instead: 'inotify is there' },
  { calls: ['open_by_handle_at'], instead: 'name_to_handle_at has answered EOPNOTSUPP before' },
  { calls: ['userfaultfd'], instead: 'no faults handled by programs: only migration tools ask' },
  { calls: ['pkey_mprotect', 'pkey_alloc', 'pkey_free'], instead: 'no protection keys; the processor has none' },
  { calls: ['process_madvise', 'process_mrelease'], instead: 'hints about memory: programs do without' },
  {
    calls: ['landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self'],
    instead: 'programs find that Landlock is not supported',
  },
  { calls: ['lsm_get_self_attr', 'lsm_set_self_attr', 'lsm_list_modules'], instead: 'no security modules' },
  { calls: ['memfd_secret'], instead: 'as on Linux where secret memory is not enabled' },
  { calls: ['map_shadow_stack'], instead: 'no shadow stacks; the processor has none' },
  { calls: ['futex_requeue'], instead: 'nothing uses it yet; FUTEX_CMP_REQUEUE is there' },
  {
    calls: [
      'clock_gettime64',
      'clock_settime64',
      'clock_adjtime64',
      'clock_getres_time64',
      'clock_nanosleep_time64',
      'timer_gettime64',
      'timer_settime64',
      'timerfd_gettime64',
      'timerfd_settime64',
      'utimensat_time64',
      'pselect6_time64',
      'ppoll_time64',
      'io_pgetevents_time64',
      'recvmmsg_time64',
      'mq_timedsend_time64',
      'mq_timedreceive_time64',
      'semtimedop_time64',
      'rt_sigtimedwait_time64',
      'futex_time64',
      'sched_rr_get_interval_time64',
    ],
    instead: 'for 32-bit processors only: ENOSYS on Linux for arm64 too',
  },
];
