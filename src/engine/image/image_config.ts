/** An image's configuration as the OCI image specification has it; docker's older form has the same fields. */

import { HolmError } from '../error.ts';
import { fromUtf8 } from './bytes.ts';

export interface ContainerConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, unknown>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, unknown>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

export interface ImageHistory {
  readonly created?: string;
  readonly created_by?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

export interface OciConfig {
  readonly created?: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly os: string;
  readonly config?: ContainerConfig;
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
  readonly history?: readonly ImageHistory[];
}

export interface NewImage {
  readonly layers: readonly string[];
  readonly created: Date;
  /** Where each layer comes from. */
  readonly comments: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly string[];
}

export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The configuration of an image that is made here. */
export function imageConfig(image: NewImage): OciConfig {
  const created = (Number.isNaN(image.created.getTime()) ? new Date(0) : image.created).toISOString();
  return {
    created,
    architecture: 'arm64',
    os: 'linux',
    config: { Env: image.environment, Cmd: image.command },
    rootfs: { type: 'layers', diff_ids: image.layers },
    history: image.comments.map((comment) => ({ created, comment })),
  };
}

export function parseImageConfig(bytes: Uint8Array, what: string): OciConfig {
  let config: OciConfig;
  try {
    config = JSON.parse(fromUtf8(bytes)) as OciConfig;
  } catch (error) {
    throw new HolmError('EVERIFY', `${what}: the image configuration is not JSON`, { cause: error });
  }
  const layers: unknown = config?.rootfs?.diff_ids;
  if (!Array.isArray(layers) || layers.some((id) => !/^sha256:[0-9a-f]{64}$/.test(String(id)))) {
    throw new HolmError('EVERIFY', `${what}: the image configuration lists no layers`);
  }
  return config;
}

/** Refuses images for other machines and names the platform to ask for. */
export function checkPlatform(config: OciConfig, what: string): void {
  const architecture = config.architecture === 'aarch64' ? 'arm64' : config.architecture;
  if (config.os === 'linux' && architecture === 'arm64') return;
  throw new HolmError(
    'EPLATFORM',
    `${what} is for ${config.os || 'unknown'}/${architecture || 'unknown'}; ask for its linux/arm64 platform`,
  );
}
