/** Names of images: [registry/]repository[:tag][@digest]. See the distribution project's grammar of references. */

import { HolmError } from '../../error.ts';

/** What a name without a registry means, by the convention that docker has set. */
const DEFAULT_REGISTRY = 'docker.io';
const DEFAULT_NAMESPACE = 'library';
const DEFAULT_TAG = 'latest';

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const REGISTRY =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;

export interface Reference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
  /** The whole name, everything spelled out. */
  readonly name: string;
  /** As people write it. */
  readonly familiar: string;
}

export function parseReference(text: string): Reference {
  const invalid = (why: string): HolmError => new HolmError('EINVAL', `not a valid image name: ${text.slice(0, 200)} (${why})`);
  const at = text.indexOf('@');
  const digest = at < 0 ? null : text.slice(at + 1);
  if (digest !== null && !/^sha256:[0-9a-f]{64}$/.test(digest)) throw invalid('the digest must be sha256: and 64 hexadecimal digits');
  let path = at < 0 ? text : text.slice(0, at);
  let tag: string | null = null;
  const colon = path.lastIndexOf(':');
  if (colon > path.lastIndexOf('/')) {
    tag = path.slice(colon + 1);
    path = path.slice(0, colon);
    if (!TAG.test(tag)) throw invalid('bad tag');
  }
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  const hasRegistry = /[.:A-Z]/.test(first) || first === 'localhost';
  const registry = hasRegistry ? (first === 'index.docker.io' ? DEFAULT_REGISTRY : first) : DEFAULT_REGISTRY;
  let repository = hasRegistry ? path.slice(slash + 1) : path;
  if (!REGISTRY.test(registry)) throw invalid('bad registry');
  if (registry === DEFAULT_REGISTRY && !repository.includes('/')) repository = `${DEFAULT_NAMESPACE}/${repository}`;
  if (repository.length > 255 || !repository.split('/').every((part) => COMPONENT.test(part))) {
    throw invalid(/[A-Z]/.test(repository) ? 'the repository must be in lower case' : 'bad repository');
  }
  if (tag === null && digest === null) tag = DEFAULT_TAG;
  const suffix = `${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
  const name = `${registry}/${repository}${suffix}`;
  return { registry, repository, tag, digest, name, familiar: familiarName(name) };
}

/** A whole name without what may be left out. */
export function familiarName(name: string): string {
  return name.replace(`${DEFAULT_REGISTRY}/${DEFAULT_NAMESPACE}/`, '').replace(new RegExp(`^${DEFAULT_REGISTRY.replace('.', '\\.')}/`), '');
}

/** The host that serves a registry's API. */
export function registryHost(registry: string): string {
  return registry === DEFAULT_REGISTRY ? `registry-1.${DEFAULT_REGISTRY}` : registry;
}
