import { describe, expect, it } from 'vitest';
import { type Guest, World } from '../../../tests/support/guest.ts';
import { SCHED_FIFO, SCHED_IDLE } from '../../abi/process.ts';
import { type Cpu, TRAP_FUEL, TRAP_SYSCALL, type Trap } from '../../platform/cpu.ts';
import { REG_WORDS, REG_X } from '../../platform/registers.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { cpuOnline } from '../cgroup/cpu.ts';
import { createCgroup } from '../cgroup/hierarchy.ts';

/** A processor whose programs do nothing but pass time: a microsecond for a unit of fuel, or make one system call again and again. */
function withProcessor(world: World): Cpu & { call: number } {
  const trap: Trap = { kind: TRAP_FUEL, address: 0, access: 0, syndrome: 0 };
  const cpu = {
    registers: new Int32Array(REG_WORDS),
    singleStep: false,
    fuel: 0,
    call: -1,
    run(): Trap {
      if (cpu.call >= 0) {
        world.now += 1000;
        cpu.fuel -= 1;
        cpu.registers[REG_X + 16] = cpu.call;
        trap.kind = TRAP_SYSCALL;
      } else {
        world.now += cpu.fuel * 1000;
        cpu.fuel = 0;
        trap.kind = TRAP_FUEL;
      }
      return trap;
    },
  };
  Object.defineProperty(world.kernel.platform.machine, 'cpu', { value: cpu, configurable: true });
  return cpu;
}

const start = (world: World): Guest => {
  const guest = world.guest();
  world.kernel.scheduler.enqueue(guest.task);
  return guest;
};

const timeOf = ({ task }: Guest): number => task.userTime + task.systemTime;

describe('scheduler', () => {
  it('shares the processor by nice values', () => {
    const world = new World();
    withProcessor(world);
    const [a, b, c, d] = [start(world), start(world), start(world), start(world)];
    b.task.nice = 5;
    c.task.nice = -5;
    d.task.policy = SCHED_IDLE;
    expect(world.kernel.run(world.now + 20e9)).toBe(true);
    const unit = timeOf(a);
    expect(timeOf(b) / unit).toBeCloseTo(335 / 1024, 1);
    expect(timeOf(c) / unit).toBeCloseTo(3121 / 1024, 1);
    expect(timeOf(d) / unit).toBeLessThan(0.02);
    expect(timeOf(d)).toBeGreaterThan(0);
  });

  it('runs real-time tasks first', () => {
    const world = new World();
    withProcessor(world);
    const [plain, low, high] = [start(world), world.guest(), world.guest()];
    for (const [guest, priority] of [
      [low, 1],
      [high, 50],
    ] as const) {
      guest.task.policy = SCHED_FIFO;
      guest.task.realtimePriority = priority;
      world.kernel.scheduler.enqueue(guest.task);
    }
    world.kernel.run(world.now + 1e9);
    expect(timeOf(high)).toBeGreaterThan(0.9e9);
    expect(timeOf(low) + timeOf(plain)).toBe(0);
  });

  it('keeps a group within its quota', () => {
    const world = new World();
    withProcessor(world);
    const { kernel } = world;
    const payer = kernel.memory.root;
    const cgroup = createCgroup(kernel, kernel.rootCgroup, 'half', { mode: 0o755, uid: 0, gid: 0, payer }) as Cgroup;
    cpuOnline(kernel, cgroup);
    cgroup.cpu.setLimit(kernel, 50e6, 100e6, 0);
    const guests = [start(world), start(world)];
    for (const { task } of guests) task.cgroup = cgroup;
    const end = world.now + 10e9;
    while (world.now < end) {
      if (!world.kernel.run(end)) world.now = Math.min(end, Math.max(world.now, world.kernel.timers.next));
    }
    const used = timeOf(guests[0]!) + timeOf(guests[1]!);
    expect(used).toBeGreaterThan(4.7e9);
    expect(used).toBeLessThan(5.3e9);
    expect(cgroup.cpu.throttledPeriods).toBeGreaterThan(80);
    expect(Math.abs(timeOf(guests[0]!) - timeOf(guests[1]!))).toBeLessThan(0.1e9);
  });

  it('shares the processor among groups by their weights, whatever is in them', () => {
    const world = new World();
    withProcessor(world);
    const { kernel } = world;
    const options = { mode: 0o755, uid: 0, gid: 0, payer: kernel.memory.root };
    const make = (parent: Cgroup, name: string, weight: number): Cgroup => {
      const cgroup = createCgroup(kernel, parent, name, options) as Cgroup;
      cpuOnline(kernel, cgroup);
      cgroup.cpu.setWeight(weight, false);
      return cgroup;
    };
    const big = make(kernel.rootCgroup, 'big', 3072);
    const small = make(kernel.rootCgroup, 'small', 1024);
    const inner = make(big, 'inner', 1024);
    const startIn = (cgroup: Cgroup): Guest => {
      const guest = world.guest();
      guest.task.cgroup = cgroup;
      kernel.scheduler.enqueue(guest.task);
      return guest;
    };
    const plain = startIn(kernel.rootCgroup);
    const [one, two] = [startIn(big), startIn(inner)];
    const crowd = [startIn(small), startIn(small), startIn(small), startIn(small)];
    kernel.run(world.now + 20e9);
    const unit = timeOf(plain);
    expect((timeOf(one) + timeOf(two)) / unit).toBeCloseTo(3, 0);
    expect(timeOf(one) / timeOf(two)).toBeCloseTo(1, 1);
    expect(crowd.reduce((sum, guest) => sum + timeOf(guest), 0) / unit).toBeCloseTo(1, 0);
    for (const guest of crowd) expect(timeOf(guest) / unit).toBeCloseTo(0.25, 1);
  });

  it('counts time in system calls as such, and answers ENOSYS for unknown ones', () => {
    const world = new World();
    const cpu = withProcessor(world);
    cpu.call = 460;
    const guest = start(world);
    world.kernel.run(world.now + 1e9);
    expect(guest.task.systemTime).toBeGreaterThan(0.9e9);
    expect(guest.task.saved[REG_X]! || cpu.registers[REG_X]!).toBe(-38);
  });

  it('survives an exception in a system call: the task dies, the others go on', () => {
    const world = new World();
    const cpu = withProcessor(world);
    const lines: string[] = [];
    (world.kernel.platform as { log: (line: string) => void }).log = (line) => lines.push(line);
    const guest = start(world);
    const other = start(world);
    cpu.call = 160;
    Object.defineProperty(guest.task, 'nsproxy', {
      get: () => {
        cpu.call = -1;
        throw new TypeError('broken');
      },
      configurable: true,
    });
    world.kernel.run(world.now + 1e8);
    expect(world.kernel.oopses).toBeGreaterThan(0);
    expect(lines.join('\n')).toContain('kernel bug: TypeError: broken');
    expect(lines.join('\n')).toContain('uname(');
    expect(guest.task.state).toMatch(/[ZX]/);
    expect(other.task.state).toBe('R');
  });
});
