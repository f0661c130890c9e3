/** A process that the engine started in a container, seen from the host: its streams, its signals, its end. */

import type { Kernel, RuntimeProcess } from '../kernel/api/index.ts';
import { signalNumber } from './signals.ts';
import { OutputStream } from './streams.ts';

/** How a process ended. `code` is what a shell would report: 128 + the signal's number when a signal ended it. */
export interface Exit {
  readonly code: number;
  /** The number of the signal, or null. */
  readonly signal: number | null;
  /** The memory limit was exceeded. */
  readonly outOfMemory: boolean;
}

const STDIN_CHUNK = 65536;

export class GuestProcess {
  /** Name of its streams in the kernel's console table: `<id>:stdin`, `<id>:stdout`, `<id>:stderr` or `<id>:tty`. */
  readonly id: string;
  readonly tty: boolean;
  /** Bytes; a write is done when the process has room for them. Closing it is end of file. */
  get stdin(): WritableStream<Uint8Array> {
    const name = this.tty ? `${this.id}:tty` : `${this.id}:stdin`;
    this.input ??= new WritableStream<Uint8Array>({
      write: (chunk) => this.write(name, chunk),
      close: () => this.endInput(name),
      abort: () => this.endInput(name),
    });
    return this.input;
  }
  /** Bytes as they come. Not read, it fills up, and the process sleeps in its next write; canceled, its next write is SIGPIPE. */
  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.outputs.get(this.tty ? `${this.id}:tty` : `${this.id}:stdout`)!.readable;
  }
  /** Empty when the process has a terminal. */
  get stderr(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.outputs.get(`${this.id}:stderr`)!.readable;
  }
  /** Never rejects. */
  readonly exited: Promise<Exit>;
  readonly outputs: ReadonlyMap<string, OutputStream>;
  private input: WritableStream<Uint8Array> | null = null;
  private readonly kernel: Kernel;
  private readonly poke: () => void;
  private resolveExit: (exit: Exit) => void = () => undefined;
  private runtime: RuntimeProcess | null = null;
  private size: readonly [number, number] | null = null;
  private roomWaiters: (() => void)[] = [];
  private ended = false;
  private abandoned = false;
  /** Its streams are gone. */
  private closed = false;

  constructor(id: string, options: { readonly tty: boolean; readonly stdin: boolean }, kernel: Kernel, poke: () => void) {
    this.id = id;
    this.tty = options.tty;
    this.kernel = kernel;
    this.poke = poke;
    const output = (name: string): OutputStream =>
      new OutputStream(() => {
        kernel.consoleReady(name);
        poke();
      });
    const first = options.tty ? `${id}:tty` : `${id}:stdout`;
    const stderr = output(`${id}:stderr`);
    this.outputs = new Map([
      [first, output(first)],
      [`${id}:stderr`, stderr],
    ]);
    if (options.tty) stderr.end();
    this.exited = new Promise((resolve) => {
      this.resolveExit = resolve;
    });
    if (!options.stdin && !options.tty) this.endInput(`${id}:stdin`);
  }

  /** Send a signal, by name or number. Nothing happens when the process has ended. */
  kill(signal: string | number): void {
    this.runtime?.kill(signalNumber(signal));
    this.poke();
  }

  /** Change the terminal's size, in characters; the process gets SIGWINCH. */
  resize(rows: number, columns: number): void {
    this.size = [rows, columns];
    if (this.tty) this.kernel.consoleResize(`${this.id}:tty`, rows, columns);
    this.poke();
  }

  /** Bind the started process. */
  started(runtime: RuntimeProcess): void {
    this.runtime = runtime;
    if (this.size !== null) this.resize(...this.size);
  }

  /** Look whether the process has ended and its output is through; called after every slice. True when it has and is. */
  check(): boolean {
    for (const waiter of this.roomWaiters.splice(0)) waiter();
    const status = this.runtime?.exitStatus() ?? null;
    if (status !== null) {
      const signal = status & 0x7f;
      this.end({
        code: signal === 0 ? (status >> 8) & 0xff : 128 + signal,
        signal: signal === 0 ? null : signal,
        outOfMemory: this.runtime!.outOfMemory,
      });
    }
    if (!this.ended) return false;
    // What was written last may wait in the kernel until the host has room.
    if (!this.abandoned && [...this.outputs.keys()].some((name) => this.kernel.consoleUnsent(name) > 0)) return false;
    this.close();
    return true;
  }

  /** The process never came to be. */
  finish(exit: Exit): void {
    this.end(exit);
    this.abandon();
  }

  /** Nobody waits for output that is still in the kernel. */
  abandon(): void {
    this.abandoned = true;
    if (this.runtime === null) this.close();
    else this.poke();
  }

  private end(exit: Exit): void {
    if (this.ended) return;
    this.ended = true;
    for (const waiter of this.roomWaiters.splice(0)) waiter();
    this.resolveExit(exit);
  }

  private close(): void {
    this.closed = true;
    for (const [name, output] of this.outputs) {
      output.end();
      this.kernel.consoleForget(name);
    }
    if (!this.tty) this.kernel.consoleForget(`${this.id}:stdin`);
  }

  private async write(name: string, chunk: Uint8Array): Promise<void> {
    let at = 0;
    while (at < chunk.length && !this.ended && !this.closed) {
      const taken = this.kernel.consoleInput(name, chunk.subarray(at, at + STDIN_CHUNK));
      this.poke();
      if (taken < 0) return;
      at += taken;
      if (at < chunk.length) await new Promise<void>((resume) => this.roomWaiters.push(resume));
    }
  }

  private endInput(name: string): void {
    if (this.closed) return;
    this.kernel.consoleEnd(name);
    this.poke();
  }
}
