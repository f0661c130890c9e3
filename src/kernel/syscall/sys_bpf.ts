/** bpf: programs that decide which devices a control group may use. Linux: __sys_bpf in kernel/bpf/syscall.c. See bpf(2). */

import * as b from '../../abi/bpf.ts';
import { CAP_NET_ADMIN, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EBADF, EINVAL, ENOENT, EPERM, isErrno } from '../../abi/errno.ts';
import { O_CLOEXEC } from '../../abi/fcntl.ts';
import { BpfAttr } from '../bpf/bpf_attr.ts';
import type { BpfProgram } from '../bpf/bpf_program.ts';
import { attachProgram, detachProgram } from '../bpf/cgroup_programs.ts';
import { programInfo, queryPrograms } from '../bpf/prog_info.ts';
import { bpfCapable, loadProgram } from '../bpf/prog_load.ts';
import { BpfProgramFile } from '../bpf/program_file.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { cgroupOfFile } from '../fs/cgroup2/cgroup2.ts';
import type { Task } from '../task/task.ts';
import { int, ptr, uint } from './args.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';

/** The end of the last field of each command's part of union bpf_attr. */
const LOAD_END = 152;
const ATTACH_END = 20;
const ID_END = 8;
const INFO_END = 16;
const QUERY_END = 64;

const descriptor = (task: Task, program: BpfProgram): number => newFd(task, new BpfProgramFile(task.kernel, program), O_CLOEXEC);

/** Linux: bpf_prog_get. */
function programOf(task: Task, fd: number): BpfProgram | number {
  const file = task.files!.get(fd);
  if (file === null) return -EBADF;
  return file instanceof BpfProgramFile ? file.program : -EINVAL;
}

/** Linux: bpf_prog_get_type. */
function deviceProgramOf(task: Task, fd: number): BpfProgram | number {
  const program = programOf(task, fd);
  return isErrno(program) || program.fields.type === b.BPF_PROG_TYPE_CGROUP_DEVICE ? program : -EINVAL;
}

function cgroupOf(task: Task, fd: number): Cgroup | number {
  const file = task.files!.get(fd);
  return file === null ? -EBADF : cgroupOfFile(file);
}

function attach(task: Task, attr: BpfAttr): number {
  const flags = attr.u32(12);
  if (!attr.endsAt(ATTACH_END) || attr.u32(8) !== b.BPF_CGROUP_DEVICE) return -EINVAL;
  if ((flags & ~(b.BPF_F_ALLOW_OVERRIDE | b.BPF_F_ALLOW_MULTI | b.BPF_F_REPLACE)) !== 0) return -EINVAL;
  if (!bpfCapable(task, CAP_NET_ADMIN)) return -EPERM;
  const program = deviceProgramOf(task, attr.fd(4));
  if (isErrno(program)) return program;
  const cgroup = cgroupOf(task, attr.fd(0));
  if (isErrno(cgroup)) return cgroup;
  const replaces = (flags & b.BPF_F_ALLOW_MULTI) !== 0 && (flags & b.BPF_F_REPLACE) !== 0;
  const replaced = replaces ? deviceProgramOf(task, attr.fd(16)) : null;
  return isErrno(replaced) ? replaced : attachProgram(task.kernel.bpf, cgroup, program, flags, replaced);
}

function detach(task: Task, attr: BpfAttr): number {
  if (!attr.endsAt(ATTACH_END) || attr.u32(8) !== b.BPF_CGROUP_DEVICE) return -EINVAL;
  if (!bpfCapable(task, CAP_NET_ADMIN)) return -EPERM;
  const cgroup = cgroupOf(task, attr.fd(0));
  if (isErrno(cgroup)) return cgroup;
  const program = deviceProgramOf(task, attr.fd(4));
  return detachProgram(task.kernel.bpf, cgroup, isErrno(program) ? null : program);
}

function query(task: Task, attr: BpfAttr): number {
  if (!bpfCapable(task, CAP_NET_ADMIN)) return -EPERM;
  if (!attr.endsAt(QUERY_END) || (attr.u32(8) & ~b.BPF_F_QUERY_EFFECTIVE) !== 0 || attr.u32(4) !== b.BPF_CGROUP_DEVICE) return -EINVAL;
  const cgroup = cgroupOf(task, attr.fd(0));
  return isErrno(cgroup) ? cgroup : queryPrograms(task, attr, cgroup);
}

function nextId(task: Task, attr: BpfAttr): number {
  if (!attr.endsAt(ID_END)) return -EINVAL;
  if (!bpfCapable(task, CAP_SYS_ADMIN)) return -EPERM;
  const start = attr.u32(0);
  const next = Math.min(...[...task.kernel.bpf.programs.keys()].filter((id) => id > start));
  return next === Number.POSITIVE_INFINITY ? -ENOENT : task.mm!.writeU32(attr.address + 4, next);
}

function byId(task: Task, attr: BpfAttr): number {
  if (!attr.endsAt(4)) return -EINVAL;
  if (!bpfCapable(task, CAP_SYS_ADMIN)) return -EPERM;
  const program = task.kernel.bpf.programs.get(attr.u32(0));
  return program === undefined ? -ENOENT : descriptor(task, program);
}

function info(task: Task, attr: BpfAttr): number {
  if (!attr.endsAt(INFO_END)) return -EINVAL;
  const program = programOf(task, attr.fd(0));
  return isErrno(program) ? program : programInfo(task, attr, program);
}

const bpf = defineSyscall('bpf', [int('cmd'), ptr('attr'), uint('size')], (task, command, address, size) => {
  const attr = BpfAttr.read(task, address, size);
  if (isErrno(attr)) return attr;
  switch (command) {
    case b.BPF_PROG_LOAD: {
      if (!attr.endsAt(LOAD_END)) return -EINVAL;
      const program = loadProgram(task, attr);
      return isErrno(program) ? program : descriptor(task, program);
    }
    case b.BPF_PROG_ATTACH:
      return attach(task, attr);
    case b.BPF_PROG_DETACH:
      return detach(task, attr);
    case b.BPF_PROG_QUERY:
      return query(task, attr);
    case b.BPF_PROG_GET_NEXT_ID:
      return nextId(task, attr);
    case b.BPF_PROG_GET_FD_BY_ID:
      return byId(task, attr);
    case b.BPF_OBJ_GET_INFO_BY_FD:
      return info(task, attr);
  }
  return -EINVAL;
});

export const bpfCalls: readonly Syscall[] = [
  partial(
    bpf,
    'only programs of type BPF_PROG_TYPE_CGROUP_DEVICE can be attached; programs are without calls of their own functions, atomic instructions and maps; other commands answer EINVAL',
  ),
];
