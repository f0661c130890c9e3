/** Containers of random programs on a kernel that has booted, and what must be true when a container is gone. */

import { SIGALRM, SIGCONT, SIGKILL, SIGTERM, SIGUSR1 } from '../../src/abi/signal.ts';
import { createKernel } from '../../src/kernel/api/create.ts';
import { ALL_CAPABILITIES, type ContainerSpec, DEFAULT_CAPABILITIES, RuntimeProcess, startContainer } from '../../src/kernel/api/index.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { sendToProcess } from '../../src/kernel/signal/send.ts';
import { kernelInfo } from '../../src/kernel/signal/sig_info.ts';
import type { ThreadGroup } from '../../src/kernel/task/thread_group.ts';
import { Random } from '../isa/random_state.ts';
import { buildElf } from '../support/elf_builder.ts';
import { fakeLayer } from '../support/fake_layer.ts';
import { fakePlatform } from '../support/fake_machine.ts';
import { ARENA, ARENA_PAGES, CODE } from './guest_memory.ts';
import { type Focus, RandomCpu } from './random_cpu.ts';
import { reachable } from './reachable.ts';

const RAM_FRAMES = 1 << 15;

const program = buildElf({
  segments: [
    { type: 1, flags: 5, offset: 0, vaddr: CODE, filesz: 0x1000, memsz: 0x1000 },
    { type: 1, flags: 6, offset: 0x1000, vaddr: ARENA, filesz: 0x1000, memsz: ARENA_PAGES * 4096 },
  ],
});

const directories = ['tmp', 'mnt', 'etc', 'dev', 'proc', 'sys'].map((path) => ({ path, mode: 0o41777 }));
const layer = fakeLayer('rootfs', [
  { path: 'prog', mode: 0o100755, size: program.length },
  { path: 'etc.passwd', mode: 0o100644, size: 100 },
  ...directories,
]);

/** Nanoseconds that a look at the clock takes. */
const LOOK_TIME = 500;

export class RandomWorld {
  readonly kernel: Kernel;
  readonly cpu: RandomCpu;
  readonly log: string[] = [];
  readonly random: Random;
  private process: RuntimeProcess | null = null;
  private batches = 0;

  constructor(seed: number, focus: Focus | null = null) {
    this.random = new Random(seed);
    const platform = fakePlatform(RAM_FRAMES, this.log);
    const { ram } = platform.machine;
    const cpu = new RandomCpu(this.random, ram, focus);
    this.cpu = cpu;
    const fields = Object.getOwnPropertyDescriptors(platform.machine);
    delete (fields as { cpu?: PropertyDescriptor }).cpu;
    const machine = Object.defineProperty(Object.defineProperties({}, fields), 'cpu', { value: cpu }) as typeof platform.machine;
    this.kernel = createKernel({
      ...platform,
      machine,
      clock: {
        // Time goes on where no call is made, too: somebody may wait without sleeping.
        monotonic: () => {
          cpu.now += LOOK_TIME;
          return cpu.now;
        },
        realtime: () => ({ seconds: 1_700_000_000 + Math.floor(cpu.now / 1e9), nanoseconds: cpu.now % 1e9 }),
      },
      layers: { layer: (id) => (id === 'rootfs' ? layer : null) },
      blocks: {
        read: (_, offset, target) => {
          target.fill(0);
          target.set(program.subarray(offset, offset + target.length));
          return target.length;
        },
      },
      console: () => ({ write: (bytes) => bytes.length }),
    });
    cpu.isInit = () => this.kernel.scheduler.current?.group === this.process?.group;
  }

  /** Make `calls` system calls in a new container, and end it. */
  batch(calls: number): void {
    const { kernel, cpu, random } = this;
    const end = cpu.calls + calls;
    let rounds = 0;
    while (cpu.calls < end && kernel.oopses === 0) {
      if (this.process === null || this.process.group.live === 0) {
        this.finish();
        this.start();
      }
      const before = cpu.calls;
      kernel.run(cpu.now + 1e6);
      if (cpu.calls === before) this.unblock();
      if (++rounds > calls * 2) throw new Error('the container does nothing');
      if (random.chance(2)) kernel.consoleInput(`${this.batches}:tty`, Uint8Array.from([3, 10, 97, 26, 4]));
    }
    this.finish();
  }

