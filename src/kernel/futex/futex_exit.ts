/** What a dying thread leaves behind in memory: its robust futexes and its thread id. Linux: exit_robust_list, mm_release. See get_robust_list(2). */

import { FUTEX_BITSET_MATCH_ANY, FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS, ROBUST_LIST_LIMIT } from '../../abi/futex.ts';
import type { Task } from '../task/task.ts';
import { futexKey, wakeKey } from './futex.ts';
import { abandonPi } from './futex_pi.ts';

/** Release robust futexes, clear and wake the word of set_tid_address(2). */
export function cleanUpFutexes(task: Task): void {
  const { mm } = task;
  if (mm === null) return;
  if (task.robustList !== 0) exitRobustList(task);
  task.robustList = 0;
  const word = task.clearChildTid;
  task.clearChildTid = 0;
  if (word === 0 || mm.users === 1) return;
  if (mm.writeU32(word, 0) === 0) wakeWord(task, word);
}

/** Wake one waiter, whichever way it named the word. */
function wakeWord(task: Task, address: number): void {
  if (wakeKey(task.kernel, { owner: task.mm!, offset: address }, 1, FUTEX_BITSET_MATCH_ANY) > 0) return;
  const key = futexKey(task, address, true);
  if (typeof key !== 'number') wakeKey(task.kernel, key, 1, FUTEX_BITSET_MATCH_ANY);
}

/** struct robust_list_head: the first entry, the offset from an entry to its word, the entry being worked on. */
function exitRobustList(task: Task): void {
  const mm = task.mm!;
  const head = task.robustList;
  const offset = signedLong(task, head + 8);
  const pending = mm.readUlong(head + 16);
  if (offset === null || pending < 0) return;
  let entry = mm.readUlong(head);
  for (let i = 0; i < ROBUST_LIST_LIMIT && entry >= 0; i++) {
    const at = entry - (entry % 2);
    if (at === head) break;
    const next = mm.readUlong(at);
    if (at !== pending - (pending % 2)) die(task, at + offset, entry % 2 === 1);
    entry = next;
  }
  if (pending !== 0) die(task, pending - (pending % 2) + offset, pending % 2 === 1);
}

function signedLong(task: Task, address: number): number | null {
  const mm = task.mm!;
  return mm.readU64(address) < 0 ? null : (mm.high | 0) * 4294967296 + mm.low;
}

/** Mark a futex that this thread owns. Linux: handle_futex_death. */
function die(task: Task, address: number, pi: boolean): void {
  if (address < 0 || address % 4 !== 0) return;
  const mm = task.mm!;
  const word = mm.readU32(address);
  if (word < 0) return;
  const { numbers } = task.pid;
  if ((word & FUTEX_TID_MASK) !== numbers[numbers.length - 1]) return;
  if (pi) {
    abandonPi(task, address);
    return;
  }
  if (mm.writeU32(address, ((word & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0) < 0) return;
  if ((word & FUTEX_WAITERS) !== 0) wakeWord(task, address);
}
