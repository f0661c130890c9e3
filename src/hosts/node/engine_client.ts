/** Reaches the engine of this user over its unix socket, and starts it if it does not run. */

import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { request as httpRequest, type RequestOptions } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineClient } from '../../engine/docker/client.ts';
import type { Connection, Transport, TransportReply } from '../../engine/docker/http.ts';
import { API_VERSION } from '../../engine/docker/system_routes.ts';
import { HolmError } from '../../engine/error.ts';
import { engineSocket, stateDirectory } from './engine_socket.ts';
import { connectionOf, streamOf } from './socket_streams.ts';

const START_MS = 15_000;
const POLL_MS = 10;

/** Nobody listens. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED']);

class SocketTransport implements Transport {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<TransportReply> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(this.options(method, path, body, signal), (response) => {
        resolve({ status: response.statusCode ?? 500, body: streamOf(response) });
      });
      request.once('error', (error) => reject(this.explain(error)));
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  upgrade(method: string, path: string, body?: unknown): Promise<Connection | TransportReply> {
    return new Promise((resolve, reject) => {
      const { headers, ...options } = this.options(method, path, body);
      const request = httpRequest({ ...options, headers: { ...headers, Connection: 'Upgrade', Upgrade: 'tcp' } });
      request.once('upgrade', (_, socket, head) => resolve(connectionOf(socket as Socket, head)));
      request.once('response', (response) => resolve({ status: response.statusCode ?? 500, body: streamOf(response) }));
      request.once('error', (error) => reject(this.explain(error)));
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  private options(method: string, path: string, body: unknown, signal?: AbortSignal): RequestOptions {
    const headers =
      body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(JSON.stringify(body)) };
    return { socketPath: this.path, method, path: `/v${API_VERSION}${path}`, headers, agent: false, ...(signal && { signal }) };
  }

  private explain(error: NodeJS.ErrnoException): Error {
    if (ABSENT.has(error.code ?? '')) return new HolmError('EINTERNAL', 'the engine does not run');
    return new HolmError('EINTERNAL', `the connection to the engine was lost: ${error.message}`, { cause: error });
  }
}

export interface StartOptions {
  /** What tells this build of the program from others. */
  readonly build: string;
  /** The program that serves: arguments for this Node. */
  readonly command: readonly string[];
}

/** A client of the engine if one runs; null otherwise. */
export async function findEngine(): Promise<EngineClient | null> {
  const client = new EngineClient(new SocketTransport(engineSocket()));
  return (await client.version().catch(() => null)) === null ? null : client;
}

/** A client of the engine, which is started if need be. One of another build is replaced when it has no containers. */
export async function connectEngine(options: StartOptions): Promise<EngineClient> {
  const client = new EngineClient(new SocketTransport(engineSocket()));
  const running = await client.version().catch(() => null);
  if (running !== null && (running.Build === options.build || running.Containers > 0)) return client;
  if (running !== null) {
    await client.shutdown();
    for (const end = Date.now() + START_MS; Date.now() < end && (await client.version().catch(() => null)) !== null; ) await delay(POLL_MS);
  }
  return start(client, options);
}

async function start(client: EngineClient, { command }: StartOptions): Promise<EngineClient> {
  const folder = stateDirectory();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'engine.log');
  const log = openSync(path, 'w', 0o600);
  const child = spawn(process.execPath, command, { cwd: '/', detached: true, stdio: ['ignore', log, log] });
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.unref();
  for (const end = Date.now() + START_MS; Date.now() < end; ) {
    if ((await client.version().catch(() => null)) !== null) return client;
    // Another command may have started one at the same moment: its engine answers soon.
    if (ended) await delay(10 * POLL_MS);
    await delay(POLL_MS);
  }
  throw new HolmError('EINTERNAL', `the engine cannot be started: see ${path}`);
}
