/** Containers: a process in namespaces of its own, made by the steps that runc(8) takes, each shaped like a system call. */

import { EACCES, ENOENT, ENOEXEC, ENOTDIR, errnoNames, isErrno } from '../../abi/errno.ts';
import { IFF_UP } from '../../abi/net_device.ts';
import { CLONE_NEWCGROUP, CLONE_NEWNS } from '../../abi/process.ts';
import { SIGKILL } from '../../abi/signal.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { migrate } from '../cgroup/migrate.ts';
import { Binprm } from '../exec/binprm.ts';
import { openExec } from '../exec/open_exec.ts';
import { architectureOf } from '../exec/read_program.ts';
import { execute, suspended } from '../exec/task_exec.ts';
import type { Kernel } from '../kernel.ts';
import type { NetNamespace } from '../namespace/net_namespace.ts';
import { switchNsproxy } from '../namespace/nsproxy.ts';
import { unshareNamespaces } from '../namespace/task_namespaces.ts';
import { setFlags } from '../net/device/change_device.ts';
import { installFilter } from '../seccomp/set_mode.ts';
import { doSetsid } from '../task/session.ts';
import type { Task } from '../task/task.ts';
import { groupExit } from '../task/task_exit.ts';
import { FdTable } from '../vfs/fd_table.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, lookupPath } from '../vfs/namei.ts';
import { containerCgroup, endCgroup } from './cgroups.ts';
import { AT_FDCWD, makeDirectories } from './files.ts';
import { cloneInto, joinAll } from './join.ts';
import { prepareRoot } from './rootfs.ts';
import { RuntimeProcess } from './runtime_process.ts';
import type { ContainerSpec, Failure, ProcessSpec, Started } from './spec.ts';
import { openStreams } from './streams.ts';
import { setSysctls } from './sysctls.ts';
import { resolveUser } from './users.ts';

/** Tries of an operation whose data is on its way from the host. */
const TRIES = 100000;

/** Repeat what answers NOT_RESIDENT until the data is there; hosts that read synchronously answer at once. */
function resident<T>(action: () => T | number): T | number {
  let result = action();
  for (let i = 0; result === NOT_RESIDENT && i < TRIES; i++) result = action();
  return result;
}

const failure = (errno: number, error: string): Failure => ({ errno: errnoNames[-errno] ?? 'EIO', error });

/** As other runtimes do: 127.0.0.1 works from the start. */
const raiseLoopback = ({ loopback }: NetNamespace): void => setFlags(loopback, loopback.flags | IFF_UP);

/** Make a container and start its first process. */
export function startContainer(kernel: Kernel, spec: ContainerSpec): Started {
  const task = cloneInto(kernel, spec.namespaces, CLONE_NEWNS);
  if ('errno' in task) return task;
  const cgroup = containerCgroup(kernel, spec);
  if (isErrno(cgroup)) {
    abandon(task);
    return failure(cgroup, 'cannot make a control group');
  }
  migrate(task, cgroup, true);
  if (spec.namespaces.cgroup === 'new') unshareNamespaces(task, CLONE_NEWCGROUP);
  if (spec.namespaces.uts === 'new') {
    task.nsproxy.uts.nodename = spec.hostname;
    task.nsproxy.uts.domainname = spec.domainname;
  }
  if (spec.namespaces.net === 'new') raiseLoopback(task.nsproxy.net);
  const layer = prepareRoot(task, spec);
  if (typeof layer === 'string') return giveUp(task, cgroup, layer);
  const failed = setSysctls(task, spec.sysctls);
  const process = new RuntimeProcess(task.group, cgroup, layer);
  const started = failed === null ? startProgram(task, spec.process, process) : giveUp(task, cgroup, failed);
  if ('errno' in started) layer.put();
  return started;
}

/** The container cannot be made. */
function giveUp(task: Task, cgroup: Cgroup, error: string): Failure {
  abandon(task);
  endCgroup(task.kernel, cgroup);
  return { errno: 'EIO', error };
}

