/**
 * Speed of the interpreter on a CoreMark-like program, warm and in its first 100 ms, beside qemu-aarch64 where it is installed.
 * Run with `npx tsx bench/interpreter.ts`; needs aarch64-linux-gnu-gcc.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMachine } from '../src/machine/machine.ts';
import { ACCESS_EXEC, ACCESS_READ, ACCESS_WRITE, type Machine, type Space, TRAP_FUEL, TRAP_SYSCALL } from '../src/platform/cpu.ts';
import { REG_PC, REG_SP, REG_X } from '../src/platform/registers.ts';

const COMPILER = 'aarch64-linux-gnu-gcc';
const QEMU = 'qemu-aarch64-static';
const SHORT = 25;
const LONG = 20_000;
const STACK = 0x7ff000;

const directory = mkdtempSync(join(tmpdir(), 'holm-bench-'));
const program = join(directory, 'coremark_like');
const source = new URL('./programs/coremark_like.c', import.meta.url).pathname;
const options = ['-O2', '-nostdlib', '-static', '-mgeneral-regs-only', '-o', program, source];
if (spawnSync(COMPILER, options, { stdio: 'inherit' }).status !== 0) process.exit(1);

/** Loads the program and a stack with its one argument into an address space of its own. */
function start(machine: Machine, iterations: number): Space {
  const file = readFileSync(program);
  const elf = new DataView(file.buffer, file.byteOffset, file.length);
  const space = machine.createSpace();
  const frames = new Map<number, number>();
  const place = (address: number): number => {
    const page = Math.floor(address / 4096);
    let frame = frames.get(page);
    if (frame === undefined) {
      frame = machine.ram.endFrame;
      machine.ram.grow(1);
      frames.set(page, frame);
      space.map(page, frame, ACCESS_READ | ACCESS_WRITE | ACCESS_EXEC);
    }
    return frame * 4096 + (address % 4096);
  };
  const headers = Number(elf.getBigUint64(32, true));
  for (let i = 0; i < elf.getUint16(56, true); i++) {
    const header = headers + 56 * i;
    if (elf.getUint32(header, true) !== 1) continue;
    const [offset, address, inFile, inMemory] = [8, 16, 32, 40].map((at) => Number(elf.getBigUint64(header + at, true))) as [
      number,
      number,
      number,
      number,
    ];
    for (let at = 0; at < inMemory; at++) {
      const where = place(address + at);
      machine.ram.views.u8[where] = at < inFile ? file[offset + at]! : 0;
    }
  }
  const argument = STACK + 256;
  [...`${iterations}`].forEach((digit, i) => {
    const where = place(argument + i);
    machine.ram.views.u8[where] = digit.charCodeAt(0);
  });
  place(STACK - 4096);
  const argv = place(STACK);
  machine.ram.views.u32.set([2, 0, argument, 0, argument, 0, 0, 0], argv >> 2);
  machine.cpu.registers.fill(0);
  machine.cpu.registers[REG_SP] = STACK;
  machine.cpu.registers[REG_PC] = Number(elf.getBigUint64(24, true));
  return space;
}

/** Milliseconds of one run, to its exit or `limit`; and the exit status. */
function run(machine: Machine, space: Space): { time: number; status: number } {
  const from = performance.now();
  for (;;) {
    machine.cpu.fuel = 1_000_000;
    const trap = machine.cpu.run(space);
    if (trap.kind === TRAP_SYSCALL) return { time: performance.now() - from, status: machine.cpu.registers[REG_X]! };
    if (trap.kind !== TRAP_FUEL) throw new Error(`trap ${trap.kind} at ${trap.address.toString(16)}`);
  }
}

function qemu(iterations: number): { time: number; status: number } | undefined {
  const from = performance.now();
  const { status, error } = spawnSync(QEMU, [program, `${iterations}`]);
  return error || status === null ? undefined : { time: performance.now() - from, status };
}

const machine = createMachine({
  clock: { monotonic: () => Math.round(performance.now() * 1e6), realtime: () => ({ seconds: 0, nanoseconds: 0 }) },
});

// Cold: how many iterations fit into the first 100 ms, by runs of a few; loading does not count.
let done = 0;
for (let spent = 0; spent < 100; done += SHORT) spent += run(machine, start(machine, SHORT)).time;
const best = (runs: () => { time: number; status: number } | undefined): { time: number; status: number } | undefined =>
  [1, 2, 3].map(runs).reduce((a, b) => (a && b && b.time < a.time ? b : a));
const ours = best(() => run(machine, start(machine, LONG)))!;
const theirs = best(() => qemu(LONG));
console.log(`first 100 ms     ${(done / 100).toFixed(1)} iterations/ms`);
console.log(`warm             ${(LONG / ours.time).toFixed(1)} iterations/ms`);
if (theirs) {
  if (theirs.status !== ours.status) throw new Error('results differ');
  console.log(`qemu-aarch64     ${(LONG / theirs.time).toFixed(1)} iterations/ms`);
  console.log(`ours / qemu      ${(ours.time / theirs.time).toFixed(2)} x its time`);
}
rmSync(directory, { recursive: true, force: true });
