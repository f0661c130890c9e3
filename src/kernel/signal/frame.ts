/** The frame that a signal handler finds on its stack, and the way back from it. Linux: arch/arm64/kernel/signal.c. */

import { EFAULT } from '../../abi/errno.ts';
import {
  SA_ONSTACK,
  SA_RESTORER,
  SA_SIGINFO,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SIGSEGV,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
} from '../../abi/signal.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { REG_FPCR, REG_FPSR, REG_MONITOR_SIZE, REG_NZCV, REG_PC, REG_SP, REG_V, REG_X } from '../../platform/registers.ts';
import { JUMPED, NO_ALTERNATE_STACK, type Task } from '../task/task.ts';
import { setBlocked } from './blocked.ts';
import { forceFault } from './force.ts';
import { encodeSigInfo, type SigInfo } from './sig_info.ts';
import type { SigAction } from './sighand.ts';
import { sigreturnAddress } from './sigtramp.ts';

/** struct rt_sigframe: siginfo, ucontext with its sigcontext, and the records in sigcontext.__reserved. */
const INFO = 0;
const UC = 128;
const UC_STACK = UC + 16;
const UC_SIGMASK = UC + 40;
const CONTEXT = UC + 176;
const CONTEXT_REGS = CONTEXT + 8;
const CONTEXT_SP = CONTEXT + 256;
const CONTEXT_PC = CONTEXT + 264;
const CONTEXT_PSTATE = CONTEXT + 272;
const RESERVED = CONTEXT + 288;
const RESERVED_SIZE = 4096;
const FRAME_SIZE = RESERVED + RESERVED_SIZE;

const FPSIMD_MAGIC = 0x46508001;
const FPSIMD_SIZE = 528;
const ESR_MAGIC = 0x45535201;
const ESR_SIZE = 16;
/** What is written of a frame: up to the record that ends the list. */
const FILLED: number = RESERVED + FPSIMD_SIZE + ESR_SIZE + 16;
/** fp and lr of the interrupted code, so that unwinders find their way. */
const RECORD_SIZE = 16;

const FP = REG_X + 58;
const LR = REG_X + 60;

/** Whether `sp` lies in the alternate stack. Linux: on_sig_stack. */
export function onAlternateStack(task: Task, sp: number): boolean {
  const { address, size, flags } = task.alternateStack;
  if ((flags & SS_AUTODISARM) !== 0) return false;
  return sp > address && sp - address <= size;
}

/** SS_DISABLE, SS_ONSTACK or 0, for stack pointer `sp`. Linux: sas_ss_flags. */
export function alternateStackState(task: Task, sp: number): number {
  if (task.alternateStack.size === 0) return SS_DISABLE;
  return onAlternateStack(task, sp) ? SS_ONSTACK : 0;
}

const down16 = (address: number): number => Math.floor(address / 16) * 16;

/** Write the frame and point the registers at the handler: 0, -EFAULT or NOT_RESIDENT (nothing has changed then). */
export function setUpFrame(task: Task, info: SigInfo, action: SigAction, mask: bigint): number {
  const { alternateStack } = task;
  let top = task.sp;
  if ((action.flags & SA_ONSTACK) !== 0 && alternateStackState(task, top) === 0) top = alternateStack.address + alternateStack.size;
  const record = down16(top - RECORD_SIZE);
  const at = record - FRAME_SIZE;
  if (at < 0) return -EFAULT;
  if (onAlternateStack(task, task.sp) && at < alternateStack.address) return -EFAULT;
  const mm = task.mm!;
  const ready = mm.faultIn(at, FRAME_SIZE + RECORD_SIZE, true);
  if (ready < FRAME_SIZE + RECORD_SIZE) return ready === NOT_RESIDENT ? NOT_RESIDENT : -EFAULT;
  fillFrame(task, info, mask);
  const failed = mm.copyOut(at, scratch.subarray(0, FILLED)) || mm.copyOut(record, scratch.subarray(FILLED, FILLED + RECORD_SIZE));
  if (failed < 0) return failed;
  task.setRegister(REG_X, info.signo);
  if ((action.flags & SA_SIGINFO) !== 0) {
    task.setRegister(REG_X + 2, at + INFO);
    task.setRegister(REG_X + 4, at + UC);
  }
  task.setRegister(REG_SP, at);
  task.setRegister(FP, record);
  task.setRegister(LR, (action.flags & SA_RESTORER) !== 0 ? action.restorer : sigreturnAddress(mm));
  task.setRegister(REG_PC, action.handler);
  task.words[REG_MONITOR_SIZE] = 0;
  if ((alternateStack.flags & SS_AUTODISARM) !== 0) task.alternateStack = NO_ALTERNATE_STACK;
  return 0;
}

/** Where a frame is put together or taken apart; nothing is kept in it. */
const scratch = new Uint8Array(FRAME_SIZE);
const view = new DataView(scratch.buffer);