  /** What must be as before when containers have come and gone; caches are emptied first. */
  state(): { readonly objects: ReadonlyMap<string, number>; readonly counts: Readonly<Record<string, number>> } {
    const { kernel } = this;
    const { memory } = kernel;
    // Users' keyrings last as long as their user namespace: let them end here, and with them their keys.
    kernel.initialUserNs.userKeyrings.clear();
    kernel.keys.sweep();
    while (memory.shrinkObjects());
    memory.reclaim(memory.root, Number.POSITIVE_INFINITY);
    return {
      objects: reachable(kernel, new Set([kernel.platform])),
      counts: {
        frames: memory.frames.used,
        bytes: memory.root.kernelBytes,
        committed: memory.committed,
        shared: memory.sharedFrames,
        cached: memory.cachedFrames,
        tasks: kernel.initialPidNs.list().length,
        threads: kernel.rootCgroup.threads,
        cgroups: kernel.rootCgroup.descendants + kernel.rootCgroup.dyingDescendants,
        mounts: kernel.vfs.mountNamespaces.size,
        runnable: kernel.scheduler.runnable,
      },
    };
  }

  /** All of them but the runtime's. */
  private processes(): ThreadGroup[] {
    const groups = new Set<ThreadGroup>();
    for (const { task } of this.kernel.initialPidNs.list()) if (task !== null) groups.add(task.group);
    groups.delete(this.kernel.firstTask.group);
    return [...groups];
  }

  private start(): void {
    const { kernel, random } = this;
    const id = String(++this.batches);
    const tty = random.chance(30);
    const spec: ContainerSpec = {
      id,
      hostname: 'fuzz',
      domainname: '',
      layers: ['rootfs'],
      layer: null,
      readOnly: random.chance(5),
      folders: [],
      tmpfs: random.chance(50) ? [{ destination: '/tmp', flags: 0, data: 'size=8m' }] : [],
      namespaces: { user: 'engine', uts: 'new', ipc: 'new', pid: 'new', net: 'new', cgroup: 'new' },
      shm: 1 << 22,
      sysctls: {},
      privileged: random.chance(50),
      memory: random.chance(30) ? 16 << 20 : 64 << 20,
      pids: random.pick([20, 60]),
      cpus: null,
      trace: false,
      process: {
        argv: ['/prog', 'one', 'two'],
        env: ['A=1'],
        workdir: '/',
        user: '',
        tty,
        streams: id,
        capabilities: random.chance(60) ? ALL_CAPABILITIES : DEFAULT_CAPABILITIES,
        noNewPrivileges: false,
        seccomp: null,
      },
    };
    const started = startContainer(kernel, spec);
    if (!(started instanceof RuntimeProcess)) throw new Error(`the container does not start: ${started.error}`);
    this.process = started;
  }

  /** Everybody sleeps: let time pass, or end somebody. */
  private unblock(): void {
    const { kernel, cpu, random } = this;
    const { next } = kernel.timers;
    if (next < Number.POSITIVE_INFINITY && random.chance(70)) {
      cpu.now = Math.min(next, cpu.now + 1e15);
      return;
    }
    const { group } = this.process!;
    const others = this.processes().filter((one) => one.live > 0 && one !== group);
    if (others.length === 0) this.process!.kill(SIGKILL);
    else sendToProcess(random.pick(others), kernelInfo(random.pick([SIGKILL, SIGKILL, SIGALRM, SIGTERM, SIGCONT, SIGUSR1])));
  }

  private finish(): void {
    const { kernel, process } = this;
    if (process === null) return;
    for (let i = 0; i < 1000 && this.processes().length > 0; i++) {
      for (const group of this.processes()) if (group.live > 0) sendToProcess(group, kernelInfo(SIGKILL));
      kernel.run(this.cpu.now + 1e6);
      this.cpu.now += 1e6;
      if (process.group.live === 0) process.exitStatus();
    }
    const left = this.processes();
    if (left.length > 0)
      throw new Error(
        `processes cannot be killed: ${left.map(({ leader }) => `${leader.pid.numbers.join('/')} ${leader.state}`).join(', ')}`,
      );
    process.exitStatus();
    process.layer!.put();
    for (const name of ['stdin', 'stdout', 'stderr', 'tty']) kernel.consoleForget(`${this.batches}:${name}`);
    this.process = null;
    // Timers that were started for something else than a process: connections that end, say.
    for (let i = 0; i < 200 && kernel.timers.next < Number.POSITIVE_INFINITY; i++) {
      this.cpu.now = Math.max(this.cpu.now, Math.min(kernel.timers.next, this.cpu.now + 1e15));
      kernel.run(this.cpu.now + 1);
    }
  }
}
