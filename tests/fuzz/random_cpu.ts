/** A machine on which every program is a sequence of random system calls, with a page touched here and there. */

import type { Syscall } from '../../src/kernel/syscall/define.ts';
import { allCalls } from '../../src/kernel/syscall/table.ts';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  type Cpu,
  type Space,
  TRAP_ALIGNMENT,
  TRAP_BREAKPOINT,
  TRAP_FAULT,
  TRAP_FUEL,
  TRAP_STEP,
  TRAP_SYSCALL,
  TRAP_UNDEFINED,
  type Trap,
} from '../../src/platform/cpu.ts';
import type { Ram } from '../../src/platform/ram.ts';
import { REG_PC, REG_SP, REG_WORDS, REG_X } from '../../src/platform/registers.ts';
import type { Random } from '../isa/random_state.ts';
import type { FakeSpace } from '../support/fake_machine.ts';
import { ARENA, ARENA_PAGES, CODE, Guest, STACK } from './guest_memory.ts';
import { value } from './values.ts';

/** Calls that end programs come rarely, those that make them more often. */
const WEIGHTS: Readonly<Record<string, number>> = {
  ...{ exit: 0.1, exit_group: 0.05, rt_sigreturn: 0.05, kill: 0.3, tkill: 0.3, reboot: 0.02, sync: 0.2, execve: 0.3, execveat: 0.2 },
  ...{
    munmap: 0.3,
    seccomp: 0.05,
    prctl: 0.6,
    setuid: 0.2,
    setresuid: 0.2,
    setreuid: 0.2,
    capset: 0.2,
    chroot: 0.2,
    pivot_root: 0.2,
    close_range: 0.1,
  },
  ...{
    clone: 3,
    clone3: 2,
    openat: 8,
    mmap: 3,
    pipe2: 2,
    socket: 4,
    socketpair: 2,
    wait4: 3,
    ioctl: 3,
    fcntl: 3,
    read: 3,
    write: 3,
    close: 2,
  },
  ...{ sendmsg: 3, recvmsg: 3, bind: 2, connect: 2, listen: 2, accept4: 2, epoll_ctl: 3, mount: 2, ptrace: 3, keyctl: 3, memfd_create: 2 },
};
/** What the first process of a container does: it must stay. */
const INIT_CALLS = new Set(['clone', 'clone3', 'wait4', 'waitid', 'nanosleep', 'openat', 'pipe2', 'socketpair', 'getpid', 'ppoll', 'kill']);

const NAMES: ReadonlyMap<number, Syscall> = new Map(allCalls.map((call) => [call.nr, call]));
/** Nanoseconds that a call takes on this machine's clock. */
const CALL_TIME = 1500;

/** Programs that make only some calls, with arguments of their own. */
export interface Focus {
  /** How often each of them comes. */
  readonly weights: Readonly<Record<string, number>>;
  /** An argument of a call; null for what it would be without a focus. */
  readonly value: (random: Random, guest: Guest, call: string, argument: string) => number | null;
}

export class RandomCpu implements Cpu {
  registers: Int32Array = new Int32Array(REG_WORDS);
  singleStep = false;
  fuel = 0;
  now = 1e9;
  /** How often each call was made. */
  readonly made: Map<string, number> = new Map();
  calls = 0;
  /** Whether the running task is the first process of the container. */
  isInit: () => boolean = () => false;
  private readonly random: Random;
  private readonly guest: Guest;
  private readonly focus: Focus | null;
  private readonly weighted: Syscall[] = [];
  private readonly initial: Syscall[];
  private readonly trap: Trap = { kind: TRAP_SYSCALL, address: 0, access: 0, syndrome: 0 };

  constructor(random: Random, ram: Ram, focus: Focus | null = null) {
    this.random = random;
    this.guest = new Guest(random, ram);
    this.focus = focus;
    for (const call of allCalls) {
      const weight = focus === null ? (WEIGHTS[call.name] ?? 1) : (focus.weights[call.name] ?? 0);
      for (let i = 0; i < Math.round(weight * 100); i += 5) this.weighted.push(call);
    }
    this.initial = allCalls.filter((call) => INIT_CALLS.has(call.name));
  }

  run(space: Space): Trap {
    const { random, registers, guest } = this;
    this.now += CALL_TIME;
    this.fuel -= 1;
    guest.begin(space as FakeSpace);
    const last = NAMES.get(registers[REG_X + 16]!);
    if (last !== undefined) guest.remember(registers[REG_X + 1]! * 4294967296 + (registers[REG_X]! >>> 0));
    this.setLong(REG_PC, CODE + 0x100);
    this.setLong(REG_SP, STACK);
    if (this.singleStep && random.chance(50)) return this.stop(TRAP_STEP, 0, 0);
    const init = this.isInit();
    if (!init && this.focus === null && random.chance(4)) return this.exception(space as FakeSpace);
    const call = init ? random.pick(this.initial) : random.pick(this.weighted);
    if (call.name === 'rt_sigreturn') this.setLong(REG_SP, ARENA + random.below(ARENA_PAGES) * 4096);
    const values: number[] = [];
    for (let i = 0; i < 6; i++) {
      const arg = call.args[i];
      if (arg === undefined) values.push(random.u32());
      else values.push(this.focus?.value(random, guest, call.name, arg.name) ?? value(random, guest, call.name, arg.name));
    }
    if (guest.missing !== 0) return this.stop(TRAP_FAULT, guest.missing, ACCESS_WRITE);
    for (const [i, one] of values.entries()) this.setLong(REG_X + 2 * i, one);
    registers[REG_X + 16] = this.focus === null && random.chance(1) ? random.below(512) : call.nr;
    this.calls++;
    this.made.set(call.name, (this.made.get(call.name) ?? 0) + 1);
    return this.stop(TRAP_SYSCALL, 0, 0);
  }

  private exception(space: FakeSpace): Trap {
    const { random, guest } = this;
    const kind = random.below(1000);
    const address = kind < 10 ? guest.address() : ARENA + random.below(ARENA_PAGES * 4096);
    const access = random.pick([ACCESS_READ, ACCESS_WRITE]);
    if (kind === 0) return this.stop(TRAP_UNDEFINED, 0, 0);
    if (kind === 1) return this.stop(TRAP_BREAKPOINT, 0, 0);
    if (kind === 2) return this.stop(TRAP_ALIGNMENT, address, access);
    const entry = space.pages.get(Math.floor(address / 4096));
    if (entry !== undefined && (entry.access & access) !== 0) return this.stop(TRAP_FUEL, 0, 0);
    return this.stop(TRAP_FAULT, address, access);
  }

  private stop(kind: number, address: number, access: number): Trap {
    return Object.assign(this.trap, { kind, address, access });
  }

  private setLong(at: number, number: number): void {
    this.registers[at] = number | 0;
    this.registers[at + 1] = Math.floor(number / 4294967296) | 0;
  }
}
