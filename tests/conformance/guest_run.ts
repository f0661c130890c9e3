/** Runs one program in a fresh kernel on the real machine and collects what it prints. */

import { isErrno } from '../../src/abi/errno.ts';
import { SIGCHLD } from '../../src/abi/signal.ts';
import { clock, createPlatform } from '../../src/hosts/node/platform.ts';
import { createKernel, type KernelOptions } from '../../src/kernel/api/create.ts';
import { makeDirectories, mountAt } from '../../src/kernel/api/files.ts';
import { openStreams } from '../../src/kernel/api/streams.ts';
import { abandonKernel, restoreKernel, saveKernel } from '../../src/kernel/checkpoint/kernel_checkpoint.ts';
import { ClassRegistry } from '../../src/kernel/checkpoint/registry.ts';
import { Binprm } from '../../src/kernel/exec/binprm.ts';
import { openExec } from '../../src/kernel/exec/open_exec.ts';
import { execute } from '../../src/kernel/exec/task_exec.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { recentCalls } from '../../src/kernel/syscall/trace.ts';
import { doSetsid } from '../../src/kernel/task/session.ts';
import type { Task } from '../../src/kernel/task/task.ts';
import { cloneTask } from '../../src/kernel/task/task_clone.ts';
import { releaseProcess } from '../../src/kernel/task/task_exit.ts';
import { IovIter } from '../../src/kernel/vfs/iov_iter.ts';
import { openAt } from '../../src/kernel/vfs/open.ts';
import type { JitOptions } from '../../src/machine/jit/jit.ts';

const AT_FDCWD = -100;
const O_WRONLY_CREAT = 0o101;
/** Mount, UTS and IPC namespaces of its own; not a PID namespace, whose init it would be. */
const NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000;
const SLICE = 10e6;

export interface GuestResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The wait status; null when the time was up. */
  readonly status: number | null;
  /** Kernel messages. */
  readonly log: readonly string[];
  /** Its last system calls. */
  readonly calls: readonly string[];
}

export interface GuestOptions extends KernelOptions {
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Milliseconds. */
  readonly timeout?: number;
  /** Write the kernel down and go on with what was read back, after this share of the slices. */
  readonly saveAndRestore?: number;
  readonly jit?: Partial<JitOptions>;
  /** Print system calls as they happen. */
  readonly trace?: boolean;
}

function putFile(task: Task, path: string, bytes: Uint8Array): void {
  const file = openAt(task, AT_FDCWD, path, { flags: O_WRONLY_CREAT, mode: 0o755, resolve: 0 });
  if (isErrno(file)) throw new Error(`cannot create ${path}: ${file}`);
  for (let at = 0; at < bytes.length; ) {
    const written = file.write(task, IovIter.kernel(bytes.subarray(at)), at);
    if (written <= 0) throw new Error(`cannot write ${path}: ${written}`);
    at += written;
  }
  file.put();
}

/** Directories and mounts as a container has them, as far as the kernel knows the file systems. */
function furnish(task: Task): void {
  for (const directory of ['/tmp', '/dev', '/proc', '/sys']) makeDirectories(task, directory, directory === '/tmp' ? 0o1777 : 0o755);
  for (const [type, target] of [
    ['proc', '/proc'],
    ['devtmpfs', '/dev'],
  ] as const) {
    if (task.kernel.fileSystems.has(type)) mountAt(task, type, type, target);
  }
  mountAt(task, 'devpts', 'devpts', '/dev/pts', 0, 'ptmxmode=0666,mode=0620,gid=5');
}

/** Run `program` (an ELF file) as a child of the first task, until it ends. */
export async function runGuest(program: Uint8Array, options: GuestOptions = {}): Promise<GuestResult> {
  const outputs = new Map<string, Uint8Array[]>([
    ['t:stdout', []],
    ['t:stderr', []],
  ]);
  const log: string[] = [];
  const platform = createPlatform({
    jit: options.jit ?? {},
    blocks: { read: () => -5 },
    layers: { layer: () => null },
    console: (name) => {
      const chunks = outputs.get(name);
      return chunks === undefined ? null : { write: (bytes) => chunks.push(bytes.slice()) && bytes.length };
    },
    folder: () => null,
    trace: (_container, line) => console.error(line),
  });
  let kernel = createKernel({ ...platform, log: (line: string) => log.push(line) }, options);
  let task = start(kernel, program, options);
  let { group } = task;
  const classes = new ClassRegistry(true);
  let slice = 0;
  const deadline = clock.monotonic() + (options.timeout ?? 20000) * 1e6;
  while (group.live > 0 && clock.monotonic() < deadline) {
    const share = options.saveAndRestore ?? 0;
    const runnable = kernel.run(clock.monotonic() + (share > 0 ? SLICE / 10 : SLICE));
    if (group.live === 0) break;
    if (share > 0 && (slice++ * share) % 1 < share) {
      const restored = restoreKernel(saveKernel(kernel, task, classes), kernel.platform, classes);
      abandonKernel(kernel);
      kernel = restored.kernel;
      task = restored.companion as Task;
      group = task.group;
    }
    const wait = runnable ? 0 : Math.min(kernel.timers.next, deadline) - clock.monotonic();
    if (wait > 1e6) await new Promise((resume) => setTimeout(resume, Math.min(50, wait / 1e6)));
    else await new Promise((resume) => setImmediate(resume));
  }
  const text = (name: string): string => Buffer.concat(outputs.get(name)!).toString('latin1');
  const calls = recentCalls(task);
  const ended = group.live === 0;
  const status = ended ? group.leader.exitCode : null;
  if (ended) releaseProcess(group);
  return { stdout: text('t:stdout'), stderr: text('t:stderr'), status, log, calls };
}

function start(kernel: Kernel, program: Uint8Array, options: GuestOptions): Task {
  const task = cloneTask(kernel.firstTask, {
    flags: NAMESPACES,
    exitSignal: SIGCHLD,
    stack: 0,
    tls: 0,
    parentTid: 0,
    childTid: 0,
    pidfd: 0,
    setTid: [],
    cgroup: null,
  });
  if (isErrno(task)) throw new Error(`cannot create a process: ${task}`);
  task.cgroup.tracedAs = options.trace === true ? 'test' : null;
  doSetsid(task);
  furnish(task);
  putFile(task, '/test', program);
  const opened = openStreams(task, { tty: false, streams: 't' }, 0);
  if (opened < 0) throw new Error(`cannot open streams: ${opened}`);
  kernel.consoleEnd('t:stdin');
  const file = openExec(task, '/test');
  if (isErrno(file)) throw new Error(`cannot open the program: ${file}`);
  let bprm: Binprm | null = new Binprm('/test', file, ['/test', ...(options.args ?? [])], [...(options.env ?? ['PATH=/bin'])], false);
  for (let i = 0; bprm !== null && i < 100000; i++) {
    const result = execute(task, bprm);
    bprm = (task.progress?.data as Binprm | undefined) ?? null;
    if (task.progress !== null) {
      task.progress.files = null;
      task.progress = null;
    }
    if (result < 0 && bprm === null && task.mm === null) throw new Error(`cannot execute the program: ${result}`);
  }
  return task;
}
