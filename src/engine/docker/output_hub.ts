/** A process's output for everybody who wants it: the log and any number of attached clients, the slowest of which sets the pace. */

import type { GuestProcess } from '../guest_process.ts';
import { LineSplitter, type LogEntry } from './log.ts';
import { chunksOf, frame, STDERR, STDOUT } from './multiplex.ts';

/** Whom output goes to. A promise that fails takes it off. */
export type Sink = (stream: typeof STDOUT | typeof STDERR, data: Uint8Array) => Promise<void>;

export class OutputHub {
  /** All output of the process has been handed on. */
  readonly done: Promise<void>;
  private readonly sinks: Set<Sink> = new Set();
  private readonly log: (entries: readonly LogEntry[]) => void;

  constructor(process: GuestProcess, log: (entries: readonly LogEntry[]) => void) {
    this.log = log;
    this.done = Promise.all([this.pump(process.stdout, STDOUT), this.pump(process.stderr, STDERR)]).then(() => undefined);
  }

  /** Start handing output to a sink; the result stops it. */
  attach(sink: Sink): () => void {
    this.sinks.add(sink);
    return () => this.sinks.delete(sink);
  }

  /** Hand something to the sinks that no process has written. */
  inject(stream: typeof STDOUT | typeof STDERR, data: Uint8Array): void {
    for (const sink of this.sinks) sink(stream, data).catch(() => this.sinks.delete(sink));
  }

  private async pump(source: ReadableStream<Uint8Array>, stream: typeof STDOUT | typeof STDERR): Promise<void> {
    const lines = new LineSplitter(stream);
    for await (const chunk of chunksOf(source)) {
      this.log(lines.push(chunk, Date.now()));
      await Promise.all([...this.sinks].map((sink) => sink(stream, chunk).catch(() => this.sinks.delete(sink))));
    }
    this.log(lines.flush());
  }
}

/** A sink that writes to a connection: frames, or the bytes as they are when there is a terminal. */
export function connectionSink(writer: WritableStreamDefaultWriter<Uint8Array>, tty: boolean, streams: ReadonlySet<number>): Sink {
  return async (stream, data) => {
    if (streams.has(stream)) await writer.write(tty ? data : frame(stream, data));
  };
}
