/** The vDSO: its functions, run by the machine, and whether glibc's loader takes it. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMachine } from '../../src/machine/machine.ts';
import { ACCESS_EXEC, ACCESS_READ, ACCESS_WRITE, TRAP_SYSCALL, TRAP_UNDEFINED } from '../../src/platform/cpu.ts';
import { REG_PC, REG_SP, REG_X } from '../../src/platform/registers.ts';
import { VVAR_CLOCK_BYTES, VVAR_CLOCKS, VVAR_COARSE_RESOLUTION, VVAR_COUNTER, VVAR_TIMEZONE, VVAR_VALID } from '../../src/platform/vvar.ts';

const VVAR = 0x70010000;
const VDSO = VVAR + 4096;
const DATA = 0x10000000;
const UNTOUCHED = 0x7777n;

let now = 0;
const machine = createMachine({
  clock: { monotonic: () => now, realtime: () => ({ seconds: 0, nanoseconds: 0 }) },
  codeBlocks: 4,
  slots: 1,
});
machine.ram.grow(16);
const space = machine.createSpace();
const vvarFrame = machine.ram.firstFrame;
const dataFrame = vvarFrame + 1;
space.map(VVAR / 4096, vvarFrame, ACCESS_READ);
space.map(DATA / 4096, dataFrame, ACCESS_READ | ACCESS_WRITE);
for (let at = 0; at < machine.vdso.length; at += 4096) {
  const frame = dataFrame + 1 + at / 4096;
  machine.ram.views.u8.set(machine.vdso.subarray(at, at + 4096), frame * 4096);
  space.map((VDSO + at) / 4096, frame, ACCESS_READ | ACCESS_EXEC);
}

/** Addresses of the functions, from the section of dynamic symbols. */
const functions = new Map<string, number>();
const view = new DataView(machine.vdso.buffer, machine.vdso.byteOffset, machine.vdso.length);
const section = (index: number): number => Number(view.getBigUint64(0x28, true)) + 64 * index;
const sections = Array.from({ length: view.getUint16(0x3c, true) }, (_, i) => section(i));
const dynsym = sections.find((at) => view.getUint32(at + 4, true) === 11)!;
const strings = Number(view.getBigUint64(section(view.getUint32(dynsym + 0x28, true)) + 0x18, true));
for (let at = 24; at < Number(view.getBigUint64(dynsym + 0x20, true)); at += 24) {
  const symbol = Number(view.getBigUint64(dynsym + 0x18, true)) + at;
  let end = strings + view.getUint32(symbol, true);
  const start = end;
  while (machine.vdso[end] !== 0) end++;
  functions.set(String.fromCharCode(...machine.vdso.subarray(start, end)), Number(view.getBigUint64(symbol + 8, true)));
}

function write64(offset: number, value: bigint): void {
  machine.ram.views.data.setBigUint64(vvarFrame * 4096 + offset, value, true);
}
const read64 = (offset: number): bigint => machine.ram.views.data.getBigUint64(dataFrame * 4096 + offset, true);

function setClocks(): void {
  machine.ram.views.u8.fill(0, vvarFrame * 4096, vvarFrame * 4096 + 4096);
  machine.ram.views.u32[(vvarFrame * 4096 + VVAR_VALID) / 4] = 1;
  write64(VVAR_COUNTER, 5000n);
  write64(VVAR_COARSE_RESOLUTION, 4_000_000n);
  write64(VVAR_TIMEZONE, 0x1_0000_003cn);
  for (let clock = 0; clock < 12; clock++) {
    write64(VVAR_CLOCKS + VVAR_CLOCK_BYTES * clock, BigInt(1000 + clock));
    write64(VVAR_CLOCKS + VVAR_CLOCK_BYTES * clock + 8, 999_999_000n);
  }
}

/** Calls a function; the system call number if it asks the kernel, else what it returns. */
function call(name: string, a: number, b: number): { result?: number; syscall?: number } {
  const { cpu } = machine;
  cpu.registers.fill(0);
  cpu.registers[REG_X] = a;
  cpu.registers[REG_X + 2] = b;
  cpu.registers[REG_SP] = DATA + 2048;
  cpu.registers[REG_PC] = VDSO + functions.get(name)!;
  // A word of zeros in the image is an undefined instruction.
  cpu.registers[REG_X + 60] = VDSO + machine.vdso.length - 4;
  cpu.fuel = 1000;
  machine.ram.views.data.setBigUint64(dataFrame * 4096, UNTOUCHED, true);
  machine.ram.views.data.setBigUint64(dataFrame * 4096 + 8, UNTOUCHED, true);
  const trap = cpu.run(space);
  if (trap.kind === TRAP_SYSCALL) return { syscall: cpu.registers[REG_X + 16]! };
  expect(trap.kind).toBe(TRAP_UNDEFINED);
  return { result: cpu.registers[REG_X]! };
}

