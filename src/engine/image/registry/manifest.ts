/** Manifests and indexes of images, OCI's and docker's. See the OCI image specification. */

import { HolmError } from '../../error.ts';
import { fromUtf8 } from '../bytes.ts';

export const MEDIA = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

const CONFIGS: readonly string[] = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];

export interface Descriptor {
  readonly mediaType?: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

type Document = Partial<Manifest> & {
  readonly schemaVersion?: number;
  readonly mediaType?: string;
  readonly manifests?: readonly Descriptor[];
};

function parse(bytes: Uint8Array, what: string): Document {
  try {
    const document = JSON.parse(fromUtf8(bytes)) as Document | null;
    if (document !== null && typeof document === 'object') return document;
  } catch {
    // told below
  }
  throw new HolmError('EVERIFY', `${what}: the manifest is not JSON`);
}

function isDescriptor(value: unknown): value is Descriptor {
  const { digest, size } = (value ?? {}) as Partial<Descriptor>;
  return typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest) && Number.isSafeInteger(size) && size! >= 0;
}

/** The manifests of an index; null when the document is no index. */
export function parseIndex(bytes: Uint8Array, what: string): readonly Descriptor[] | null {
  const { manifests } = parse(bytes, what);
  if (!Array.isArray(manifests)) return null;
  return manifests.filter(isDescriptor);
}

export function parseManifest(bytes: Uint8Array, what: string): Manifest {
  const document = parse(bytes, what);
  if (document.schemaVersion === 1) throw new HolmError('EPLATFORM', `${what}: the image has a manifest of schema 1, which is out of use`);
  const { config, layers } = document;
  if (!isDescriptor(config) || !Array.isArray(layers) || !layers.every(isDescriptor))
    throw new HolmError('EVERIFY', `${what}: not an image manifest`);
  if (config.mediaType !== undefined && !CONFIGS.includes(config.mediaType))
    throw new HolmError('EVERIFY', `${what}: not a container image but ${config.mediaType}`);
  return { config, layers };
}

/** The entry for linux/arm64. */
export function choosePlatform(manifests: readonly Descriptor[], what: string): Descriptor {
  const fits = manifests.filter(({ platform }) => platform?.os === 'linux' && platform.architecture === 'arm64');
  const found = fits.find(({ platform }) => (platform!.variant ?? 'v8') === 'v8') ?? fits[0] ?? onlyUnnamed(manifests);
  if (found) return found;
  const known = manifests.map(({ platform }) => [platform?.os, platform?.architecture, platform?.variant].filter(Boolean).join('/'));
  const names = [...new Set(known)].filter((name) => name !== '' && !name.startsWith('unknown'));
  throw new HolmError(
    'EPLATFORM',
    `${what} has no image for linux/arm64, which Holm runs; it is for ${names.join(', ') || 'no platform at all'}`,
  );
}

/** Layouts with a single image need not say its platform: the configuration does. */
function onlyUnnamed(manifests: readonly Descriptor[]): Descriptor | undefined {
  return manifests.length === 1 && manifests[0]!.platform === undefined ? manifests[0] : undefined;
}
