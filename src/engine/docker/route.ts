/** Routes of the HTTP interface: a method, a pattern with parameters, a handler. */

import type { ApiReply, ApiRequest } from './http.ts';
import type { Registry } from './registry.ts';

export type Parameters = readonly string[];

export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  /** Null when the connection was taken over. */
  readonly handler: (registry: Registry, request: ApiRequest, parameters: Parameters) => Promise<ApiReply | null> | ApiReply;
}

/** `GET /containers/{}/json`: each `{}` is a parameter, which may hold slashes in names of images. */
export function route(definition: string, handler: Route['handler']): Route {
  const [method = '', path = ''] = definition.split(' ');
  return { method, pattern: new RegExp(`^${path.replaceAll('{}', '([^/]+)').replaceAll('{*}', '(.+)')}$`), handler };
}

export function routed(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly route: Route; readonly parameters: Parameters } | null {
  for (const candidate of routes) {
    const match = candidate.method === method ? candidate.pattern.exec(path) : null;
    if (match !== null) return { route: candidate, parameters: match.slice(1).map(decodeURIComponent) };
  }
  return null;
}

/** Docker's booleans in queries. */
export const flag = (query: URLSearchParams, name: string): boolean => ['1', 'true', 'True'].includes(query.get(name) ?? '');

export const NO_CONTENT: ApiReply = { status: 204 };
