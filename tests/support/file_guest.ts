/** A task that makes system calls about files, without a processor, on a kernel that has booted. */

import { isErrno } from '../../src/abi/errno.ts';
import { type SyscallName, syscallNumbers } from '../../src/abi/syscall_numbers.ts';
import { createKernel } from '../../src/kernel/api/create.ts';
import type { Kernel, KernelOptions } from '../../src/kernel/kernel.ts';
import { Mm } from '../../src/kernel/mm/mm.ts';
import { mapRange } from '../../src/kernel/mm/mmap.ts';
import { syscallTable } from '../../src/kernel/syscall/table.ts';
import { BLOCKED, type Task } from '../../src/kernel/task/task.ts';
import { latin1Bytes, latin1Text } from '../../src/kernel/vfs/text.ts';
import { NOT_RESIDENT } from '../../src/platform/blocks.ts';
import type { Layer } from '../../src/platform/layer.ts';
import { fakePlatform } from './fake_machine.ts';

const SCRATCH = 65536;

export interface Entry {
  readonly name: string;
  readonly ino: number;
  readonly type: number;
}

export class FileGuest {
  readonly kernel: Kernel;
  readonly task: Task;
  /** Where results are put: the first half of a mapping of 2 MiB; arguments go to the second. */
  readonly memory: number;
  now = 1_700_000_000;
  private next = 0;

  constructor(layers: ReadonlyMap<string, Layer> = new Map(), options: KernelOptions = {}) {
    const platform = { ...fakePlatform(), layers: { layer: (id: string) => layers.get(id) ?? null } };
    platform.clock = { monotonic: () => 0, realtime: () => ({ seconds: this.now, nanoseconds: 0 }) };
    platform.blocks = {
      read: (id, offset, target) => {
        for (let i = 0; i < target.length; i++) target[i] = (id.charCodeAt(0) + offset + i) & 0xff;
        return target.length;
      },
    };
    this.kernel = createKernel(platform, options);
    this.task = this.kernel.firstTask;
    this.task.mm = new Mm(this.kernel, this.kernel.memory.root);
    this.task.mm.mmapBase = 0x78000;
    this.memory = mapRange(this.task.mm, { page: 0, pages: 512, prot: 3, flags: 0, fixed: 'hint' }) * 4096;
  }

  /** Make a system call; strings are passed as C strings, byte arrays by address. BLOCKED is returned as it is. */
  sys(name: SyscallName, ...args: (number | string | Uint8Array)[]): number {
    this.next = 1 << 20;
    const words = this.task.words;
    args.forEach((arg, i) => {
      const value = typeof arg === 'number' ? arg : this.place(arg);
      words[2 * i] = (value % 4294967296) | 0;
      words[2 * i + 1] = Math.floor(value / 4294967296) | 0;
    });
    const call = syscallTable[syscallNumbers[name]];
    if (call === undefined) throw new Error(`no system call ${name}`);
    for (let tries = 0; tries < 10000; tries++) {
      const result = call.invoke(this.task);
      if (result === NOT_RESIDENT) continue;
      if (result !== BLOCKED) {
        this.task.progress?.drop();
        this.task.progress = null;
      }
      return result;
    }
    throw new Error(`${name} waits for ever`);
  }

  bytes(length: number, offset = 0): Uint8Array {
    for (;;) {
      const bytes = this.task.mm!.copyIn(this.memory + offset, length);
      if (typeof bytes !== 'number') return bytes;
    }
  }

  /** A whole file through open, read and close; a number if that fails. */
  read(path: string): string | number {
    const fd = this.sys('openat', -100, path, 0, 0);
    if (fd < 0) return fd;
    let text = '';
    for (;;) {
      const count = this.sys('read', fd, this.memory, SCRATCH);
      if (count <= 0) break;
      text += latin1Text(this.bytes(count));
    }
    this.sys('close', fd);
    return text;
  }

  write(path: string, text: string, flags = 0o1101): number {
    const fd = this.sys('openat', -100, path, flags, 0o644);
    if (fd < 0) return fd;
    const count = this.sys('write', fd, latin1Bytes(text), text.length);
    this.sys('close', fd);
    return count;
  }

  /** The names in a directory, sorted, without the dots. */
  list(path: string, buffer = SCRATCH): string[] {
    return this.entries(path, buffer)
      .map((entry) => entry.name)
      .filter((name) => name !== '.' && name !== '..')
      .sort();
  }

  entries(path: string, buffer = SCRATCH): Entry[] {
    const fd = this.sys('openat', -100, path, 0o40000, 0);
    if (isErrno(fd)) throw new Error(`cannot open ${path}: ${fd}`);
    const found: Entry[] = [];
    for (;;) {
      const count = this.sys('getdents64', fd, this.memory, buffer);
      if (count < 0) throw new Error(`getdents64 ${path}: ${count}`);
      if (count === 0) break;
      found.push(...parse(this.bytes(count)));
    }
    this.sys('close', fd);
    return found;
  }

  stat(
    path: string,
    flags = 0x100,
  ): { mode: number; ino: number; nlink: number; size: number; uid: number; gid: number; blocks: number; mtime: number; dev: number } {
    const result = this.sys('newfstatat', -100, path, this.memory, flags);
    if (result < 0) throw new Error(`stat ${path}: ${result}`);
    const data = new DataView(this.bytes(128).buffer);
    return {
      dev: data.getUint32(0, true),
      ino: Number(data.getBigUint64(8, true)),
      mode: data.getUint32(16, true),
      nlink: data.getUint32(20, true),
      uid: data.getUint32(24, true),
      gid: data.getUint32(28, true),
      size: Number(data.getBigInt64(48, true)),
      blocks: Number(data.getBigInt64(64, true)),
      mtime: Number(data.getBigInt64(88, true)),
    };
  }

  private place(value: string | Uint8Array): number {
    const bytes = typeof value === 'string' ? latin1Bytes(`${value}\0`) : value;
    const at = this.memory + this.next;
    while (this.task.mm!.copyOut(at, bytes) === NOT_RESIDENT);
    this.next += (bytes.length + 15) & ~15;
    return at;
  }
}

function parse(bytes: Uint8Array): Entry[] {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; at += data.getUint16(at + 16, true)) {
    const end = bytes.indexOf(0, at + 19);
    entries.push({ name: latin1Text(bytes.subarray(at + 19, end)), ino: Number(data.getBigUint64(at, true)), type: bytes[at + 18]! });
  }
  return entries;
}
