/** The per-user engine: serves its HTTP interface on a unix socket, and ends when it has nothing to do. */

import { linkSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ApiReply, ApiRequest } from '../../engine/docker/http.ts';
import { chunksOf } from '../../engine/docker/multiplex.ts';
import { EngineServer } from '../../engine/docker/server.ts';
import { API_VERSION } from '../../engine/docker/system_routes.ts';
import { HolmError } from '../../engine/error.ts';
import { engineSocket, stateDirectory } from './engine_socket.ts';
import { createEngine } from './index.ts';
import { openLogFile } from './log_files.ts';
import { connectionOf } from './socket_streams.ts';

export interface ServeOptions {
  readonly version: string;
  readonly build: string;
  /** Seconds without containers and connections after which it ends; Infinity for never. */
  readonly idle: number;
}

const VERSION_PREFIX = /^\/v\d+\.\d+(?=\/)/;
const UPGRADED = 'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n';

/** Serve until told to end, or idle. Throws ECONFLICT when another engine listens already. */
export async function serve(options: ServeOptions): Promise<void> {
  const socketPath = engineSocket();
  const logs = join(stateDirectory(), 'containers');
  // Containers end with their engine: what is left of logs is nobody's.
  rmSync(logs, { recursive: true, force: true });
  await using engine = await createEngine();
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const api = new EngineServer(engine, {
    version: options.version,
    build: options.build,
    openLog: (container) => openLogFile(logs, container),
    shutdown: () => server.once('answered', end),
  });
  const server = createServer((request, response) => void answer(api, request, response).then(() => server.emit('answered')));
  server.on('upgrade', (request, socket, head) => void answerUpgrade(api, request, socket as Socket, head));
  server.requestTimeout = 0;
  await listen(server, socketPath);
  const watch = watchIdle(server, api, options.idle, end);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end);
  try {
    await ended;
  } finally {
    clearInterval(watch);
    rmSync(socketPath, { force: true });
    server.close();
    server.closeAllConnections();
  }
}

/** Listen under a name of our own first, so that the socket appears under its real one only when it answers. */
async function listen(server: Server, path: string): Promise<void> {
  const own = `${path}.${process.pid}`;
  rmSync(own, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(own, resolve);
  });
  for (let tries = 0; ; tries++) {
    try {
      linkSync(own, path);
      rmSync(own);
      return;
    } catch (error) {
      const lost = (error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === 2 || (await answers(path));
      if (lost) {
        server.close();
        throw new HolmError('ECONFLICT', `an engine listens at ${path} already`);
      }
      rmSync(path, { force: true });
    }
  }
}

/** Whether somebody accepts connections at a socket. */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const CHECK = 1000; // milliseconds between looks at whether there is something to do

function watchIdle(server: Server, api: EngineServer, seconds: number, onIdle: () => void): NodeJS.Timeout {
  let since = Date.now();
  return setInterval(() => {
    server.getConnections((_, connections) => {
      if (connections > 0 || api.containers > 0) since = Date.now();
      else if (Date.now() - since >= seconds * 1000) onIdle();
    });
  }, CHECK);
}

async function readJson(chunks: AsyncIterable<Uint8Array>): Promise<unknown> {
  const parts: Uint8Array[] = [];
  for await (const part of chunks) parts.push(part);
  const text = Buffer.concat(parts).toString();
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new HolmError('EINVAL', 'the body of the request is not JSON');
  }
}

function apiRequest(message: IncomingMessage, socket: Socket, more: Pick<ApiRequest, 'json' | 'upgrade'>): ApiRequest {
  const url = new URL(message.url ?? '/', 'http://engine');
  const abort = new AbortController();
  socket.once('close', () => abort.abort());
  return {
    method: message.method ?? 'GET',
    path: url.pathname.replace(VERSION_PREFIX, ''),
    query: url.searchParams,
    signal: abort.signal,
    ...more,
  };
}

const headers = ({ stream, contentType }: ApiReply): Record<string, string> => ({
  'Content-Type': contentType ?? (stream === undefined ? 'application/json' : 'application/octet-stream'),
  'Api-Version': API_VERSION,
  Server: 'Holm',
});

async function answer(api: EngineServer, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const request = apiRequest(message, message.socket, { json: () => readJson(message), upgrade: () => null });
  const reply = (await api.handle(request))!;
  response.writeHead(reply.status, headers(reply));
  response.flushHeaders();
  if (reply.stream === undefined) {
    const text = reply.json === undefined ? '' : JSON.stringify(reply.json);
    return new Promise((resolve) => response.once('close', resolve).end(text, resolve));
  }
  for await (const chunk of chunksOf(reply.stream)) {
    if (request.signal.aborted) break;
    if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
  }
  response.end();
}

/** Requests that want to leave HTTP: their body, if there is one, is at the beginning of what follows the headers. */
async function answerUpgrade(api: EngineServer, message: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
  socket.on('error', () => undefined);
  let rest: Buffer = head;
  const body = async function* (): AsyncGenerator<Uint8Array> {
    const length = Number(message.headers['content-length'] ?? 0);
    while (rest.length < length) {
      const more = await new Promise<Buffer | null>((resolve) => {
        socket.once('data', resolve).once('close', () => resolve(null));
      });
      if (more === null) return;
      rest = Buffer.concat([rest, more]);
    }
    socket.pause();
    yield rest.subarray(0, length);
    rest = rest.subarray(length);
  };
  const request = apiRequest(message, socket, {
    json: () => readJson(body()),
    upgrade: (contentType) => {
      socket.write(`${UPGRADED}Content-Type: ${contentType}\r\n\r\n`);
      return connectionOf(socket, rest);
    },
  });
  const reply = await api.handle(request);
  if (reply === null) return;
  const text = reply.json === undefined ? '' : JSON.stringify(reply.json);
  const lines = Object.entries({ ...headers(reply), 'Content-Length': String(Buffer.byteLength(text)), Connection: 'close' });
  socket.end(`HTTP/1.1 ${reply.status} -\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`);
}
