/** BPF_OBJ_GET_INFO_BY_FD and BPF_PROG_QUERY. Linux: bpf_prog_get_info_by_fd, cgroup_bpf_prog_query. */

import * as b from '../../abi/bpf.ts';
import { E2BIG, EINVAL, ENOSPC, isErrno } from '../../abi/errno.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import type { Task } from '../task/task.ts';
import { latin1Bytes } from '../vfs/text.ts';
import type { BpfAttr } from './bpf_attr.ts';
import type { BpfProgram } from './bpf_program.ts';
import { effectivePrograms } from './cgroup_programs.ts';

/** struct bpf_prog_info. */
const INFO_SIZE = 232;
/** Offsets in it. */
const XLATED_LENGTH = 20;
const XLATED_INSNS = 32;

/** Describe a program in the caller's struct bpf_prog_info, which says where its instructions are to go. */
export function programInfo(task: Task, attr: BpfAttr, { fields, words }: BpfProgram): number {
  const mm = task.mm!;
  const [size, address] = [attr.u32(4), attr.ptr(8)];
  const given = mm.copyIn(address, Math.min(size, 4096));
  if (isErrno(given)) return given;
  if (given.subarray(INFO_SIZE).some((byte) => byte !== 0)) return -E2BIG;
  const info = new Uint8Array(INFO_SIZE);
  info.set(given.subarray(0, INFO_SIZE));
  const view = new DataView(info.buffer);
  const room = view.getUint32(XLATED_LENGTH, true);
  const target = view.getUint32(XLATED_INSNS + 4, true) * 4294967296 + view.getUint32(XLATED_INSNS, true);
  info.fill(0);
  const insns = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  if (room > 0) {
    const failed = mm.copyOut(target, insns.subarray(0, Math.min(room, insns.length)));
    if (failed < 0) return failed;
    view.setUint32(XLATED_INSNS, target % 4294967296, true);
    view.setUint32(XLATED_INSNS + 4, Math.floor(target / 4294967296), true);
  }
  view.setUint32(0, fields.type, true);
  view.setUint32(4, fields.id, true);
  info.set(fields.tag, 8);
  view.setUint32(XLATED_LENGTH, insns.length, true);
  view.setBigUint64(40, BigInt(Math.floor(fields.loadTime)), true);
  view.setUint32(48, fields.uid, true);
  info.set(latin1Bytes(fields.name), 64);
  view.setUint32(84, fields.gpl ? 1 : 0, true);
  view.setUint32(216, fields.verified, true);
  const length = Math.min(size, INFO_SIZE);
  const failed = mm.copyOut(address, info.subarray(0, length));
  return failed < 0 ? failed : mm.writeU32(attr.address + 4, length);
}

/** The programs on a group, or those that are asked there. */
export function queryPrograms(task: Task, attr: BpfAttr, cgroup: Cgroup): number {
  const mm = task.mm!;
  const effective = (attr.u32(8) & b.BPF_F_QUERY_EFFECTIVE) !== 0;
  const [ids, room, kinds] = [attr.ptr(16), attr.u32(24), attr.ptr(32)];
  if (effective && kinds !== 0) return -EINVAL;
  const programs = effective ? effectivePrograms(cgroup) : (cgroup.programs?.programs ?? []);
  const flags = effective ? 0 : (cgroup.programs?.flags ?? 0);
  let failed = mm.writeU32(attr.address + 12, flags);
  if (failed === 0) failed = mm.writeU32(attr.address + 24, programs.length);
  if (failed < 0 || room === 0 || ids === 0) return failed;
  for (const [i, { fields }] of programs.slice(0, room).entries()) {
    failed = mm.writeU32(ids + 4 * i, fields.id);
    if (failed === 0 && kinds !== 0) failed = mm.writeU32(kinds + 4 * i, flags);
    if (failed < 0) return failed;
  }
  return programs.length > room ? -ENOSPC : 0;
}
