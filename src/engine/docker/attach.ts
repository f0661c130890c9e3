/** Connects a client to the streams of a process. */

import type { GuestProcess } from '../guest_process.ts';
import type { ApiRequest, Connection } from './http.ts';
import { copyInput, type InputOptions } from './input.ts';
import { connectionSink, type OutputHub } from './output_hub.ts';

const RAW = 'application/vnd.docker.raw-stream';
const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';

export interface AttachOptions extends InputOptions {
  readonly stdin: boolean;
  readonly streams: ReadonlySet<number>;
}

/** Take the request's connection over; null when it is not to be had. */
export const takeConnection = (request: ApiRequest, tty: boolean): Connection | null => request.upgrade(tty ? RAW : MULTIPLEXED);

/** Connect until the output ends, or the client leaves: by its keys, or by going away. */
export async function attach(connection: Connection, process: GuestProcess, hub: OutputHub, options: AttachOptions): Promise<void> {
  const writer = connection.writable.getWriter();
  const detach = hub.attach(connectionSink(writer, process.tty, options.streams));
  const left = new Promise<void>((resolve) => {
    if (options.stdin) void copyInput(connection.readable, process, options).then((keys) => (keys ? resolve() : undefined));
    writer.closed.then(resolve, () => resolve());
  });
  await Promise.race([hub.done, left]);
  detach();
  await writer.close().catch(() => undefined);
}
