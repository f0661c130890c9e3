/** The container engine: one kernel, its images and its containers. */

import { createKernel, type Kernel } from '../kernel/api/index.ts';
import type { Console } from '../platform/console.ts';
import type { Platform } from '../platform/platform.ts';
import { Container } from './container.ts';
import { Driver, type Scheduling } from './driver.ts';
import { HolmError } from './error.ts';
import type { GuestProcess } from './guest_process.ts';
import type { ImageStore, PullAnyOptions } from './image/index.ts';
import { inventName } from './names.ts';
import { type ContainerOptions, checkName } from './options.ts';
import { runSecondStage } from './second_stage.ts';

/** The most that /proc/sys/kernel/pid_max can be, as systemd sets it: numbers are seldom used again. */
const PID_MAX = 4194304;

/** Processes that have slept for so long keep only what their memory holds: nanoseconds. */
const PACK_AFTER = 1e9;

/** What the engine answers for the kernel's platform: the host's side of named things. */
export interface PlatformBindings {
  console(name: string): Console | null;
  /** The host path of a folder that was given to a container. */
  folder(name: string): string | null;
  trace(container: string, line: string): void;
}

/** What the composition root hands to the engine. */
export interface EngineHost {
  readonly images: ImageStore;
  readonly scheduling: Scheduling;
  platform(bindings: PlatformBindings): Platform;
}

/** The containers of an engine. */
export interface Containers {
  /**
   * A new container, not yet started. Throws ENOIMAGE when the image is not in the store, EPLATFORM when it is for another machine,
   * EOPTION for an option's value without meaning, ECONFLICT when the name is taken, ENOCOMMAND when nothing says what to run.
   */
  create(options: ContainerOptions): Promise<Container>;
  /** By name, id or the beginning of an id that only one has. Throws ENOCONTAINER. */
  get(name: string): Container;
  list(): readonly Container[];
  rename(container: Container, name: string): void;
}

export class Engine {
  readonly images: ImageStore;
  readonly containers: Containers;
  private readonly host: EngineHost;
  private booted: { readonly kernel: Kernel; readonly driver: Driver } | null = null;
  private readonly all: Map<string, Container> = new Map();
  private readonly outputs: Map<string, Console> = new Map();
  private readonly traces: Map<string, (line: string) => void> = new Map();
  /** Host folders by the names that the kernel knows: nothing else of the host can be mounted. */
  private readonly folders: Map<string, string> = new Map();
  private watched: GuestProcess[] = [];

  constructor(host: EngineHost) {
    this.host = host;
    this.images = host.images;
    this.containers = {
      create: (options) => this.create(options),
      get: (name) => this.get(name),
      list: () => [...this.all.values()],
      rename: (container, to) => {
        container.name = this.freeName(to);
      },
    };
  }

  /**
   * Fetch an image: `debian` is built from a Debian mirror, whose packages' scripts run in a container of this engine; any
   * other name is a reference to a registry. Returns the image's id, `sha256:` and 64 hexadecimal digits. Throws ENETWORK, EAUTH, EVERIFY
   * (a signature, digest or size is wrong), ENOIMAGE, EPLATFORM, EDEPENDS, ENOSPC, ESTORE, EEXEC (a package's script failed), and ECANCELED
   * when the signal aborts. Whatever happens, images that were there before are still there.
   */
  pull(name: string, options: Omit<PullAnyOptions, 'secondStage'> = {}): Promise<string> {
    return this.images.pull(name, { ...options, secondStage: (stage) => runSecondStage(this, stage) });
  }

  /** End every container and stop. */
  async close(): Promise<void> {
    await Promise.all([...this.all.values()].map((container) => container.remove()));
    this.booted?.driver.stop();
    await this.images.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Nanoseconds on the kernel's monotonic clock. */
  now(): number {
    return this.boot().kernel.clock.monotonic();
  }

  private boot(): { readonly kernel: Kernel; readonly driver: Driver } {
    if (this.booted === null) {
      const platform = this.host.platform({
        console: (name) => this.outputs.get(name) ?? null,
        folder: (name) => this.folders.get(name) ?? null,
        trace: (container, line) => this.traces.get(container)?.(line),
      });
      const kernel = createKernel(platform);
      kernel.pidMax = PID_MAX;
      kernel.memory.packer.after = PACK_AFTER;
      this.booted = { kernel, driver: new Driver(kernel, this.host.scheduling, () => this.afterSlice()) };
    }
    return this.booted;
  }

  private async create(options: ContainerOptions): Promise<Container> {
    const name = options.name === undefined ? null : this.freeName(options.name);
    const image = await this.images.resolve(options.image);
    const { kernel, driver } = this.boot();
    const id = this.newId(kernel);
    const container = new Container(
      {
        kernel,
        poke: () => driver.poke(),
        watch: (process) => this.watch(process),
        share: (folder, path) => this.folders.set(folder, path),
        find: (other) => this.get(other),
        forget: (gone) => this.forget(gone),
      },
      id,
      name ?? this.newName(kernel),
      image,
      options,
    );
    if (options.strace !== undefined) this.traces.set(id, options.strace);
    this.all.set(id, container);
    return container;
  }

  /** A name that can be given to a container. */
  private freeName(name: string): string {
    checkName(name);
    const user = [...this.all.values()].find((container) => container.name === name);
    if (user === undefined) return name;
    throw new HolmError(
      'ECONFLICT',
      `the container name "${name}" is in use by container ${user.id.slice(0, 12)}: remove or rename it first`,
    );
  }

  private newId(kernel: Kernel): string {
    const bytes = new Uint8Array(32);
    kernel.platform.random.fill(bytes);
    return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
  }

  private newName(kernel: Kernel): string {
    const bytes = new Uint16Array(1);
    const random = (below: number): number => {
      kernel.platform.random.fill(new Uint8Array(bytes.buffer));
      return bytes[0]! % below;
    };
    return inventName(random, (name) => [...this.all.values()].some((c) => c.name === name));
  }

  private get(name: string): Container {
    const found = [...this.all.values()].filter((c) => c.name === name || c.id.startsWith(name));
    const exact = found.find((c) => c.name === name || c.id === name) ?? (found.length === 1 ? found[0] : undefined);
    if (exact === undefined) throw new HolmError('ENOCONTAINER', `no container is called "${name}"`);
    return exact;
  }

  private watch(process: GuestProcess): void {
    for (const [name, output] of process.outputs) this.outputs.set(name, output);
    this.watched.push(process);
  }

  /** Notice exits; whether processes are left. */
  private afterSlice(): boolean {
    if (this.watched.length === 0) return false;
    this.watched = this.watched.filter((process) => {
      if (!process.check()) return true;
      for (const name of process.outputs.keys()) this.outputs.delete(name);
      return false;
    });
    return this.watched.length > 0;
  }

  private forget(container: Container): void {
    this.all.delete(container.id);
    this.traces.delete(container.id);
    for (const folder of this.folders.keys()) if (folder.startsWith(container.id)) this.folders.delete(folder);
  }
}
