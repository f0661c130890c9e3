/** The client's side of the HTTP interface. */

import { type ErrorCode, HolmError } from '../error.ts';
import type { ContainerOptions, ProcessOptions } from '../options.ts';
import { type HostConfigJson, optionsToJson } from './container_config.ts';
import type { ContainerSummary } from './describe.ts';
import type { Connection, Transport, TransportReply } from './http.ts';
import { chunksOf } from './multiplex.ts';
import type { ContainerStats } from './stats.ts';

interface ErrorJson {
  readonly message?: string;
  readonly code?: ErrorCode;
  readonly exitCode?: number;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

const path = (base: string, query: Query = {}): string => {
  const parameters = Object.entries(query).filter(([, value]) => value !== undefined && value !== false);
  if (parameters.length === 0) return base;
  return `${base}?${parameters.map(([name, value]) => `${name}=${value === true ? 1 : encodeURIComponent(String(value))}`).join('&')}`;
};

const container = (name: string): string => `/containers/${encodeURIComponent(name)}`;

export interface EngineVersion {
  readonly Version: string;
  readonly Build: string;
  readonly ApiVersion: string;
  readonly Running: number;
  readonly Containers: number;
}

/** What we read of GET /containers/{id}/json. */
export interface ContainerDetails {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Status: string; readonly Running: boolean; readonly ExitCode: number; readonly Error: string };
  readonly Config: { readonly Tty: boolean; readonly OpenStdin: boolean };
}

export interface LogOptions {
  readonly follow?: boolean;
  readonly timestamps?: boolean;
  readonly tail?: string;
  readonly since?: string;
  readonly until?: string;
}

export interface AttachRequest {
  readonly stdin: boolean;
  readonly detachKeys?: string;
}

export class EngineClient {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  version(): Promise<EngineVersion> {
    return this.call('GET', '/version');
  }

  async shutdown(): Promise<void> {
    await this.call('POST', '/shutdown');
  }

  list(
    options: { readonly all?: boolean; readonly limit?: number; readonly filters?: Record<string, string[]> } = {},
  ): Promise<ContainerSummary[]> {
    const { all, limit, filters } = options;
    return this.call('GET', path('/containers/json', { all, limit, filters: filters && JSON.stringify(filters) }));
  }

  /** The id of the new container. */
  async create(options: ContainerOptions, autoRemove: boolean): Promise<string> {
    const json = optionsToJson(options, autoRemove);
    return (await this.call<{ Id: string }>('POST', path('/containers/create', { name: options.name }), json)).Id;
  }

  inspect(name: string): Promise<ContainerDetails> {
    return this.call('GET', `${container(name)}/json`);
  }

  async start(name: string): Promise<void> {
    await this.call('POST', `${container(name)}/start`);
  }

  async stop(name: string, seconds?: number): Promise<void> {
    await this.call('POST', path(`${container(name)}/stop`, { t: seconds }));
  }

  async restart(name: string, seconds?: number): Promise<void> {
    await this.call('POST', path(`${container(name)}/restart`, { t: seconds }));
  }

  async kill(name: string, signal?: string): Promise<void> {
    await this.call('POST', path(`${container(name)}/kill`, { signal }));
  }

  async pause(name: string): Promise<void> {
    await this.call('POST', `${container(name)}/pause`);
  }

  async unpause(name: string): Promise<void> {
    await this.call('POST', `${container(name)}/unpause`);
  }

  stats(name: string): Promise<ContainerStats> {
    return this.call('GET', path(`${container(name)}/stats`, { 'one-shot': true }));
  }

  /** Limits as HostConfig has them. */
  async update(name: string, limits: HostConfigJson): Promise<void> {
    await this.call('POST', `${container(name)}/update`, limits);
  }

  async rename(name: string, to: string): Promise<void> {
    await this.call('POST', path(`${container(name)}/rename`, { name: to }));
  }

  async remove(name: string, force: boolean): Promise<void> {
    await this.call('DELETE', path(container(name), { force }));
  }

  /** The exit status, when the condition is met. */
  async wait(name: string, condition: 'not-running' | 'next-exit' | 'removed' = 'not-running'): Promise<number> {
    return (await this.call<{ StatusCode: number }>('POST', path(`${container(name)}/wait`, { condition }))).StatusCode;
  }

  attach(name: string, { stdin, detachKeys }: AttachRequest): Promise<Connection> {
    return this.upgrade(path(`${container(name)}/attach`, { stream: true, stdin, stdout: true, stderr: true, detachKeys }));
  }

  async resize(name: string, rows: number, columns: number): Promise<void> {
    await this.call('POST', path(`${container(name)}/resize`, { h: rows, w: columns }));
  }

  async logs(name: string, options: LogOptions): Promise<ReadableStream<Uint8Array>> {
    const reply = await this.send('GET', path(`${container(name)}/logs`, { stdout: true, stderr: true, ...options }));
    return reply.body;
  }

  top(name: string, psArguments: string): Promise<{ readonly Titles: string[]; readonly Processes: string[][] }> {
    return this.call('GET', path(`${container(name)}/top`, { ps_args: psArguments || undefined }));
  }

  /** The id of a command that can be started. */
  async createExec(name: string, argv: readonly string[], options: ProcessOptions & { readonly detachKeys?: string }): Promise<string> {
    const { env = {}, user, workdir, tty, stdin, privileged, detachKeys } = options;
    return (
      await this.call<{ Id: string }>('POST', `${container(name)}/exec`, {
        Cmd: argv,
        Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
        User: user ?? '',
        WorkingDir: workdir ?? '',
        Tty: tty ?? false,
        AttachStdin: stdin ?? false,
        AttachStdout: true,
        AttachStderr: true,
        Privileged: privileged ?? false,
        DetachKeys: detachKeys ?? '',
      })
    ).Id;
  }

  startExec(id: string): Promise<Connection> {
    return this.upgrade(`/exec/${id}/start`, { Detach: false });
  }

  async startExecDetached(id: string): Promise<void> {
    await this.call('POST', `/exec/${id}/start`, { Detach: true });
  }

  async resizeExec(id: string, rows: number, columns: number): Promise<void> {
    await this.call('POST', path(`/exec/${id}/resize`, { h: rows, w: columns }));
  }

  inspectExec(id: string): Promise<{ readonly Running: boolean; readonly ExitCode: number | null }> {
    return this.call('GET', `/exec/${id}/json`);
  }

  private async call<T>(method: string, where: string, body?: unknown): Promise<T> {
    const { body: reply } = await this.send(method, where, body);
    const text = await textOf(reply);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  private async send(method: string, where: string, body?: unknown): Promise<TransportReply> {
    const reply = await this.transport.request(method, where, body);
    if (reply.status >= 400) throw await failure(reply);
    return reply;
  }

  private async upgrade(where: string, body?: unknown): Promise<Connection> {
    const reply = await this.transport.upgrade('POST', where, body);
    if (!('status' in reply)) return reply;
    throw await failure(reply);
  }
}

async function textOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunksOf(body)) text += decoder.decode(chunk, { stream: true });
  return text;
}

async function failure({ status, body }: TransportReply): Promise<HolmError> {
  const text = await textOf(body);
  let json: ErrorJson = {};
  try {
    json = JSON.parse(text) as ErrorJson;
  } catch {
    // Not an answer of our engine: shown as it is.
  }
  const options = json.exitCode === undefined ? {} : { exitCode: json.exitCode };
  return new HolmError(json.code ?? 'EINTERNAL', json.message ?? `the engine answers ${status}: ${text}`, options);
}
