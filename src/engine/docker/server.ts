/** The engine's HTTP interface: the Docker Engine API, as far as containers go. Independent of what carries HTTP. */

import type { Engine } from '../engine.ts';
import { type ErrorCode, HolmError } from '../error.ts';
import { containerRoutes } from './container_routes.ts';
import { execRoutes } from './exec_routes.ts';
import type { ApiReply, ApiRequest } from './http.ts';
import { imageRoutes } from './image_routes.ts';
import type { LogStore } from './log.ts';
import { Registry } from './registry.ts';
import { type Route, routed } from './route.ts';
import { systemRoutes } from './system_routes.ts';

/** What the composition root adds to the engine. */
export interface ServerHost {
  /** Version of the program, and what tells two builds of it apart. */
  readonly version: string;
  readonly build: string;
  openLog(container: string): LogStore;
  /** Somebody asks the server to end. */
  shutdown(): void;
}

/** HTTP statuses of failures; 500 for others. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  EINVAL: 400,
  EOPTION: 400,
  ENOCOMMAND: 400,
  EEXEC: 400,
  ENOIMAGE: 404,
  ENOCONTAINER: 404,
  ECONFLICT: 409,
};

export class EngineServer {
  readonly registry: Registry;
  private readonly routes: readonly Route[];

  constructor(engine: Engine, host: ServerHost) {
    this.registry = new Registry(engine, host);
    this.routes = [...systemRoutes, ...containerRoutes, ...execRoutes, ...imageRoutes];
  }

  /** Containers that exist, running or not. */
  get containers(): number {
    return this.registry.list().length;
  }

  /** Answer a request; null when its connection was taken over. */
  async handle(request: ApiRequest): Promise<ApiReply | null> {
    try {
      const found = routed(this.routes, request.method, request.path);
      if (found === null) return { status: 404, json: { message: 'page not found' } };
      return await found.route.handler(this.registry, request, found.parameters);
    } catch (error) {
      return failure(error);
    }
  }
}

function failure(error: unknown): ApiReply {
  if (error instanceof HolmError)
    return { status: STATUS[error.code] ?? 500, json: { message: error.message, code: error.code, exitCode: error.exitCode } };
  return { status: 500, json: { message: `internal error: ${error instanceof Error ? error.stack : String(error)}`, code: 'EINTERNAL' } };
}
