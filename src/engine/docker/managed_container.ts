/** A container of an engine that others reach by name: what it printed, who is attached, how it ended. */

import type { Container, ContainerState } from '../container.ts';
import { HolmError } from '../error.ts';
import type { Exit } from '../guest_process.ts';
import type { LogEntry, LogStore } from './log.ts';
import { OutputHub } from './output_hub.ts';

/** What wait(2) of the HTTP interface waits for. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** Nothing has happened yet: the time that docker shows then. */
const NEVER = '0001-01-01T00:00:00Z';

export class ManagedContainer {
  readonly container: Container;
  readonly log: LogStore;
  readonly created: Date = new Date();
  /** Remove it when it ends. */
  readonly autoRemove: boolean;
  hub: OutputHub;
  startedAt: string = NEVER;
  finishedAt: string = NEVER;
  exit: Exit | null = null;
  error = '';
  /** Fulfilled when it has been removed. */
  readonly removed: Promise<void>;
  private resolveRemoved: () => void = () => undefined;
  private ended: Promise<void> | null = null;
  private nextExit: (() => void)[] = [];
  private readonly followers: Set<(entry: LogEntry) => void> = new Set();
  private readonly onRemoved: () => void;

  constructor(container: Container, log: LogStore, autoRemove: boolean, onRemoved: () => void) {
    this.container = container;
    this.log = log;
    this.autoRemove = autoRemove;
    this.onRemoved = onRemoved;
    this.hub = this.newHub();
    this.removed = new Promise((resolve) => {
      this.resolveRemoved = resolve;
    });
  }

  get state(): ContainerState {
    return this.container.state;
  }

  /** Start it, again if it has ended. */
  async start(): Promise<void> {
    this.rewind();
    this.startedAt = new Date().toISOString();
    try {
      await this.container.start();
    } catch (error) {
      this.error = (error as Error).message;
      await this.finish(await this.container.wait().catch(() => null));
      throw error;
    }
    this.error = '';
    const { container, hub } = this;
    this.ended = container.wait().then(async (exit) => {
      await hub.done;
      await this.finish(exit);
    });
  }

  /** Wait for a condition: the exit status. */
  async wait(condition: WaitCondition): Promise<Exit> {
    if (condition === 'removed') await this.removed;
    else if (condition === 'next-exit') await new Promise<void>((resolve) => this.nextExit.push(resolve));
    else if (this.container.state === 'running') await this.ended;
    return this.exit ?? { code: 0, signal: null, outOfMemory: false };
  }

  async remove(force: boolean): Promise<void> {
    if (this.container.state === 'running' && !force)
      throw new HolmError(
        'ECONFLICT',
        `cannot remove container "${this.container.name}": it is ${this.container.paused ? 'paused' : this.state}: stop it first, or use force`,
      );
    await this.container.remove();
    await this.ended;
    this.log.remove();
    this.onRemoved();
    this.resolveRemoved();
  }

  /** Receive entries of the log as they are made; the result stops it. */
  follow(listener: (entry: LogEntry) => void): () => void {
    this.followers.add(listener);
    return () => this.followers.delete(listener);
  }

  /** Get one that has ended ready to be attached to and started again. */
  rewind(): void {
    if (this.container.state !== 'exited') return;
    this.container.reset();
    this.exit = null;
    this.hub = this.newHub();
  }

  private newHub(): OutputHub {
    return new OutputHub(this.container.process, (entries) => {
      if (entries.length === 0) return;
      this.log.append(entries);
      for (const entry of entries) for (const follower of this.followers) follower(entry);
    });
  }

  private async finish(exit: Exit | null): Promise<void> {
    this.exit = exit;
    this.finishedAt = new Date().toISOString();
    for (const resolve of this.nextExit.splice(0)) resolve();
    if (!this.autoRemove) return;
    await this.container.remove();
    this.log.remove();
    this.onRemoved();
    this.resolveRemoved();
  }
}
