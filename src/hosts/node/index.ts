/** Holm in Node: `createEngine()` and the types of its API. */

import { Engine } from '../../engine/engine.ts';
import type { JitOptions } from '../../machine/jit/jit.ts';
import { createImageStore } from './image_host.ts';
import { JIT_OFF, parseJitSettings } from './jit_settings.ts';
import { createPlatform } from './platform.ts';

export { Container, type ContainerState, type ExecResult } from '../../engine/container.ts';
export type { EngineClient } from '../../engine/docker/client.ts';
export { elapsed } from '../../engine/docker/elapsed.ts';
export { chunksOf, demultiplex, FrameParser, STDERR } from '../../engine/docker/multiplex.ts';
export { type Containers, Engine } from '../../engine/engine.ts';
export { type ErrorCode, HolmError } from '../../engine/error.ts';
export { type Exit, GuestProcess } from '../../engine/guest_process.ts';
export type { ImageDetails, ImageSummary, Progress } from '../../engine/image/index.ts';
export type { ContainerOptions, ProcessOptions, Volume } from '../../engine/options.ts';
export type { SeccompArgument, SeccompProfile, SeccompRule } from '../../engine/seccomp_profile.ts';
export type { JitOptions } from '../../machine/jit/jit.ts';
export { connectEngine, findEngine } from './engine_client.ts';

export interface EngineOptions {
  /** Where images are kept; `$XDG_DATA_HOME/holm` unless told. */
  readonly dataDirectory?: string;
  /** Where downloads are kept; `$XDG_CACHE_HOME/holm` unless told. */
  readonly cacheDirectory?: string;
  /** Receives a line when another process that changes the store keeps this one waiting. */
  readonly onWait?: (reason: string) => void;
  /** How much is translated and kept; false: programs are interpreted. What is not said here, `$HOLM_JIT` says. */
  readonly jit?: Partial<JitOptions> | false;
}

/**
 * An engine in this process, with a kernel of its own, started when the first container is created. Nothing is read or written
 * before the first call. Failures of its methods are `HolmError`s: a code for programs, one line for people.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { images, blocks, layers } = createImageStore(options);
  const jit = { ...parseJitSettings(process.env['HOLM_JIT'] ?? ''), ...(options.jit === false ? JIT_OFF : options.jit) };
  return new Engine({
    images,
    scheduling: {
      soon: (callback) => {
        setImmediate(callback);
      },
      later: (milliseconds, callback) => {
        const timer = setTimeout(callback, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    platform: (bindings) => createPlatform({ blocks, layers, jit, ...bindings }),
  });
}
