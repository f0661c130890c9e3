/** Random bytes as programs, on the real machine: they die or go round in circles, the kernel goes on, and nothing of them is left. */

import { expect, test } from 'vitest';
import { isErrno } from '../../src/abi/errno.ts';
import { SIGCHLD, SIGKILL } from '../../src/abi/signal.ts';
import { clock, createPlatform } from '../../src/hosts/node/platform.ts';
import { createKernel } from '../../src/kernel/api/create.ts';
import { Binprm } from '../../src/kernel/exec/binprm.ts';
import { openExec } from '../../src/kernel/exec/open_exec.ts';
import { execute } from '../../src/kernel/exec/task_exec.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { sendToProcess } from '../../src/kernel/signal/send.ts';
import { kernelInfo } from '../../src/kernel/signal/sig_info.ts';
import { cloneTask } from '../../src/kernel/task/task_clone.ts';
import { releaseProcess } from '../../src/kernel/task/task_exit.ts';
import type { ThreadGroup } from '../../src/kernel/task/thread_group.ts';
import { IovIter } from '../../src/kernel/vfs/iov_iter.ts';
import { openAt } from '../../src/kernel/vfs/open.ts';
import { Random } from '../isa/random_state.ts';
import { buildElf } from '../support/elf_builder.ts';

const PROGRAMS = Number(process.env['HOLM_FUZZ_PROGRAMS'] ?? 400);
const SEED = Number(process.env['HOLM_FUZZ_SEED'] ?? 1);
const CODE = 0x400000;
/** How long each may run. */
const TIME = 3e6;
/** Namespaces of its own, for what it may do to mounts, host names, processes and devices. */
const NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000;

/** Words that random ones rarely are: svc, small numbers for x8 and x0, loads and stores by the stack pointer, branches backward. */
function word(random: Random): number {
  switch (random.below(8)) {
    case 0:
      return 0xd4000001;
    case 1:
      return (0xd2800000 | (random.below(450) << 5) | 8) >>> 0;
    case 2:
      return (0xd2800000 | (random.below(64) << 5) | random.below(6)) >>> 0;
    case 3:
      return (0x910003e0 | (random.below(256) << 10) | random.below(6)) >>> 0;
    case 4:
      return random.pick([0xf90003e0, 0xf94003e0]) | (random.below(64) << 10) | random.below(31);
    case 5:
      return random.chance(20) ? (0x17ffffff - random.below(20)) >>> 0 : 0xd503201f;
  }
  return random.u32();
}

function program(random: Random): Uint8Array {
  if (random.chance(10)) return buildElf({ content: [{ at: 0x18 + random.below(0x100), bytes: Uint8Array.of(random.below(256)) }] });
  const words = Uint32Array.from({ length: 512 }, () => word(random));
  const segments = [{ type: 1, flags: 7, offset: 0, vaddr: CODE, filesz: 0x1000, memsz: 0x4000 }];
  return buildElf({ segments, content: [{ at: 0x100, bytes: new Uint8Array(words.buffer) }] });
}

function start(kernel: Kernel, bytes: Uint8Array): void {
  const options = {
    flags: NAMESPACES,
    exitSignal: SIGCHLD,
    stack: 0,
    tls: 0,
    parentTid: 0,
    childTid: 0,
    pidfd: 0,
    setTid: [],
    cgroup: null,
  };
  const task = cloneTask(kernel.firstTask, options);
  if (isErrno(task)) throw new Error(`cannot create a process: ${task}`);
  const file = openAt(task, -100, '/program', { flags: 0o1101, mode: 0o755, resolve: 0 });
  if (isErrno(file)) throw new Error(`cannot create the file: ${file}`);
  file.write(task, IovIter.kernel(bytes), 0);
  file.put();
  const opened = openExec(task, '/program');
  if (isErrno(opened)) throw new Error(`cannot open the program: ${opened}`);
  execute(task, new Binprm('/program', opened, ['/program'], [], false));
  if (task.mm === null) sendToProcess(task.group, kernelInfo(SIGKILL));
}

function processes(kernel: Kernel): ThreadGroup[] {
  const groups = new Set<ThreadGroup>();
  for (const { task } of kernel.initialPidNs.list()) if (task !== null && task !== kernel.firstTask) groups.add(task.group);
  return [...groups];
}

/** Kill what is left of a program, and its children. */
function end(kernel: Kernel): void {
  for (let i = 0; i < 1000 && processes(kernel).length > 0; i++) {
    for (const group of processes(kernel)) if (group.live > 0) sendToProcess(group, kernelInfo(SIGKILL));
    kernel.run(clock.monotonic() + 1e6);
    for (const group of [...kernel.firstTask.group.children]) if (group.live === 0) releaseProcess(group);
  }
  if (processes(kernel).length > 0) throw new Error('a program cannot be killed');
}

test('random programs', { timeout: 300_000 }, () => {
  const log: string[] = [];
  const platform = createPlatform({
    blocks: { read: () => -5 },
    layers: { layer: () => null },
    console: () => null,
    folder: () => null,
    trace: () => undefined,
  });
  const kernel = createKernel({ ...platform, log: (line) => log.push(line) });
  const random = new Random(SEED);
  const used = (): number => {
    for (const timer of [1, 2]) kernel.run(clock.monotonic() + timer);
    while (kernel.memory.shrinkObjects());
    return kernel.memory.frames.used;
  };
  start(kernel, program(random));
  end(kernel);
  const before = used();
  for (let i = 0; i < PROGRAMS; i++) {
    start(kernel, program(random));
    kernel.run(clock.monotonic() + TIME);
    end(kernel);
    expect({ i, bugs: kernel.oopses === 0 ? [] : log }).toEqual({ i, bugs: [] });
  }
  openAt(kernel.firstTask, -100, '/program', { flags: 0o1001, mode: 0, resolve: 0 });
  expect(used()).toBeLessThanOrEqual(before);
});
