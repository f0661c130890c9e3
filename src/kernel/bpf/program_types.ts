/** The kinds of programs that can be loaded, and what of their context they may read. Linux: struct bpf_verifier_ops. */

import * as b from '../../abi/bpf.ts';

/** Whether `size` bytes at `offset` may be read. */
export type MayReadContext = (offset: number, size: number) => boolean;

/** The fields of struct bpf_cgroup_dev_ctx: parts of the first one may be read. Linux: cgroup_dev_is_valid_access. */
export function mayReadDevice(offset: number, size: number): boolean {
  if (offset < 0 || offset + size > b.BPF_CGROUP_DEV_CTX_SIZE || offset % size !== 0) return false;
  return size === 4 || (offset === 0 && size < 4);
}

/** There are no packets: programs about them can be loaded, as tools do to find out what there is, but see nothing and are attached nowhere. */
const mayReadPacket = (): boolean => false;

export const programTypes: ReadonlyMap<number, MayReadContext> = new Map([
  [b.BPF_PROG_TYPE_CGROUP_SKB, mayReadPacket],
  [b.BPF_PROG_TYPE_CGROUP_DEVICE, mayReadDevice],
]);
