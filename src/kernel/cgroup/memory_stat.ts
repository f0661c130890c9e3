/** memory.stat: what a group's memory is used for. Linux: memcg_stat_format. See cgroup-v2.rst. */

import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';

/** Linux's order. What is not listed with a value below does not exist here: swap, huge pages, NUMA. */
const NAMES =
  'anon file kernel kernel_stack pagetables sec_pagetables percpu sock vmalloc shmem file_mapped file_dirty file_writeback swapcached ' +
  'anon_thp file_thp shmem_thp inactive_anon active_anon inactive_file active_file unevictable slab_reclaimable slab_unreclaimable slab ' +
  'workingset_refault_anon workingset_refault_file workingset_activate_anon workingset_activate_file workingset_restore_anon ' +
  'workingset_restore_file workingset_nodereclaim pgscan pgsteal pgscan_kswapd pgscan_direct pgscan_khugepaged pgsteal_kswapd ' +
  'pgsteal_direct pgsteal_khugepaged pgfault pgmajfault pgrefill pgactivate pgdeactivate pglazyfree pglazyfreed thp_fault_alloc ' +
  'thp_collapse_alloc';

export function memoryStat({ memory }: Kernel, group: MemoryGroup): string {
  const { anon, shmem, file, mapped, idleFile } = memory.census(group);
  const { kernelBytes, faults, majorFaults, scanned, stolen } = group;
  const values: Readonly<Record<string, number>> = {
    anon: anon * FRAME_SIZE,
    file: (file + shmem) * FRAME_SIZE,
    kernel: kernelBytes,
    shmem: shmem * FRAME_SIZE,
    file_mapped: mapped * FRAME_SIZE,
    active_anon: (anon + shmem) * FRAME_SIZE,
    inactive_file: idleFile * FRAME_SIZE,
    active_file: (file - idleFile) * FRAME_SIZE,
    slab_unreclaimable: kernelBytes,
    slab: kernelBytes,
    pgscan: scanned,
    pgsteal: stolen,
    pgscan_direct: scanned,
    pgsteal_direct: stolen,
    pgfault: faults,
    pgmajfault: majorFaults,
  };
  return NAMES.split(' ')
    .map((name) => `${name} ${values[name] ?? 0}\n`)
    .join('');
}
