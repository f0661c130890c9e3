/** GET /containers/{id}/logs: what was printed, and what will be. See docker-logs(1). */

import { HolmError } from '../error.ts';
import type { ApiReply, ApiRequest } from './http.ts';
import { type LogEntry, type LogQuery, matches, readLog, render } from './log.ts';
import type { ManagedContainer } from './managed_container.ts';
import { frame } from './multiplex.ts';
import { flag } from './route.ts';

const RAW = 'application/vnd.docker.raw-stream';
const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';

/** Milliseconds of a time stamp in seconds, with a fraction if need be. */
function timeOf(text: string | null, unlessTold: number): number {
  if (text === null || text === '' || text === '0') return unlessTold;
  const seconds = Number(text);
  if (!Number.isFinite(seconds)) throw new HolmError('EOPTION', `invalid time "${text}": seconds since 1970 are wanted`);
  return seconds * 1000;
}

function queryOf({ query }: ApiRequest): LogQuery {
  const tail = query.get('tail');
  return {
    stdout: flag(query, 'stdout'),
    stderr: flag(query, 'stderr'),
    since: timeOf(query.get('since'), 0),
    until: timeOf(query.get('until'), Number.POSITIVE_INFINITY),
    tail: tail === null || tail === '' || tail === 'all' ? Number.POSITIVE_INFINITY : Math.max(0, Number(tail) || 0),
    timestamps: flag(query, 'timestamps'),
  };
}

export async function streamLog(managed: ManagedContainer, request: ApiRequest): Promise<ApiReply> {
  const query = queryOf(request);
  const follow = flag(request.query, 'follow');
  if (!query.stdout && !query.stderr) throw new HolmError('EOPTION', 'you must choose at least one stream');
  const tty = managed.container.options.tty ?? false;
  const encode = (entry: LogEntry): Uint8Array => (tty ? render(query, entry) : frame(entry.stream, render(query, entry)));
  let stop: () => void = () => undefined;
  const stream = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      // New entries wait until the old ones are through.
      const waiting: LogEntry[] = [];
      let live = false;
      const send = (entry: LogEntry): void => {
        if (matches(query, entry)) controller.enqueue(encode(entry));
      };
      if (follow) stop = managed.follow((entry) => (live ? send(entry) : waiting.push(entry)));
      try {
        const known = new Set<LogEntry>();
        for (const entry of await readLog(managed.log, query)) {
          controller.enqueue(encode(entry));
          known.add(entry);
        }
        live = true;
        for (const entry of waiting) send(entry);
        if (follow && managed.state === 'running') await Promise.race([managed.wait('not-running'), aborted(request.signal)]);
      } finally {
        stop();
        controller.close();
      }
    },
    cancel: () => stop(),
  });
  return { status: 200, stream, contentType: tty ? RAW : MULTIPLEXED };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
