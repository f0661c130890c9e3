/** Processes of the per-user engine as this terminal sees them. */

import type { EngineClient } from '../engine/docker/client.ts';
import type { Connection } from '../engine/docker/http.ts';
import { demultiplex } from '../engine/docker/multiplex.ts';
import { connectEngine, findEngine } from '../hosts/node/engine_client.ts';
import { type ContainerOptions, HolmError } from '../hosts/node/index.ts';
import { type AttachedProcess, connect } from './connect.ts';

/** What tells this build of the program from others: the name of the bundle holds a digest of its content. */
export const build: string = import.meta.url.replace(/^.*\//, '');

/** The engine, started if need be. */
export const openClient = (): Promise<EngineClient> => connectEngine({ build, command: [process.argv[1]!, 'engine', 'serve'] });

/** The engine if it runs. Throws ENOCONTAINER about the first of the names otherwise: without an engine there are no containers. */
export async function runningClient(name?: string): Promise<EngineClient> {
  const client = await findEngine();
  if (client !== null) return client;
  throw new HolmError('ENOCONTAINER', name === undefined ? 'the engine does not run' : `no container is called "${name}"`);
}

interface RemoteControls {
  kill(signal: string): Promise<void>;
  resize(rows: number, columns: number): Promise<void>;
}

/** The process at the other end of a connection. What is asked of one that has just ended is nobody's failure. */
export function remoteProcess({ readable, writable }: Connection, tty: boolean, controls: RemoteControls): AttachedProcess {
  const { stdout, stderr } = tty ? { stdout: readable, stderr: new ReadableStream<Uint8Array>() } : demultiplex(readable);
  return {
    stdin: writable,
    stdout,
    stderr,
    kill: (signal) => void controls.kill(signal).catch(() => undefined),
    resize: (rows, columns) => void controls.resize(rows, columns).catch(() => undefined),
  };
}

export interface AttachFlags {
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly detachKeys?: string;
  /** Hand signals on to the process. */
  readonly signals?: boolean;
}

/**
 * Attach to a container, let `begin` start it if need be, and stay until it ends or the user leaves it: its exit status, 0 when left.
 * `ended` is asked for the status.
 */
export async function follow(
  client: EngineClient,
  id: string,
  flags: AttachFlags,
  begin: () => Promise<void>,
  ended: () => Promise<number>,
): Promise<number> {
  const { stdin, tty, detachKeys } = flags;
  const connection = await client.attach(id, { stdin, ...(detachKeys !== undefined && { detachKeys }) });
  const guest = remoteProcess(connection, tty, {
    kill: (signal) => client.kill(id, signal),
    resize: (rows, columns) => client.resize(id, rows, columns),
  });
  const disconnect = await connect(guest, flags);
  try {
    await begin();
  } catch (error) {
    await connection.writable.abort().catch(() => undefined);
    throw error;
  } finally {
    await disconnect();
  }
  const left = await client.inspect(id).then(
    ({ State }) => State.Running,
    () => false,
  );
  if (!left) return ended();
  process.stderr.write(`\r\nholm: the container runs on: "holm attach ${id.slice(0, 12)}" comes back to it\n`);
  return 0;
}

/** `holm run` by the engine. */
export async function runRemote(
  options: ContainerOptions,
  flags: { readonly rm: boolean; readonly detach: boolean; readonly detachKeys?: string },
): Promise<number> {
  const client = await openClient();
  const id = await client.create(options, flags.rm);
  if (flags.detach) {
    await client.start(id);
    console.log(id);
    return 0;
  }
  const removed = flags.rm ? client.wait(id, 'removed') : null;
  removed?.catch(() => undefined);
  const { stdin = false, tty = false } = options;
  const attached = { stdin, tty, ...(flags.detachKeys !== undefined && { detachKeys: flags.detachKeys }) };
  return follow(
    client,
    id,
    attached,
    () => client.start(id),
    () => removed ?? client.wait(id),
  );
}
