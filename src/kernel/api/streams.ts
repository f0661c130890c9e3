/** Standard streams of a process that the runtime starts: pipes to the host by name, or a terminal. */

import { isErrno } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import type { ProcessSpec } from './spec.ts';

/** Open descriptors 0, 1 and 2: 0 or a negative errno. */
export function openStreams(task: Task, { tty, streams }: Pick<ProcessSpec, 'tty' | 'streams'>, uid: number): number {
  const { consoles } = task.kernel;
  const payer = task.group.cgroup.memory;
  if (tty) {
    const terminal = consoles.openTerminal(`${streams}:tty`, task, uid);
    if (isErrno(terminal)) return terminal;
    for (let fd = 0; fd < 3; fd++) task.files!.install(fd, fd === 0 ? terminal : terminal.get(), false);
    return 0;
  }
  const opened: (File | number)[] = [
    consoles.openInput(`${streams}:stdin`, payer, uid, 0),
    consoles.openOutput(`${streams}:stdout`, payer, uid, 0),
    consoles.openOutput(`${streams}:stderr`, payer, uid, 0),
  ];
  for (const [fd, file] of opened.entries()) {
    if (isErrno(file)) return file;
    task.files!.install(fd, file, false);
  }
  return 0;
}
