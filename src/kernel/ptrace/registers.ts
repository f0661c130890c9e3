/** Registers of a stopped thread as its tracer sees them. Linux: the regsets in arch/arm64/kernel/ptrace.c. */

import { EINVAL, ENOSPC } from '../../abi/errno.ts';
import * as p from '../../abi/ptrace.ts';
import { REG_FPCR, REG_FPSR, REG_NZCV, REG_PC, REG_SP, REG_TPIDR, REG_V, REG_X } from '../../platform/registers.ts';
import { abandonCall } from '../syscall/dispatch.ts';
import type { Task } from '../task/task.ts';

const NZCV = 0xf0000000;
/** PSTATE bits that must be clear: the exception level, the processor state, masked interrupts. Linux: valid_user_regs. */
const PSTATE_FORBIDDEN = 0x3df;
const SP = 248;
const PC = 256;
const PSTATE = 264;
/** Words of x0 to x30, and of v0 to v31. */
const X_WORDS = 62;
const V_WORDS = 128;
/** ID_AA64DFR0_EL1.DebugVer of ARMv8, and no slots. */
const HW_DEBUG_INFO = 0x600;
const HW_DEBUG_HEAD = 8;

/** The call has begun and its end has not been decided: programs see the pc behind the svc, where it is not yet. */
const inCall = (task: Task): boolean => task.inSyscall && task.interruptedBy === 0;

/** The call is interrupted, and the tracer sees its end; what becomes of it is decided after that. */
const atInterruptedEnd = (task: Task): boolean => task.inSyscall && task.interruptedBy !== 0 && task.traceStop?.kind === 'exit of call';

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer);

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function setLong(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 4294967296, true);
  view.setInt32(at + 4, Math.floor(value / 4294967296), true);
}

/** struct user_pt_regs. */
export function readGeneral(task: Task): Uint8Array {
  const { words } = task;
  const view = new DataView(new ArrayBuffer(p.USER_PT_REGS_SIZE));
  for (let i = 0; i < X_WORDS; i++) view.setInt32(4 * i, words[REG_X + i]!, true);
  setLong(view, SP, task.sp);
  setLong(view, PC, inCall(task) || atInterruptedEnd(task) ? task.pc + 4 : task.pc);
  view.setUint32(PSTATE, words[REG_NZCV]!, true);
  if (atInterruptedEnd(task)) setLong(view, 0, -task.interruptedBy);
  return bytesOf(view);
}

/** The program's pc and x0, as readGeneral shows them. */
const place = (bytes: Uint8Array): string => `${bytes.subarray(PC, PC + 8)} ${bytes.subarray(0, 8)}`;

function writeGeneral(task: Task, given: Uint8Array): number {
  const before = readGeneral(task);
  const bytes = before.slice();
  bytes.set(given);
  const view = viewOf(bytes);
  if ((view.getUint32(PSTATE, true) & PSTATE_FORBIDDEN) !== 0) return -EINVAL;
  const running = inCall(task);
  const moved = bytes.subarray(PC, PC + 8).some((byte, i) => byte !== before[PC + i]);
  const ended = atInterruptedEnd(task);
  if (task.inSyscall && !running && (moved || (ended && place(bytes) !== place(before)))) abandonCall(task);
  const kept = ended && task.inSyscall;
  const { words } = task;
  for (let i = kept ? 2 : 0; i < X_WORDS; i++) words[REG_X + i] = view.getInt32(4 * i, true);
  for (let i = 0; i < 2; i++) words[REG_SP + i] = view.getInt32(SP + 4 * i, true);
  words[REG_NZCV] = view.getUint32(PSTATE, true) & NZCV;
  if (kept) return 0;
  task.setRegister(REG_PC, view.getUint32(PC, true) + view.getUint32(PC + 4, true) * 4294967296 - (running ? 4 : 0));
  return 0;
}

function readFloat(task: Task): Uint8Array {
  const { words } = task;
  const view = new DataView(new ArrayBuffer(p.USER_FPSIMD_STATE_SIZE));
  for (let i = 0; i < V_WORDS; i++) view.setInt32(4 * i, words[REG_V + i]!, true);
  view.setInt32(4 * V_WORDS, words[REG_FPSR]!, true);
  view.setInt32(4 * V_WORDS + 4, words[REG_FPCR]!, true);
  return bytesOf(view);
}

function writeFloat(task: Task, given: Uint8Array): number {
  const bytes = readFloat(task);
  bytes.set(given);
  const view = viewOf(bytes);
  const { words } = task;
  for (let i = 0; i < V_WORDS; i++) words[REG_V + i] = view.getInt32(4 * i, true);
  words[REG_FPSR] = view.getInt32(4 * V_WORDS, true);
  words[REG_FPCR] = view.getInt32(4 * V_WORDS + 4, true);
  return 0;
}

/** TPIDR_EL0, and TPIDR2_EL0, which is not there. */
const readTls = (task: Task): Uint8Array => new Uint8Array(Int32Array.of(task.words[REG_TPIDR]!, task.words[REG_TPIDR + 1]!, 0, 0).buffer);

function writeTls(task: Task, given: Uint8Array): number {
  const bytes = readTls(task);
  bytes.set(given);
  const view = viewOf(bytes);
  for (let i = 0; i < 2; i++) task.words[REG_TPIDR + i] = view.getInt32(4 * i, true);
  return 0;
}

/** The number of the call that the thread is in or at the end of, -1 if none. */
export function visibleCall(task: Task): number {
  const { traceStop } = task;
  const atEnd = traceStop !== null && (traceStop.kind === 'exit of call' || traceStop.exitFollows);
  return inCall(task) || atEnd ? task.syscallNumber : -1;
}

const readCall = (task: Task): Uint8Array => new Uint8Array(Int32Array.of(visibleCall(task)).buffer);

function writeCall(task: Task, given: Uint8Array): number {
  if (given.length === 4) task.syscallNumber = viewOf(given).getInt32(0, true);
  return 0;
}

function readHwDebug(): Uint8Array {
  const view = new DataView(new ArrayBuffer(p.USER_HWDEBUG_STATE_SIZE));
  view.setUint32(0, HW_DEBUG_INFO, true);
  return bytesOf(view);
}

const writeHwDebug = (_task: Task, given: Uint8Array): number => (given.length > HW_DEBUG_HEAD ? -ENOSPC : 0);

/** A set of registers by its NT_ type. Linux: struct user_regset. */
export interface Regset {
  /** Lengths are multiples of this. */
  readonly unit: number;
  read(task: Task): Uint8Array;
  /** From the beginning, perhaps not to the end: 0 or a negative errno. */
  write(task: Task, given: Uint8Array): number;
}

export const regsets: ReadonlyMap<number, Regset> = new Map<number, Regset>([
  [p.NT_PRSTATUS, { unit: 8, read: readGeneral, write: writeGeneral }],
  [p.NT_PRFPREG, { unit: 4, read: readFloat, write: writeFloat }],
  [p.NT_ARM_TLS, { unit: 8, read: readTls, write: writeTls }],
  [p.NT_ARM_HW_BREAK, { unit: 4, read: readHwDebug, write: writeHwDebug }],
  [p.NT_ARM_HW_WATCH, { unit: 4, read: readHwDebug, write: writeHwDebug }],
  [p.NT_ARM_SYSTEM_CALL, { unit: 4, read: readCall, write: writeCall }],
]);