/** Fill `scratch`: the used part of the frame, then the frame record. */
function fillFrame(task: Task, info: SigInfo, mask: bigint): void {
  const { words, alternateStack } = task;
  scratch.fill(0, 0, FILLED);
  const word = (at: number, value: number): void => view.setUint32(at, value >>> 0, true);
  const pair = (at: number, register: number): void => {
    word(at, words[register]!);
    word(at + 4, words[register + 1]!);
  };
  const address = (at: number, value: number): void => {
    word(at, value % 4294967296);
    word(at + 4, Math.floor(value / 4294967296));
  };
  scratch.set(encodeSigInfo(info), INFO);
  address(UC_STACK, alternateStack.address);
  word(UC_STACK + 8, alternateStackState(task, task.sp) | (alternateStack.flags & SS_AUTODISARM));
  address(UC_STACK + 16, alternateStack.size);
  view.setBigUint64(UC_SIGMASK, mask, true);
  address(CONTEXT, task.faultAddress);
  for (let i = 0; i < 31; i++) pair(CONTEXT_REGS + 8 * i, REG_X + 2 * i);
  pair(CONTEXT_SP, REG_SP);
  pair(CONTEXT_PC, REG_PC);
  word(CONTEXT_PSTATE, words[REG_NZCV]!);
  let at = RESERVED;
  word(at, FPSIMD_MAGIC);
  word(at + 4, FPSIMD_SIZE);
  word(at + 8, words[REG_FPSR]!);
  word(at + 12, words[REG_FPCR]!);
  for (let i = 0; i < 128; i++) word(at + 16 + 4 * i, words[REG_V + i]!);
  at += FPSIMD_SIZE;
  if (task.faultCode !== 0) {
    word(at, ESR_MAGIC);
    word(at + 4, ESR_SIZE);
    word(at + 8, task.faultCode);
  }
  pair(FILLED, FP);
  pair(FILLED + 8, LR);
}

/** rt_sigreturn(2): restore what the frame at sp says. */
export function restoreFrame(task: Task): number {
  const mm = task.mm!;
  const { sp } = task;
  const failed = sp % 16 === 0 ? mm.copyInto(sp, scratch) : -EFAULT;
  if (failed === NOT_RESIDENT) return NOT_RESIDENT;
  if (failed < 0 || !restore(task)) {
    forceFault(task, SIGSEGV, mm.find(Math.floor(sp / 4096)) === null ? SEGV_MAPERR : SEGV_ACCERR, sp);
  }
  return JUMPED;
}

function restore(task: Task): boolean {
  const { words } = task;
  const simd = findSimd();
  if (simd < 0) return false;
  setBlocked(task, view.getBigUint64(UC_SIGMASK, true));
  for (let i = 0; i < 62; i++) words[REG_X + i] = view.getInt32(CONTEXT_REGS + 4 * i, true);
  for (let i = 0; i < 2; i++) {
    words[REG_SP + i] = view.getInt32(CONTEXT_SP + 4 * i, true);
    words[REG_PC + i] = view.getInt32(CONTEXT_PC + 4 * i, true);
  }
  words[REG_NZCV] = view.getInt32(CONTEXT_PSTATE, true) & 0xf0000000;
  words[REG_FPSR] = view.getInt32(simd + 8, true);
  words[REG_FPCR] = view.getInt32(simd + 12, true);
  for (let i = 0; i < 128; i++) words[REG_V + i] = view.getInt32(simd + 16 + 4 * i, true);
  words[REG_MONITOR_SIZE] = 0;
  const address = view.getUint32(UC_STACK, true) + view.getUint32(UC_STACK + 4, true) * 4294967296;
  const size = view.getUint32(UC_STACK + 16, true) + view.getUint32(UC_STACK + 20, true) * 4294967296;
  setAlternateStack(task, address, size, view.getUint32(UC_STACK + 8, true));
  return true;
}

/** The offset of the floating-point record, -1 if the list of records is malformed. Linux: parse_user_sigframe. */
function findSimd(): number {
  let found = -1;
  for (let at = RESERVED; at + 8 <= RESERVED + RESERVED_SIZE; ) {
    const magic = view.getUint32(at, true);
    const size = view.getUint32(at + 4, true);
    if (magic === 0) return size === 0 ? found : -1;
    if (size < 16 || size % 16 !== 0 || at + size > RESERVED + RESERVED_SIZE) return -1;
    if (magic === FPSIMD_MAGIC) {
      if (found >= 0 || size !== FPSIMD_SIZE) return -1;
      found = at;
    } else if (magic !== ESR_MAGIC) return -1;
    at += size;
  }
  return -1;
}

/** Install an alternate stack, as sigaltstack(2) and rt_sigreturn(2) do: 0 or whether it is refused. Linux: do_sigaltstack. */
export function setAlternateStack(task: Task, address: number, size: number, flags: number): boolean {
  const mode = flags & ~SS_AUTODISARM;
  if (onAlternateStack(task, task.sp)) return false;
  if (mode !== SS_DISABLE && mode !== SS_ONSTACK && mode !== 0) return false;
  task.alternateStack = mode === SS_DISABLE ? NO_ALTERNATE_STACK : { address, size, flags };
  return true;
}
