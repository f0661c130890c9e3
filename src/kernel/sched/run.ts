/** The run loop: picks a task, runs its program until a trap, serves the trap. Linux: arch/arm64/kernel/entry-common.c. */

import {
  BUS_ADRALN,
  BUS_ADRERR,
  ILL_ILLOPC,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SIGBUS,
  SIGILL,
  SIGKILL,
  SIGSEGV,
  SIGTRAP,
  TRAP_BRKPT,
  TRAP_TRACE,
} from '../../abi/signal.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import {
  ACCESS_EXEC,
  ACCESS_WRITE,
  type Space,
  TRAP_ALIGNMENT,
  TRAP_BREAKPOINT,
  TRAP_FAULT,
  TRAP_FUEL,
  TRAP_PC_ALIGNMENT,
  TRAP_STEP,
  TRAP_SYSCALL,
  TRAP_UNDEFINED,
  type Trap,
} from '../../platform/cpu.ts';
import { noteStill } from '../cgroup/freezer.ts';
import type { Kernel } from '../kernel.ts';
import { FAULT_ACCERR, FAULT_BUS, FAULT_MAPERR, FAULT_OK, FAULT_OOM, fault } from '../mm/fault.ts';
import { settleHigh } from '../mm/memory_high.ts';
import type { Mm } from '../mm/mm.ts';
import { spaceOf } from '../mm/space_table.ts';
import { deliverSignals } from '../signal/deliver.ts';
import { forceFault, forceSignal } from '../signal/force.ts';
import { enterSyscall, resumeSyscall } from '../syscall/dispatch.ts';
import { oops, reportBug } from '../syscall/oops.ts';
import { fixRseq } from '../task/rseq.ts';
import { type Task, WORK_STEP } from '../task/task.ts';
import { checkCpuTimers } from '../time/process_timers.ts';
import { updateVvar } from '../time/vvar.ts';

/** How long a task runs while others wait, in nanoseconds. */
const SLICE = 4e6;
/** System calls between two looks at the clock. */
const CALLS_PER_LOOK = 16;
const MIN_FUEL = 2000;
const MAX_FUEL = 20_000_000;

/** Run tasks until `until` (monotonic nanoseconds) or until none is runnable; whether any still is. */
export function run(kernel: Kernel, until: number): boolean {
  const { scheduler, clock } = kernel;
  let now = clock.monotonic();
  scheduler.begin(now);
  updateVvar(kernel);
  let woken = -1;
  for (;;) {
    expireTimers(kernel, now);
    if (kernel.memory.firstTouchAbsent) kernel.memory.arrived.wakeAll();
    if (kernel.options.wakeEverything && woken !== scheduler.callsServed) {
      woken = scheduler.callsServed;
      wakeEverything(kernel);
    }
    const task = now < until ? scheduler.take() : null;
    if (task === null) break;
    now = runSlice(kernel, task, now, Math.min(now + SLICE, until));
  }
  scheduler.end(now);
  return scheduler.runnable > 0;
}

function expireTimers(kernel: Kernel, now: number): void {
  for (let timer = kernel.timers.takeExpired(now); timer !== null; timer = kernel.timers.takeExpired(now)) {
    try {
      timer.expire(kernel);
    } catch (error) {
      reportBug(kernel, error);
    }
  }
}

/** Test mode: nobody may rely on being woken for a reason. */
function wakeEverything(kernel: Kernel): void {
  for (const pid of kernel.initialPidNs.list()) pid.task?.wake();
}

/** Run `task` from `start` to about `end`; the time afterwards. Whatever is thrown in the kernel meanwhile ends here. */
function runSlice(kernel: Kernel, task: Task, start: number, end: number): number {
  const { scheduler, clock } = kernel;
  const { cpu } = kernel.platform.machine;
  scheduler.switchTo(task);
  scheduler.slicing = true;
  scheduler.preempt = false;
  scheduler.sliceStart = start;
  const fuel = Math.max(MIN_FUEL, Math.min(MAX_FUEL, Math.floor((end - start) / scheduler.fuelPrice)));
  cpu.fuel = fuel;
  cpu.singleStep = (task.syscallWork & WORK_STEP) !== 0;
  const served = scheduler.callsServed;
  try {
    if (task.rseq !== null) fixRseq(task);
    serveTraps(kernel, task, end);
  } catch (error) {
    oops(task, error);
  }
  const now = clock.monotonic();
  if (task.mm !== null) task.mm.lastUse = now;
  kernel.memory.packer.note(kernel, now);
  const used = fuel - Math.max(0, cpu.fuel);
  const elapsed = now - start;
  if (used === fuel && elapsed > 0) scheduler.fuelPrice = 0.75 * scheduler.fuelPrice + 0.25 * (elapsed / fuel);
  scheduler.slicing = false;
  // The clock is not read at every call: the program's share is what its fuel usually takes.
  scheduler.account(task, elapsed, scheduler.callsServed === served ? elapsed : Math.min(elapsed, used * scheduler.fuelPrice));
  if (task.group.timers !== null) checkCpuTimers(task);
  if (task.state === 'R') {
    task.involuntarySwitches++;
    scheduler.enqueue(task);
  } else if (task.state === 'Z' || task.state === 'X') scheduler.forget(task);
  else task.voluntarySwitches++;
  if (task.cgroup.freezing) noteStill(task);
  return now;
}

