/** The engine itself in the HTTP interface. */

import { type Route, route } from './route.ts';

/** The version of the Docker Engine API that this follows. */
export const API_VERSION = '1.44';

export const systemRoutes: readonly Route[] = [
  route('GET /_ping', () => ({ status: 200, json: 'OK' })),
  route('HEAD /_ping', () => ({ status: 200 })),
  route('GET /version', (registry) => ({
    status: 200,
    json: {
      Platform: { Name: 'Holm' },
      Version: registry.host.version,
      Build: registry.host.build,
      ApiVersion: API_VERSION,
      MinAPIVersion: '1.24',
      Os: 'linux',
      Arch: 'arm64',
      KernelVersion: '6.12.0-holm-arm64',
      Running: registry.list().filter(({ state }) => state === 'running').length,
      Containers: registry.list().length,
    },
  })),
  // Our own: containers that run are ended.
  route('POST /shutdown', ({ host }) => {
    host.shutdown();
    return { status: 202 };
  }),
];
