/** What happens when memory runs out: the largest process dies. Linux: mm/oom_kill.c. See proc_pid_oom_score_adj(5). */

import { SIGKILL } from '../../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { sendToProcess } from '../signal/send.ts';
import { kernelInfo } from '../signal/sig_info.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import type { MemoryGroup } from './memory_group.ts';
import type { Mm } from './mm.ts';

const OOM_SCORE_ADJ_MIN = -1000;
const KIB_PER_PAGE = 4;

/** How much would be gained by the death of a process that uses `mm`, in pages, biased by oom_score_adj. Linux: oom_badness. */
export function oomBadness(mm: Mm, adjustment: number, totalPages: number): number {
  return mm.counts.resident + mm.tablePages + (adjustment * totalPages) / 1000;
}

/** /proc/[pid]/oom_score: 0 to 2000. Linux: proc_oom_score. */
export function oomScore(group: ThreadGroup): number {
  const mm = mmOf(group);
  const total = group.leader.kernel.memory.frames.limit;
  if (mm === null || group.oomScoreAdj === OOM_SCORE_ADJ_MIN) return 0;
  return Math.max(0, Math.floor((1000 + (oomBadness(mm, group.oomScoreAdj, total) * 1000) / total) * (2 / 3)));
}

/** Kill the largest process that `limited` pays for; true when memory has been freed and the allocation may be tried again. */
export function outOfMemory(kernel: Kernel, limited: MemoryGroup): boolean {
  kernel.memory.count(limited, 'oom');
  // Who is dying already will free its memory soon; nobody else needs to die for it. Linux: task_will_free_mem.
  if (kernel.scheduler.current?.group.exiting === true) return false;
  const total = Math.min(kernel.memory.frames.limit, limited.limit / 4096);
  let victim: ThreadGroup | null = null;
  let worst = Number.NEGATIVE_INFINITY;
  for (const pid of kernel.initialPidNs.list()) {
    const group = pid.task?.group;
    if (group === undefined || group.leader !== pid.task || group.exiting || group.oomScoreAdj === OOM_SCORE_ADJ_MIN) continue;
    const mm = mmOf(group);
    if (mm === null || !mm.memory.isWithin(limited)) continue;
    const badness = oomBadness(mm, group.oomScoreAdj, total);
    if (badness > worst) {
      worst = badness;
      victim = group;
    }
  }
  if (victim === null) return false;
  const together = oomGroupOf(mmOf(victim)!.memory, limited);
  const freed = kill(kernel, victim, limited);
  return together === null ? freed : killTogether(kernel, together, limited) || freed;
}

/** The uppermost group, up to the limited one, that is to end as a whole. Linux: mem_cgroup_get_oom_group. */
function oomGroupOf(memory: MemoryGroup, limited: MemoryGroup): MemoryGroup | null {
  let found: MemoryGroup | null = null;
  for (let group: MemoryGroup | null = memory; group !== null; group = group.parent) {
    if (group.oomGroup) found = group;
    if (group === limited) break;
  }
  return found;
}

/** Whether memory has been freed. Linux: oom_kill_memcg_member. */
function killTogether(kernel: Kernel, memory: MemoryGroup, limited: MemoryGroup): boolean {
  kernel.memory.count(memory, 'oomGroupKill');
  const groups = new Set<ThreadGroup>();
  for (const cgroup of memory.cgroup?.subtree() ?? []) for (const { group } of cgroup.tasks) groups.add(group);
  let freed = false;
  for (const group of groups) {
    if (group.oomScoreAdj === OOM_SCORE_ADJ_MIN || mmOf(group) === null) continue;
    if (kill(kernel, group, limited)) freed = true;
  }
  return freed;
}

/** The address space of a process: its leader may have exited already. */
function mmOf(group: ThreadGroup): Mm | null {
  for (const thread of group.threads) if (thread.mm !== null) return thread.mm;
  return null;
}

/** SIGKILL everybody who uses the memory, and take it at once unless the present task uses it. Linux: __oom_kill_process, oom_reap_task_mm. */
function kill(kernel: Kernel, victim: ThreadGroup, limited: MemoryGroup): boolean {
  const mm = mmOf(victim)!;
  const { anon, file, shmem, total } = mm.counts;
  const { leader } = victim;
  const kind = limited === kernel.memory.root ? 'Out of memory' : 'Memory cgroup out of memory';
  const sizes = `total-vm:${total * KIB_PER_PAGE}kB, anon-rss:${anon * KIB_PER_PAGE}kB, file-rss:${file * KIB_PER_PAGE}kB, shmem-rss:${shmem * KIB_PER_PAGE}kB`;
  const name = `${leader.pid.numbers[0]} (${leader.comm})`;
  kernel.platform.log(
    `${kind}: Killed process ${name} ${sizes}, UID:${leader.cred.uid} pgtables:${mm.tablePages * KIB_PER_PAGE}kB oom_score_adj:${victim.oomScoreAdj}`,
  );
  kernel.memory.count(mm.memory, 'oomKill');
  for (const pid of kernel.initialPidNs.list()) {
    const group = pid.task?.group;
    if (group !== undefined && group.leader === pid.task && mmOf(group) === mm) sendToProcess(group, kernelInfo(SIGKILL), true);
  }
  if (kernel.scheduler.current?.mm === mm) return false;
  const before = kernel.memory.frames.used;
  for (const vma of mm.vmas) if (!vma.shared) mm.zap(vma.start, vma.end, true);
  return kernel.memory.frames.used < before;
}