test.each([0, 1, 4, 7, 11])('clock_gettime(%i) adds what the counter says', (clock) => {
  setClocks();
  now = 5000 + 3_000_001_500;
  expect(call('__kernel_clock_gettime', clock, DATA)).toEqual({ result: 0 });
  expect([read64(0), read64(8)]).toEqual([BigInt(1004 + clock), 500n]);
});

test.each([5, 6])('clock_gettime(%i), coarse, stands still', (clock) => {
  setClocks();
  now = 1e12;
  expect(call('__kernel_clock_gettime', clock, DATA)).toEqual({ result: 0 });
  expect([read64(0), read64(8)]).toEqual([BigInt(1000 + clock), 999_999_000n]);
});

test.each([2, 3, 8, 9, 12, 15, 16, 32, -1, -6])('clock_gettime(%i) and clock_getres ask the kernel', (clock) => {
  setClocks();
  expect(call('__kernel_clock_gettime', clock, DATA)).toEqual({ syscall: 113 });
  expect(call('__kernel_clock_getres', clock, DATA)).toEqual({ syscall: 114 });
  expect([read64(0), read64(8)]).toEqual([UNTOUCHED, UNTOUCHED]);
});

test('an empty vvar page sends everything to the kernel', () => {
  machine.ram.views.u8.fill(0, vvarFrame * 4096, vvarFrame * 4096 + 4096);
  expect(call('__kernel_clock_gettime', 0, DATA)).toEqual({ syscall: 113 });
  expect(call('__kernel_clock_gettime', 5, DATA)).toEqual({ syscall: 113 });
  expect(call('__kernel_gettimeofday', DATA, 0)).toEqual({ syscall: 169 });
  expect(call('__kernel_clock_getres', 6, DATA)).toEqual({ syscall: 114 });
});

test('gettimeofday', () => {
  setClocks();
  now = 5000 + 2_345_678;
  expect(call('__kernel_gettimeofday', DATA, 0)).toEqual({ result: 0 });
  expect([read64(0), read64(8)]).toEqual([1001n, 2344n]);
  expect(call('__kernel_gettimeofday', 0, DATA)).toEqual({ result: 0 });
  expect([read64(0), read64(8)]).toEqual([0x1_0000_003cn, UNTOUCHED]);
  expect(call('__kernel_gettimeofday', 0, 0)).toEqual({ result: 0 });
});

test('clock_getres', () => {
  setClocks();
  expect(call('__kernel_clock_getres', 1, DATA)).toEqual({ result: 0 });
  expect([read64(0), read64(8)]).toEqual([0n, 1n]);
  expect(call('__kernel_clock_getres', 5, DATA)).toEqual({ result: 0 });
  expect([read64(0), read64(8)]).toEqual([0n, 4_000_000n]);
  expect(call('__kernel_clock_getres', 0, 0)).toEqual({ result: 0 });
});

test('rt_sigreturn', () => {
  expect(call('__kernel_rt_sigreturn', 0, 0)).toEqual({ syscall: 139 });
});

const COMPILER = 'aarch64-linux-gnu-gcc';
const QEMU = 'qemu-aarch64-static';
const SYSROOT = '/usr/aarch64-linux-gnu';
const isThere = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0;

describe.skipIf(!isThere(COMPILER) || !isThere(QEMU))('glibc', () => {
  test('finds the versioned symbols', () => {
    const directory = mkdtempSync(join(tmpdir(), 'holm-vdso-'));
    const file = (name: string): string => join(directory, name);
    writeFileSync(file('vdso.so'), machine.vdso);
    writeFileSync(
      file('probe.c'),
      `#define _GNU_SOURCE
      #include <dlfcn.h>
      #include <stdio.h>
      int main(int argc, char **argv) {
        void *object = dlopen(argv[1], RTLD_NOW);
        if (!object) return puts(dlerror()), 1;
        char *base = dlvsym(object, argv[2], "LINUX_2.6.39");
        for (int i = 2; i < argc; i++) printf("%s %td\\n", argv[i], (char *)dlvsym(object, argv[i], "LINUX_2.6.39") - base);
        return dlvsym(object, argv[2], "LINUX_2.6.40") != 0;
      }`,
    );
    expect(spawnSync(COMPILER, ['-o', file('probe'), file('probe.c')], { encoding: 'utf8' }).stderr).toBe('');
    const names = [...functions.keys()];
    const { stdout, status } = spawnSync(QEMU, ['-L', SYSROOT, file('probe'), file('vdso.so'), ...names], { encoding: 'utf8' });
    rmSync(directory, { recursive: true, force: true });
    const base = functions.get(names[0]!)!;
    expect(stdout).toBe(names.map((name) => `${name} ${functions.get(name)! - base}\n`).join(''));
    expect(status).toBe(0);
  });
});
