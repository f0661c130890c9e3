/** What a container has printed, kept line by line. See docker-logs(1). */

import { concat } from '../streams.ts';
import { type STDERR, STDOUT } from './multiplex.ts';

export interface LogEntry {
  readonly stream: typeof STDOUT | typeof STDERR;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** A line with its newline, or a part of one. */
  readonly data: Uint8Array;
}

/** Where the host keeps the entries of one container. */
export interface LogStore {
  append(entries: readonly LogEntry[]): void;
  read(): AsyncIterable<LogEntry>;
  /** Forget them. */
  remove(): void;
}

/** Longer lines are kept in parts. */
const LINE_MAX = 16384;
const NEWLINE = 10;

/** Cuts what a stream prints into lines. */
export class LineSplitter {
  private readonly stream: LogEntry['stream'];
  private pending: Uint8Array[] = [];
  private length = 0;
  private since = 0;

  constructor(stream: LogEntry['stream']) {
    this.stream = stream;
  }

  push(chunk: Uint8Array, time: number): LogEntry[] {
    const entries: LogEntry[] = [];
    let from = 0;
    while (from < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = Math.min(newline < 0 ? chunk.length : newline + 1, from + LINE_MAX - this.length);
      if (this.length === 0) this.since = time;
      this.pending.push(chunk.slice(from, end));
      this.length += end - from;
      from = end;
      if (chunk[end - 1] === NEWLINE || this.length >= LINE_MAX) entries.push(...this.flush());
    }
    return entries;
  }

  /** What is left of a line without an end. */
  flush(): LogEntry[] {
    if (this.length === 0) return [];
    const entry = { stream: this.stream, time: this.since, data: concat(this.pending, this.length) };
    this.pending = [];
    this.length = 0;
    return [entry];
  }
}

export interface LogQuery {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly until: number;
  /** The last entries only; Infinity for all. */
  readonly tail: number;
  readonly timestamps: boolean;
}

export const matches = ({ stdout, stderr, since, until }: LogQuery, entry: LogEntry): boolean =>
  (entry.stream === STDOUT ? stdout : stderr) && entry.time >= since && entry.time <= until;

/** The bytes of an entry as they are shown. */
export function render({ timestamps }: Pick<LogQuery, 'timestamps'>, { time, data }: LogEntry): Uint8Array {
  if (!timestamps) return data;
  return concat([new TextEncoder().encode(`${new Date(time).toISOString().replace('Z', '000000Z')} `), data]);
}

/** Stored entries that a query asks for. */
export async function readLog(store: LogStore, query: LogQuery): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  if (query.tail === 0) return entries;
  for await (const entry of store.read()) {
    if (!matches(query, entry)) continue;
    entries.push(entry);
    if (entries.length > 2 * query.tail) entries.splice(0, entries.length - query.tail);
  }
  return query.tail === Number.POSITIVE_INFINITY ? entries : entries.slice(-query.tail);
}