/** Start one more process in the container whose first process is `init`. */
export function startProcess(kernel: Kernel, init: RuntimeProcess, spec: ProcessSpec): Started {
  const task = cloneInto(kernel, joinAll(init));
  if ('errno' in task) return task;
  const { leader } = init.group;
  switchNsproxy(task, leader.nsproxy);
  migrate(task, init.cgroup, true);
  const { root } = leader.fs!;
  task.fs!.setRoot(root);
  task.fs!.setCwd(root);
  return startProgram(task, spec, new RuntimeProcess(task.group, init.cgroup));
}

/** End a process that never ran. */
function abandon(task: Task): void {
  groupExit(task, SIGKILL);
}

/** Credentials, directory, streams and program: the last steps in the new process. */
function startProgram(task: Task, spec: ProcessSpec, process: RuntimeProcess): Started {
  const failed = enterProgram(task, spec);
  if (failed === null) return process;
  if (task.group.live > 0) abandon(task);
  process.exitStatus();
  return failed;
}

function enterProgram(task: Task, spec: ProcessSpec): Failure | null {
  const user = resolveUser(task, spec.user);
  if (typeof user === 'string') return { errno: 'EINVAL', error: user };
  const made = makeDirectories(task, spec.workdir);
  const cwd = made < 0 ? made : resident(() => lookupPath(task, AT_FDCWD, spec.workdir, LOOKUP_FOLLOW | LOOKUP_DIRECTORY));
  if (isErrno(cwd)) return { errno: 'EINVAL', error: `cannot use ${spec.workdir} as working directory: ${errnoNames[-cwd] ?? cwd}` };
  task.fs!.setCwd(cwd);
  task.fs!.umask = 0o022;
  doSetsid(task);
  task.files!.put(task);
  task.files = new FdTable(task.kernel, task.group.cgroup.memory);
  const streams = openStreams(task, spec, user.uid);
  if (streams < 0) return failure(streams, 'cannot open the standard streams');
  const { uid, gid, groups } = user;
  const bounding = spec.capabilities;
  const held = uid === 0 ? bounding : 0n;
  task.cred = task.cred.with({
    ...{ uid, euid: uid, suid: uid, fsuid: uid, gid, egid: gid, sgid: gid, fsgid: gid, groups },
    ...{ inheritable: 0n, permitted: held, effective: held, bounding, ambient: 0n, noNewPrivs: spec.noNewPrivileges },
  });
  const filtered = spec.seccomp === null ? 0 : installFilter(task, spec.seccomp);
  if (filtered < 0) return failure(filtered, 'cannot install the filter of system calls');
  const env = spec.env.some((entry) => entry.startsWith('HOME=')) ? spec.env : [...spec.env, `HOME=${user.home}`];
  return runProgram(task, spec.argv, env);
}

/** execvpe(3): look the program up in PATH and execute it; an empty name is nowhere. */
function runProgram(task: Task, argv: readonly string[], env: readonly string[]): Failure | null {
  const [program = ''] = argv;
  if (program === '') return failure(-ENOENT, 'the name is empty');
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice(5) ?? '/usr/bin:/bin';
  const candidates = program.includes('/') ? [program] : path.split(':').map((folder) => `${folder || '.'}/${program}`);
  let worst = -ENOENT;
  for (const candidate of candidates) {
    const file = resident(() => openExec(task, candidate));
    if (isErrno(file)) {
      if (file !== -ENOENT && file !== -ENOTDIR) worst = file;
      continue;
    }
    const bprm = new Binprm(candidate, file, [...argv], [...env], false);
    const result = resident(() => execute(task, suspended(task) ?? bprm));
    if (task.mm !== null) return null;
    // It died after the point of no return, before its first instruction.
    if (task.group.live === 0) return { errno: 'ENOEXEC', error: 'exec format error: the program is damaged or truncated' };
    if (result !== -EACCES) return failure(result, describeFailure(task, candidate, result));
    worst = result;
  }
  return failure(worst, describeFailure(task, program, worst));
}

function describeFailure(task: Task, program: string, errno: number): string {
  if (errno !== -ENOEXEC) return errnoNames[-errno] ?? String(errno);
  const architecture = architectureOf(task, program);
  return architecture === null || architecture === 'arm64'
    ? 'exec format error: not a program for linux/arm64'
    : `exec format error: a program for linux/${architecture}; ask for the linux/arm64 platform of the image`;
}