/** Run the program and serve its traps until it sleeps, ends, or others are to run. */
function serveTraps(kernel: Kernel, task: Task, end: number): void {
  const { scheduler, clock, timers } = kernel;
  const { cpu } = kernel.platform.machine;
  let calls = CALLS_PER_LOOK;
  let mm: Mm | null = null;
  let space: Space | null = null;
  while (prepare(task)) {
    if (task.mm !== mm) {
      mm = task.mm;
      space = spaceOf(mm!);
    }
    const trap = cpu.run(space!);
    if (trap.kind === TRAP_SYSCALL) {
      enterSyscall(task);
      scheduler.callsServed++;
      if (scheduler.preempt) return;
      if (--calls > 0) continue;
    } else if (trap.kind === TRAP_FUEL) return;
    else if (trap.kind === TRAP_FAULT) {
      serveFault(task, trap);
      if (--calls > 0) continue;
    } else serveException(task, trap);
    calls = CALLS_PER_LOOK;
    const now = clock.monotonic();
    if (now >= end || timers.next <= now) return;
  }
}

/** Do what is due before the program goes on: the call that slept, signals. False when the task cannot run. */
function prepare(task: Task): boolean {
  for (let resumed = false; ; ) {
    if (task.state !== 'R') return false;
    if (task.inSyscall && (task.interruptedBy === 0 || task.completed !== null)) {
      // Who neither sleeps nor gets on lets others run: init reads its terminal in the background for ever, as SIGTTIN does not stop it.
      if (resumed) return false;
      resumeSyscall(task);
      resumed = true;
      if (task.inSyscall && task.kernel.scheduler.preempt) return false;
    } else if (task.signalPending || task.savedMask !== null) deliverSignals(task);
    else if (task.pagesOverHigh === 0 || settleHigh(task)) return true;
  }
}

function serveFault(task: Task, trap: Trap): void {
  const { address, access } = trap;
  const result = fault(task.mm!, address, access);
  task.minorFaults++;
  task.mm!.memory.countFault(false);
  switch (result) {
    case FAULT_OK:
      return;
    case NOT_RESIDENT:
      task.majorFaults++;
      task.mm!.memory.countFault(true);
      task.sleep([task.kernel.memory.arrived], 'D');
      return;
    case FAULT_MAPERR:
    case FAULT_ACCERR:
      noteFault(task, address, access, result === FAULT_MAPERR ? 0x07 : 0x0f);
      forceFault(task, SIGSEGV, result === FAULT_MAPERR ? SEGV_MAPERR : SEGV_ACCERR, address);
      return;
    case FAULT_BUS:
      noteFault(task, address, access, 0x11);
      forceFault(task, SIGBUS, BUS_ADRERR, address);
      return;
    case FAULT_OOM:
      forceSignal(task, SIGKILL);
      return;
  }
}

/** ESR_EL1 as the signal frame shows it: exception class, and the write and status bits. Linux: set_thread_esr. */
function noteFault(task: Task, address: number, access: number, status: number): void {
  const execute = access === ACCESS_EXEC;
  const low = (((execute ? 0x20 : 0x24) << 26) | (1 << 25) | (access === ACCESS_WRITE ? 1 << 6 : 0) | status) >>> 0;
  task.faultCode = low;
  task.faultAddress = address;
}

function serveException(task: Task, trap: Trap): void {
  switch (trap.kind) {
    case TRAP_ALIGNMENT:
      noteFault(task, trap.address, trap.access, 0x21);
      forceFault(task, SIGBUS, BUS_ADRALN, trap.address);
      return;
    case TRAP_PC_ALIGNMENT:
      noteFault(task, task.pc, ACCESS_EXEC, 0);
      forceFault(task, SIGBUS, BUS_ADRALN, task.pc);
      return;
    case TRAP_UNDEFINED:
      task.faultCode = 0;
      forceFault(task, SIGILL, ILL_ILLOPC, task.pc);
      return;
    case TRAP_BREAKPOINT:
      task.faultCode = 0;
      forceFault(task, SIGTRAP, TRAP_BRKPT, task.pc);
      return;
    case TRAP_STEP:
      forceFault(task, SIGTRAP, TRAP_TRACE, task.pc);
  }
}
