/** The containers and executed commands that clients name. */

import type { Engine } from '../engine.ts';
import { HolmError } from '../error.ts';
import type { GuestProcess } from '../guest_process.ts';
import type { ContainerOptions } from '../options.ts';
import type { ExecJson } from './container_config.ts';
import { ManagedContainer } from './managed_container.ts';
import { STDERR } from './multiplex.ts';
import type { ServerHost } from './server.ts';

/** A command that was or will be executed in a container. */
export interface ExecRecord {
  readonly id: string;
  readonly container: ManagedContainer;
  readonly config: ExecJson;
  process: GuestProcess | null;
  /** Null until it has ended. */
  exitCode: number | null;
}

export class Registry {
  readonly engine: Engine;
  readonly host: ServerHost;
  private readonly containers: Map<string, ManagedContainer> = new Map();
  private readonly execs: Map<string, ExecRecord> = new Map();
  private execCount = 0;

  constructor(engine: Engine, host: ServerHost) {
    this.engine = engine;
    this.host = host;
  }

  /** The newest first. */
  list(): ManagedContainer[] {
    return [...this.containers.values()].reverse();
  }

  get(name: string): ManagedContainer {
    const found = this.containers.get(this.engine.containers.get(name).id);
    if (found === undefined) throw new HolmError('ENOCONTAINER', `no container is called "${name}"`);
    return found;
  }

  async create(options: ContainerOptions, autoRemove: boolean, strace: boolean): Promise<ManagedContainer> {
    let managed: ManagedContainer | null = null;
    const encoder = new TextEncoder();
    const print = (line: string): void => managed?.hub.inject(STDERR, encoder.encode(`${line}${options.tty ? '\r' : ''}\n`));
    const container = await this.engine.containers.create({ ...options, ...(strace && { strace: print }) });
    managed = new ManagedContainer(container, this.host.openLog(container.id), autoRemove, () => this.forget(container.id));
    this.containers.set(container.id, managed);
    return managed;
  }

  createExec(container: ManagedContainer, config: ExecJson): ExecRecord {
    this.execCount += 1;
    const id = `${container.container.id.slice(0, 48)}${this.execCount.toString(16).padStart(16, '0')}`;
    const record: ExecRecord = { id, container, config, process: null, exitCode: null };
    this.execs.set(id, record);
    return record;
  }

  getExec(id: string): ExecRecord {
    const found = this.execs.get(id);
    if (found === undefined) throw new HolmError('ENOCONTAINER', `no such exec instance: ${id}`);
    return found;
  }

  private forget(id: string): void {
    this.containers.delete(id);
    for (const [name, record] of this.execs) if (record.container.container.id === id) this.execs.delete(name);
  }
}
