/** /exec of the HTTP interface: commands in running containers. */

import { HolmError } from '../error.ts';
import { attach, takeConnection } from './attach.ts';
import { type ExecJson, execOptions } from './container_config.ts';
import type { ApiReply, ApiRequest } from './http.ts';
import { parseDetachKeys } from './input.ts';
import { STDERR, STDOUT } from './multiplex.ts';
import { OutputHub } from './output_hub.ts';
import type { ExecRecord, Registry } from './registry.ts';
import { type Route, route } from './route.ts';

async function create(registry: Registry, request: ApiRequest, name: string): Promise<ApiReply> {
  const managed = registry.get(name);
  const config = (await request.json()) as ExecJson;
  if ((config.Cmd ?? []).length === 0) throw new HolmError('ENOCOMMAND', 'no exec command specified');
  if (managed.container.state !== 'running') throw new HolmError('ECONFLICT', `container ${managed.container.name} is not running`);
  return { status: 201, json: { Id: registry.createExec(managed, config).id } };
}

/** Start the command; its output goes to the client, or nowhere when it is detached. */
async function start(registry: Registry, request: ApiRequest, id: string): Promise<ApiReply | null> {
  const record = registry.getExec(id);
  if (record.process !== null) throw new HolmError('ECONFLICT', 'the command has been started already');
  const { Detach = false } = (await request.json()) as { Detach?: boolean };
  const { config } = record;
  const detachKeys = parseDetachKeys(config.DetachKeys ?? null);
  const process = record.container.container.spawn(config.Cmd!, execOptions(config));
  record.process = process;
  const hub = new OutputHub(process, () => undefined);
  void process.exited.then((exit) => {
    record.exitCode = exit.code;
  });
  if (Detach) return { status: 200 };
  const connection = takeConnection(request, process.tty);
  if (connection === null) throw new HolmError('EINVAL', 'exec start wants the headers "Connection: Upgrade" and "Upgrade: tcp"');
  void attach(connection, process, hub, { stdin: config.AttachStdin ?? false, streams: new Set([STDOUT, STDERR]), detachKeys, once: true });
  return null;
}

const describe = ({ id, container, config, process, exitCode }: ExecRecord): unknown => ({
  ID: id,
  ContainerID: container.container.id,
  Running: process !== null && exitCode === null,
  ExitCode: exitCode,
  ProcessConfig: { entrypoint: config.Cmd![0], arguments: config.Cmd!.slice(1), tty: config.Tty ?? false, user: config.User ?? '' },
});

export const execRoutes: readonly Route[] = [
  route('POST /containers/{}/exec', (registry, request, [name = '']) => create(registry, request, name)),
  route('POST /exec/{}/start', (registry, request, [id = '']) => start(registry, request, id)),
  route('GET /exec/{}/json', async (registry, _, [id = '']) => {
    const record = registry.getExec(id);
    return { status: 200, json: describe(record) };
  }),
  route('POST /exec/{}/resize', (registry, { query }, [id = '']) => {
    registry.getExec(id).process?.resize(Number(query.get('h')), Number(query.get('w')));
    return { status: 200 };
  }),
];
