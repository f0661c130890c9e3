/** Restartable sequences: a preempted critical section starts over. Linux: kernel/rseq.c. See rseq(2). */

import { EBUSY, EFAULT, EINVAL, EPERM } from '../../abi/errno.ts';
import { SIGSEGV } from '../../abi/signal.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { REG_PC } from '../../platform/registers.ts';
import { TASK_SIZE } from '../mm/mm.ts';
import { forceSignal } from '../signal/force.ts';
import type { Task } from './task.ts';

/** struct rseq: cpu_id_start, cpu_id, rseq_cs, flags, node_id, mm_cid. */
const CPU_ID = 4;
const RSEQ_CS = 8;
const ORIG_SIZE = 32;
const FLAG_UNREGISTER = 1;
const CPU_ID_UNINITIALIZED = 0xffffffff;

/** struct rseq_cs: version and flags, start_ip, post_commit_offset, abort_ip. */
const START_IP = 8;
const POST_COMMIT_OFFSET = 16;
const ABORT_IP = 24;

/** rseq(2). */
export function doRseq(task: Task, address: number, length: number, flags: number, signature: number): number {
  const { rseq } = task;
  const mm = task.mm!;
  if ((flags & FLAG_UNREGISTER) !== 0) {
    if ((flags & ~FLAG_UNREGISTER) !== 0) return -EINVAL;
    if (rseq === null || rseq.address !== address || rseq.length !== length) return -EINVAL;
    if (rseq.signature !== signature) return -EPERM;
    const failed = mm.writeU64(address, 0, CPU_ID_UNINITIALIZED);
    if (failed < 0) return failed;
    task.rseq = null;
    return 0;
  }
  if (flags !== 0) return -EINVAL;
  if (rseq !== null) {
    if (rseq.address !== address || rseq.length !== length) return -EINVAL;
    return rseq.signature === signature ? -EBUSY : -EPERM;
  }
  if (length < ORIG_SIZE || address % 32 !== 0) return -EINVAL;
  if (address + length > TASK_SIZE) return -EFAULT;
  const failed = mm.clear(address + CPU_ID, 24);
  if (failed < 0) return failed;
  const written = mm.writeU32(address, 0);
  if (written < 0) return written;
  task.rseq = { address, length, signature };
  return 0;
}

/** The thread was preempted or is about to run a signal handler: leave its critical section, if it is in one. */
export function fixRseq(task: Task): void {
  const { rseq } = task;
  if (rseq === null || task.mm === null) return;
  const failed = abortSection(task, rseq.address, rseq.signature);
  if (failed === NOT_RESIDENT) task.sleep([task.kernel.memory.arrived], 'D');
  else if (failed < 0) forceSignal(task, SIGSEGV);
}

function abortSection(task: Task, area: number, signature: number): number {
  const mm = task.mm!;
  const section = mm.readUlong(area + RSEQ_CS);
  if (section <= 0) return section;
  const version = mm.readU32(section);
  const start = mm.readUlong(section + START_IP);
  const length = mm.readUlong(section + POST_COMMIT_OFFSET);
  const abort = mm.readUlong(section + ABORT_IP);
  const failed = Math.min(version, start, length, abort);
  if (failed < 0) return failed;
  if (version !== 0 || start + length >= TASK_SIZE || (abort >= start && abort < start + length)) return -EINVAL;
  const inside = task.pc >= start && task.pc < start + length;
  if (inside) {
    const found = mm.readU32(abort - 4);
    if (found < 0) return found;
    if (found !== signature >>> 0) return -EINVAL;
  }
  const cleared = mm.writeU64(area + RSEQ_CS, 0, 0);
  if (cleared < 0) return cleared;
  if (inside) task.setRegister(REG_PC, abort);
  return 0;
}
