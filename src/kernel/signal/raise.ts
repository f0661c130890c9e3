/** A signal that a thread brings upon itself by a system call. Linux: send_sig(sig, current, 0). */

import { SI_USER } from '../../abi/signal.ts';
import type { Task } from '../task/task.ts';
import { sendToThread } from './send.ts';

/** Send `signo` to the calling thread, as if from itself (SIGPIPE, SIGXFSZ). */
export function raise(task: Task, signo: number): void {
  sendToThread(task, { signo, code: SI_USER, pid: task.tgid, uid: task.cred.userNs.uid(task.cred.uid) });
}
