/** Functions of the kernel that programs on groups may call; none has arguments. Linux: cgroup_dev_func_proto. See bpf-helpers(7). */

import * as b from '../../abi/bpf.ts';
import { CLOCK_BOOTTIME } from '../../abi/time.ts';
import type { Task } from '../task/task.ts';
import { shownTime } from '../time/posix_clock.ts';

export interface BpfHelper {
  readonly name: string;
  readonly call: (task: Task) => bigint;
}

function random({ kernel }: Task): bigint {
  const bytes = new Uint8Array(4);
  kernel.platform.random.fill(bytes);
  return BigInt(new DataView(bytes.buffer).getUint32(0, true));
}

export const helpers: ReadonlyMap<number, BpfHelper> = new Map<number, BpfHelper>([
  [b.BPF_FUNC_ktime_get_ns, { name: 'bpf_ktime_get_ns', call: ({ kernel }) => BigInt(Math.floor(kernel.clock.monotonic())) }],
  [b.BPF_FUNC_get_prandom_u32, { name: 'bpf_get_prandom_u32', call: random }],
  [b.BPF_FUNC_get_smp_processor_id, { name: 'bpf_get_smp_processor_id', call: () => 0n }],
  [b.BPF_FUNC_get_current_uid_gid, { name: 'bpf_get_current_uid_gid', call: ({ cred }) => (BigInt(cred.gid) << 32n) | BigInt(cred.uid) }],
  [b.BPF_FUNC_get_current_cgroup_id, { name: 'bpf_get_current_cgroup_id', call: ({ cgroup }) => BigInt(cgroup.id) }],
  [
    b.BPF_FUNC_ktime_get_boot_ns,
    {
      name: 'bpf_ktime_get_boot_ns',
      call: (task) => {
        const { seconds, nanoseconds } = shownTime(task.kernel.firstTask, CLOCK_BOOTTIME, task.kernel.clock.monotonic());
        return BigInt(seconds) * 1000000000n + BigInt(Math.floor(nanoseconds));
      },
    },
  ],
]);
