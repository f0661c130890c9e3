/** /containers of the HTTP interface. */

import { HolmError } from '../error.ts';
import { attach, takeConnection } from './attach.ts';
import { type ContainerJson, type HostConfigJson, limitsFromJson, optionsFromJson } from './container_config.ts';
import { type ContainerSummary, describe, summarize } from './describe.ts';
import type { ApiReply, ApiRequest } from './http.ts';
import { parseDetachKeys } from './input.ts';
import { streamLog } from './log_stream.ts';
import type { ManagedContainer, WaitCondition } from './managed_container.ts';
import { STDERR, STDOUT } from './multiplex.ts';
import type { Registry } from './registry.ts';
import { flag, NO_CONTENT, type Parameters, type Route, route } from './route.ts';
import { statsOf } from './stats.ts';
import { top } from './top.ts';

const DEFAULT_STOP_SECONDS = 10;
const NOT_UPGRADED: ApiReply = {
  status: 400,
  json: { message: 'attach wants the headers "Connection: Upgrade" and "Upgrade: tcp"', code: 'EINVAL' },
};

type Action = (container: ManagedContainer, request: ApiRequest, registry: Registry) => Promise<ApiReply | null> | ApiReply;

/** A route of one container. */
const one = (definition: string, action: Action): Route =>
  route(definition, (registry, request, [name = '']: Parameters) => action(registry.get(name), request, registry));

type Filters = Readonly<Record<string, readonly string[] | Readonly<Record<string, boolean>>>>;

const FILTERS: Readonly<Record<string, (row: ContainerSummary, value: string) => boolean>> = {
  id: ({ Id }, value) => Id.startsWith(value),
  name: ({ Names }, value) => Names[0]!.includes(value),
  status: ({ State }, value) => State === value,
  ancestor: ({ Image, ImageID }, value) => Image === value || ImageID.replace('sha256:', '').startsWith(value.replace('sha256:', '')),
  label: ({ Labels }, value) => {
    const [name = '', wanted] = value.split('=', 2);
    return name in Labels && (wanted === undefined || Labels[name] === wanted);
  },
  exited: ({ Status }, value) => Status.startsWith(`Exited (${value})`),
};

function list(registry: Registry, { query }: ApiRequest): ApiReply {
  const filters = JSON.parse(query.get('filters') || '{}') as Filters;
  const limit = Number(query.get('limit') ?? 0);
  const all = flag(query, 'all') || limit > 0 || 'status' in filters || 'exited' in filters;
  const wanted = Object.entries(filters).map(([name, values]) => {
    const test = FILTERS[name];
    if (test === undefined) throw new HolmError('EOPTION', `invalid filter "${name}"`);
    const list = Array.isArray(values) ? (values as string[]) : Object.keys(values);
    return (row: ContainerSummary): boolean => list.some((value) => test(row, value));
  });
  const rows = registry
    .list()
    .map(summarize)
    .filter((row) => (all || row.State === 'running' || row.State === 'paused') && wanted.every((test) => test(row)));
  return { status: 200, json: limit > 0 ? rows.slice(0, limit) : rows };
}

async function create(registry: Registry, request: ApiRequest): Promise<ApiReply> {
  const json = (await request.json()) as ContainerJson;
  const name = request.query.get('name');
  const managed = await registry.create(optionsFromJson(json, name || null), json.HostConfig?.AutoRemove ?? false, json.Strace ?? false);
  return { status: 201, json: { Id: managed.container.id, Warnings: [] } };
}

async function attachTo(managed: ManagedContainer, request: ApiRequest): Promise<ApiReply | null> {
  const { query } = request;
  const detachKeys = parseDetachKeys(query.get('detachKeys'));
  managed.rewind();
  const { process, options } = managed.container;
  const connection = takeConnection(request, process.tty);
  if (connection === null) return NOT_UPGRADED;
  const streams = new Set<number>();
  if (flag(query, 'stdout')) streams.add(STDOUT);
  if (flag(query, 'stderr')) streams.add(STDERR);
  const once = options.stdin ?? false;
  void attach(connection, process, managed.hub, { stdin: flag(query, 'stdin'), streams, detachKeys, once });
  return null;
}

async function stop(managed: ManagedContainer, seconds: number): Promise<ApiReply> {
  if (managed.container.state !== 'running') return { status: 304 };
  await managed.container.stop(seconds);
  await managed.wait('not-running');
  return NO_CONTENT;
}

const seconds = ({ query }: ApiRequest): number => Number(query.get('t') ?? DEFAULT_STOP_SECONDS);

export const containerRoutes: readonly Route[] = [
  route('GET /containers/json', list),
  route('POST /containers/create', create),
  one('GET /containers/{}/json', (managed) => ({ status: 200, json: describe(managed) })),
  one('POST /containers/{}/start', async (managed) => {
    if (managed.container.state === 'running') return { status: 304 };
    await managed.start();
    return NO_CONTENT;
  }),
  one('POST /containers/{}/stop', (managed, request) => stop(managed, seconds(request))),
  one('POST /containers/{}/restart', async (managed, request) => {
    await stop(managed, seconds(request));
    await managed.start();
    return NO_CONTENT;
  }),
  one('POST /containers/{}/kill', (managed, { query }) => {
    if (managed.container.state !== 'running')
      throw new HolmError('ECONFLICT', `cannot kill container ${managed.container.name}: it is not running`);
    managed.container.kill(query.get('signal') || 'SIGKILL');
    return NO_CONTENT;
  }),
  one('POST /containers/{}/pause', ({ container }) => {
    container.pause();
    return NO_CONTENT;
  }),
  one('POST /containers/{}/unpause', ({ container }) => {
    container.unpause();
    return NO_CONTENT;
  }),
  one('GET /containers/{}/stats', (managed, { query }, { engine }) => {
    if (!flag(query, 'one-shot')) throw new HolmError('EOPTION', 'only single samples are there: ask with one-shot=true');
    return { status: 200, json: statsOf(managed, engine.now()) };
  }),
  one('POST /containers/{}/update', async ({ container }, request) => {
    container.update(limitsFromJson((await request.json()) as HostConfigJson));
    return { status: 200, json: { Warnings: null } };
  }),
  one('POST /containers/{}/rename', (managed, { query }, registry) => {
    registry.engine.containers.rename(managed.container, query.get('name') ?? '');
    return NO_CONTENT;
  }),
  one('POST /containers/{}/wait', async (managed, { query }) => {
    const exit = await managed.wait((query.get('condition') || 'not-running') as WaitCondition);
    return { status: 200, json: { StatusCode: exit.code } };
  }),
  one('POST /containers/{}/attach', attachTo),
  one('POST /containers/{}/resize', (managed, { query }) => {
    managed.container.process.resize(Number(query.get('h')), Number(query.get('w')));
    return { status: 200 };
  }),
  one('GET /containers/{}/logs', (managed, request) => streamLog(managed, request)),
  one('GET /containers/{}/top', (managed, { query }, { engine }) => ({
    status: 200,
    json: top(managed.container.processes(), query.get('ps_args') ?? '', { monotonic: engine.now(), now: Date.now() }),
  })),
  one('DELETE /containers/{}', async (managed, { query }) => {
    await managed.remove(flag(query, 'force'));
    return NO_CONTENT;
  }),
];
