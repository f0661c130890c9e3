/** execve and execveat. */

import { EAGAIN, EINVAL, ENOENT, isErrno } from '../../abi/errno.ts';
import { RLIMIT_STACK } from '../../abi/process.ts';
import { Binprm } from '../exec/binprm.ts';
import { copyArgs } from '../exec/exec_args.ts';
import { openExec } from '../exec/open_exec.ts';
import { execute, suspended } from '../exec/task_exec.ts';
import { hasTooMany } from '../task/cred_change.ts';
import type { Task } from '../task/task.ts';
import { fd, flags, ptr, str } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const PATH_MAX = 4096;

/** Linux: do_execveat_common. */
function exec(task: Task, dirfd: number, pathname: number, argv: number, envp: number, atFlags: number): number {
  const resumed = suspended(task);
  if (resumed !== null) return execute(task, resumed);
  const mm = task.mm!;
  const name = mm.readString(pathname, PATH_MAX - 1);
  if (isErrno(name)) return name;
  if (name === '' && (atFlags & AT_EMPTY_PATH) === 0) return -ENOENT;
  // setuid(2) does not fail, for programs that do not look; what they run then does.
  if (task.nprocExceeded && hasTooMany(task, task.cred)) return -EAGAIN;
  task.nprocExceeded = false;
  if ((atFlags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const file = openExec(task, name, dirfd, (atFlags & AT_SYMLINK_NOFOLLOW) === 0);
  if (isErrno(file)) return file;
  const relative = dirfd !== AT_FDCWD && !name.startsWith('/');
  const filename = !relative ? name : name === '' ? `/dev/fd/${dirfd}` : `/dev/fd/${dirfd}/${name}`;
  const args = copyArgs(mm, argv, envp, filename, task.group.softLimit(RLIMIT_STACK));
  if (isErrno(args)) {
    file.put();
    return args;
  }
  const inaccessible = relative && task.files!.isCloseOnExec(dirfd);
  const bprm = new Binprm(filename, file, args.args, args.env, inaccessible);
  bprm.nameless = name === '';
  return execute(task, bprm);
}

const execve = defineSyscall('execve', [str('pathname'), ptr('argv'), ptr('envp')], (task, pathname, argv, envp) =>
  exec(task, AT_FDCWD, pathname, argv, envp, 0),
);

const execveat = defineSyscall(
  'execveat',
  [fd('dirfd'), str('pathname'), ptr('argv'), ptr('envp'), flags('flags')],
  (task, dirfd, pathname, argv, envp, atFlags) => exec(task, dirfd, pathname, argv, envp, atFlags),
);

export const execCalls: readonly Syscall[] = [execve, execveat];
