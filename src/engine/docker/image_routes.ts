/** /images of the HTTP interface: what there is, and its end. */

import { flag, type Route, route } from './route.ts';

export const imageRoutes: readonly Route[] = [
  route('GET /images/json', async (registry) => ({
    status: 200,
    json: (await registry.engine.images.list()).map(({ id, name, created, size }) => ({
      Id: id,
      RepoTags: name === null ? [] : [name],
      Created: Math.floor(Date.parse(created) / 1000),
      Size: size,
      Containers: registry.list().filter(({ container }) => container.image.id === id).length,
    })),
  })),
  route('GET /images/{*}/json', async ({ engine }, _, [name = '']) => {
    const { id, names, architecture, os, created, size, config } = await engine.images.inspect(name);
    return {
      status: 200,
      json: { Id: id, RepoTags: names, Architecture: architecture, Os: os, Created: created, Size: size, Config: config.config ?? {} },
    };
  }),
  route('DELETE /images/{*}', async (registry, { query }, [name = '']) => {
    const { engine } = registry;
    const { id } = await engine.images.inspect(name);
    const user = registry.list().find(({ container }) => container.image.id === id);
    if (user !== undefined && !flag(query, 'force'))
      return { status: 409, json: { message: `image ${name} is used by container ${user.container.name}`, code: 'ECONFLICT' } };
    return { status: 200, json: (await engine.images.remove(name)).map((removed) => ({ Untagged: removed })) };
  }),
];
