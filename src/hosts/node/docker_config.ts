/** Registry credentials that `docker login` has stored in plain. See docker-login(1). */

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const DOCKER_HUB = 'https://index.docker.io/v1/';

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly username?: string; readonly password?: string }>>;
}

/** The value of a Basic Authorization header; null when nothing is stored. */
export async function readDockerCredentials(
  registry: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  const directory = environment['DOCKER_CONFIG'] || join(environment['HOME'] || homedir(), '.docker');
  let config: DockerConfig;
  try {
    config = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as DockerConfig;
  } catch {
    return null;
  }
  const names =
    registry === 'docker.io' ? [DOCKER_HUB, 'docker.io', 'index.docker.io'] : [registry, `https://${registry}`, `http://${registry}`];
  for (const name of names) {
    const entry = config.auths?.[name];
    if (entry?.auth) return `Basic ${entry.auth}`;
    if (entry?.username) return `Basic ${Buffer.from(`${entry.username}:${entry.password ?? ''}`).toString('base64')}`;
  }
  return null;
}
