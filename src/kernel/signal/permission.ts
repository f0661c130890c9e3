/** Who may send a signal to whom. Linux: check_kill_permission in kernel/signal.c. See kill(2). */

import { CAP_KILL } from '../../abi/capability.ts';
import { SIGCONT } from '../../abi/signal.ts';
import type { Task } from '../task/task.ts';

export function mayKill(sender: Task, target: Task, signo: number): boolean {
  if (sender.group === target.group) return true;
  const from = sender.cred.fields;
  const to = target.cred.fields;
  if (from.euid === to.suid || from.euid === to.uid || from.uid === to.suid || from.uid === to.uid) return true;
  if (signo === SIGCONT && sender.group.session === target.group.session) return true;
  return sender.cred.capable(CAP_KILL, to.userNs);
}
