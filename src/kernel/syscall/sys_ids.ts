/** getpid and relatives, process groups, sessions, credentials as they are. See credentials(7). */

import { EINVAL, ESRCH } from '../../abi/errno.ts';
import type { CredFields } from '../task/cred.ts';
import type { Pid } from '../task/pid.ts';
import { doSetpgid, doSetsid } from '../task/session.ts';
import type { Task } from '../task/task.ts';
import { int, ptr } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

const getpid = defineSyscall('getpid', [], (task) => task.tgid);
const gettid = defineSyscall('gettid', [], (task) => task.pid.in(task.pid.namespace));
const getppid = defineSyscall('getppid', [], (task) => task.group.parent?.group.leader.pid.in(task.pid.namespace) ?? 0);

/** The process that a call names: 0 is the caller. */
const find = (task: Task, number: number): Task | null => (number === 0 ? task : (task.pid.namespace.find(number)?.task ?? null));

const idOf = (task: Task, number: number, which: (target: Task) => Pid): number => {
  const target = find(task, number);
  return target === null ? -ESRCH : which(target).in(task.pid.namespace);
};

const getpgid = defineSyscall('getpgid', [int('pid')], (task, number) => idOf(task, number, (target) => target.group.processGroup));
const getsid = defineSyscall('getsid', [int('pid')], (task, number) => idOf(task, number, (target) => target.group.session));

const setpgid = defineSyscall('setpgid', [int('pid'), int('pgid')], (task, number, pgid) => {
  if (pgid < 0) return -EINVAL;
  const target = number === 0 ? task.group.leader : find(task, number);
  if (target === null) return -ESRCH;
  if (target.group.leader !== target) return -EINVAL;
  return doSetpgid(task, target.group, pgid === 0 ? target.pid.in(task.pid.namespace) : pgid);
});

const setsid = defineSyscall('setsid', [], doSetsid);

const user = (field: 'uid' | 'euid') => (task: Task) => task.cred.userNs.uid(task.cred[field]);
const group = (field: 'gid' | 'egid') => (task: Task) => task.cred.userNs.gid(task.cred[field]);
const getuid = defineSyscall('getuid', [], user('uid'));
const geteuid = defineSyscall('geteuid', [], user('euid'));
const getgid = defineSyscall('getgid', [], group('gid'));
const getegid = defineSyscall('getegid', [], group('egid'));

/** Write three ids, each to its own place. */
function writeThree(task: Task, addresses: readonly number[], ids: readonly number[]): number {
  for (let i = 0; i < 3; i++) {
    const failed = task.mm!.writeU32(addresses[i]!, ids[i]!);
    if (failed < 0) return failed;
  }
  return 0;
}

type IdField = { [K in keyof CredFields]: CredFields[K] extends number ? K : never }[keyof CredFields];
const three = (task: Task, kind: 'uid' | 'gid', fields: readonly IdField[]): number[] =>
  fields.map((field) => task.cred.userNs[kind](task.cred.fields[field]));

const getresuid = defineSyscall('getresuid', [ptr('ruid'), ptr('euid'), ptr('suid')], (task, r, e, s) =>
  writeThree(task, [r, e, s], three(task, 'uid', ['uid', 'euid', 'suid'])),
);
const getresgid = defineSyscall('getresgid', [ptr('rgid'), ptr('egid'), ptr('sgid')], (task, r, e, s) =>
  writeThree(task, [r, e, s], three(task, 'gid', ['gid', 'egid', 'sgid'])),
);

const getgroups = defineSyscall('getgroups', [int('size'), ptr('list')], (task, count, list) => {
  const { groups } = task.cred.fields;
  if (count < 0) return -EINVAL;
  if (count === 0) return groups.length;
  if (groups.length > count) return -EINVAL;
  const ids = Uint32Array.from(groups, (id) => task.cred.userNs.gid(id));
  const failed = task.mm!.copyOut(list, new Uint8Array(ids.buffer));
  return failed < 0 ? failed : groups.length;
});

export const idCalls: readonly Syscall[] = [
  getpid,
  gettid,
  getppid,
  getpgid,
  getsid,
  setpgid,
  setsid,
  getuid,
  geteuid,
  getgid,
  getegid,
  getresuid,
  getresgid,
  getgroups,
];
