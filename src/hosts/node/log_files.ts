/** Containers' logs in files: a line of JSON for each entry. */

import { appendFileSync, createReadStream, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LogEntry, LogStore } from '../../engine/docker/log.ts';

/** An entry as it is kept: the stream's number, the time, the bytes one char each. */
type Line = readonly [LogEntry['stream'], number, string];

export function openLogFile(folder: string, container: string): LogStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${container}.log`);
  return {
    append: (entries) => {
      if (entries.length === 0) return;
      const lines = entries.map(({ stream, time, data }) =>
        JSON.stringify([stream, time, Buffer.from(data).toString('latin1')] satisfies Line),
      );
      try {
        appendFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
      } catch {
        // A full disk costs the log, not the container.
      }
    },
    read: async function* () {
      if (!existsSync(path)) return;
      for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
        const [stream, time, data] = JSON.parse(text) as Line;
        yield { stream, time, data: Buffer.from(data, 'latin1') };
      }
    },
    remove: () => rmSync(path, { force: true }),
  };
}
