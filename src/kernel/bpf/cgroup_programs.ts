/** Programs on groups: which are there, and which count. Linux: kernel/bpf/cgroup.c. See bpf(2), BPF_PROG_ATTACH. */

import * as b from '../../abi/bpf.ts';
import { E2BIG, EINVAL, ENOENT, EPERM } from '../../abi/errno.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import type { BpfProgram, BpfState } from './bpf_program.ts';

const KINDS = b.BPF_F_ALLOW_OVERRIDE | b.BPF_F_ALLOW_MULTI;

/** The programs on one group that decide about devices. */
export class CgroupPrograms {
  /** BPF_F_ALLOW_OVERRIDE or BPF_F_ALLOW_MULTI, as those that are there were attached; 0 for neither. */
  flags = 0;
  programs: BpfProgram[] = [];

  get multiple(): boolean {
    return (this.flags & b.BPF_F_ALLOW_MULTI) !== 0;
  }
}

const isMultiple = ({ programs }: Cgroup): boolean => programs?.multiple === true;
const count = ({ programs }: Cgroup): number => programs?.programs.length ?? 0;

/** What the groups above allow. Linux: hierarchy_allows_attach. */
function allowed({ parent }: Cgroup): boolean {
  for (let at = parent; at !== null; at = at.parent) {
    if (isMultiple(at)) return true;
    if (count(at) === 1) return (at.programs!.flags & b.BPF_F_ALLOW_OVERRIDE) !== 0;
  }
  return true;
}

/** Linux: __cgroup_bpf_attach. */
export function attachProgram(state: BpfState, cgroup: Cgroup, program: BpfProgram, flags: number, replaced: BpfProgram | null): number {
  const kind = flags & KINDS;
  const multiple = (flags & b.BPF_F_ALLOW_MULTI) !== 0;
  if (kind === KINDS || ((flags & b.BPF_F_REPLACE) !== 0 && !multiple)) return -EINVAL;
  if ((replaced !== null) !== ((flags & b.BPF_F_REPLACE) !== 0)) return -EINVAL;
  if (!allowed(cgroup)) return -EPERM;
  const list = cgroup.programs ?? new CgroupPrograms();
  const { programs } = list;
  if (programs.length > 0 && list.flags !== kind) return -EPERM;
  if (programs.length >= b.BPF_CGROUP_MAX_PROGS) return -E2BIG;
  let place = multiple ? programs.length : 0;
  if (multiple) {
    if (programs.includes(program) && program !== replaced) return -EINVAL;
    if (replaced !== null) place = programs.indexOf(replaced);
    if (place < 0) return -ENOENT;
  }
  cgroup.programs = list;
  list.flags = kind;
  const old = programs[place];
  programs[place] = program.get();
  if (old === undefined) state.attached++;
  else old.put();
  return 0;
}

/** Take a program off; without ALLOW_MULTI it is the only one, whatever was named. Linux: __cgroup_bpf_detach. */
export function detachProgram(state: BpfState, cgroup: Cgroup, program: BpfProgram | null): number {
  const list = cgroup.programs;
  if (list === null || list.programs.length === 0) return list?.multiple === true && program === null ? -EINVAL : -ENOENT;
  if (list.multiple && program === null) return -EINVAL;
  const place = list.multiple ? list.programs.indexOf(program!) : 0;
  if (place < 0) return -ENOENT;
  const [taken] = list.programs.splice(place, 1);
  taken!.put();
  state.attached--;
  if (list.programs.length === 0) cgroup.programs = null;
  return 0;
}

/** The group is gone, and its programs with it. Linux: cgroup_bpf_release. */
export function releasePrograms(state: BpfState, cgroup: Cgroup): void {
  for (const program of cgroup.programs?.programs ?? []) {
    program.put();
    state.attached--;
  }
  cgroup.programs = null;
}

/** Every program that is asked about what a task in the group does: the group's own first. Linux: compute_effective_progs. */
export function effectivePrograms(cgroup: Cgroup): BpfProgram[] {
  const all: BpfProgram[] = [];
  for (let at: Cgroup | null = cgroup; at !== null; at = at.parent)
    if (all.length === 0 || isMultiple(at)) all.push(...(at.programs?.programs ?? []));
  return all;
}
