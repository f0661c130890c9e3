/** What the suites share: the programs, the systems, and how thorough to be. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine, EngineOptions } from '../src/hosts/node/index.ts';
import type { Entry } from './measure.ts';
import { buildDirectory, type Programs } from './programs.ts';
import { HolmSystem, nativeSystem, qemuSystem, type System } from './systems.ts';

/** The root file system with our programs, as an image. */
export const IMAGE = 'bench';
/** What is shipped. */
const LIBRARY: string = new URL('../dist/index.js', import.meta.url).href;

export interface Suite {
  readonly name: string;
  readonly about: string;
  run(context: Context): AsyncIterable<Entry>;
}

export interface Settings {
  readonly rounds: number;
  /** The Node that runs our engine. */
  readonly node: string;
  /** An image of Debian in the user's store, for the suites with Debian's programs. */
  readonly image: string | null;
  /** Options of the engine beside its directories. */
  readonly engine: EngineOptions;
}

export class Context {
  readonly programs: Programs;
  readonly settings: Settings;
  readonly qemu: System | null;
  readonly native: System | null;
  readonly command: string = fileURLToPath(new URL('../bin/holm.js', import.meta.url));
  /** The store with the image of our programs. */
  readonly dataHome: string = join(buildDirectory, 'data');
  private shared: HolmSystem | null = null;

  private constructor(programs: Programs, settings: Settings) {
    this.programs = programs;
    this.settings = settings;
    this.qemu = qemuSystem(programs);
    this.native = nativeSystem(programs);
  }

  static async create(programs: Programs, settings: Settings): Promise<Context> {
    const context = new Context(programs, settings);
    rmSync(context.dataHome, { recursive: true, force: true });
    const { createEngine } = (await import(LIBRARY)) as { createEngine(options: EngineOptions): Promise<Engine> };
    const engine = await createEngine(context.engineOptions);
    await engine.images.load(programs.archive, { name: IMAGE });
    await engine.close();
    return context;
  }

  private get engineOptions(): EngineOptions {
    return { ...this.settings.engine, dataDirectory: join(this.dataHome, 'holm') };
  }

  /** The engine that all suites share, warm by what was run before. */
  async ours(): Promise<HolmSystem> {
    this.shared ??= await this.fresh();
    return this.shared;
  }

  /** An engine that nobody has used yet. */
  fresh(): Promise<HolmSystem> {
    return HolmSystem.start({ engine: this.engineOptions, library: LIBRARY, image: IMAGE }, this.settings.node);
  }

  /** An engine with Debian's programs, and ours in /bench. */
  debian(image: string): Promise<HolmSystem> {
    const { engine, node } = this.settings;
    return HolmSystem.start({ engine, library: LIBRARY, image, programs: this.programs.arm64 }, node);
  }

  async close(): Promise<void> {
    await this.shared?.close();
  }
}
