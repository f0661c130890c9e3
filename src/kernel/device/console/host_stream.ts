/** The kernel's end of a host stream: bytes that come from it and bytes that go to it, by name. */

import { EPIPE } from '../../../abi/errno.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { Pipe, PipeSink } from '../../fs/pipefs/pipe.ts';
import type { Kernel } from '../../kernel.ts';
import { IovIter } from '../../vfs/iov_iter.ts';
import type { Tty } from '../tty/tty.ts';
import { HostTerminal } from './host_terminal.ts';

/** Input that arrives before anyone has opened the stream. */
const MAX_PENDING = 65536;

const NOTHING = new Uint8Array(0);

/** What input is given to: a pipe for plain streams, a terminal for `-t`. */
export class HostStream implements PipeSink {
  readonly name: string;
  /** Open ends in the kernel. */
  input: Pipe | null = null;
  output: Pipe | null = null;
  tty: Tty | null = null;
  /** The host sends nothing any more. */
  ended = false;
  /** The size of the host's terminal, for a terminal that is opened later. */
  rows = 0;
  columns = 0;
  /** Input for whoever opens the stream. */
  private pending: Uint8Array = NOTHING;
  private readonly kernel: Kernel;

  constructor(kernel: Kernel, name: string) {
    this.kernel = kernel;
    this.name = name;
  }

  /** Bytes from the host: how many were taken, or -EPIPE when nobody will ever read them. */
  receive(bytes: Uint8Array): number {
    if (this.ended) return -EPIPE;
    if (this.tty !== null) return this.tty.receive(bytes, this.kernel.clock.monotonic());
    if (this.input === null) return this.keep(bytes);
    if (this.input.readers === 0) return -EPIPE;
    const iter = IovIter.kernel(bytes);
    this.input.add(iter, this.input.payer, false);
    return iter.moved;
  }

  /** No more input: end of file for a pipe; a terminal does not notice. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.pending.length > 0) return;
    this.closeInput();
  }

  /** The stream was opened: hand over what came before. */
  deliver(): void {
    const ended = this.ended;
    this.ended = false;
    const taken = Math.max(0, this.receive(this.pending));
    this.ended = ended;
    this.pending = taken === this.pending.length ? NOTHING : this.pending.slice(taken);
    if (ended) this.closeInput();
  }

  /** Move bytes of the output pipe to the host. */
  drain(pipe: Pipe): boolean {
    const host = this.kernel.platform.console(this.name);
    if (host === null) {
      this.abandon(pipe);
      return false;
    }
    const wasFull = pipe.full;
    while (!pipe.empty) {
      const { frame, offset, length } = pipe.at(0);
      const at = frame * FRAME_SIZE + offset;
      const taken = host.write(this.kernel.platform.machine.ram.views.u8.subarray(at, at + length));
      if (taken < 0) {
        this.abandon(pipe);
        return false;
      }
      if (taken > 0) pipe.consume(taken);
      if (taken < length) break;
    }
    if (wasFull && !pipe.full) pipe.writable.wakeAll();
    return true;
  }

  /** The host has room again, or has gone away. */
  ready(): void {
    this.tty?.outputReady();
    if (this.output !== null) this.drain(this.output);
  }

  /** The size of the host's terminal. */
  resize(rows: number, columns: number): void {
    this.rows = rows;
    this.columns = columns;
    this.tty?.resize(rows, columns);
  }

  /** Bytes that the host has not taken yet. */
  get unsent(): number {
    return (this.output?.length ?? 0) + (this.tty?.unsent ?? 0);
  }

  /** The host's end is gone for good. */
  hangup(): void {
    this.end();
    if (this.tty?.peer instanceof HostTerminal) this.tty.peer.end(this.tty);
    if (this.output !== null) this.abandon(this.output);
  }

  private abandon(pipe: Pipe): void {
    this.output = null;
    pipe.sink = null;
    pipe.close(true, false);
  }

  private closeInput(): void {
    this.input?.close(false, true);
    this.input = null;
  }

  private keep(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, MAX_PENDING - this.pending.length);
    const joined = new Uint8Array(this.pending.length + count);
    joined.set(this.pending);
    joined.set(bytes.subarray(0, count), this.pending.length);
    this.pending = joined;
    return count;
  }
}
