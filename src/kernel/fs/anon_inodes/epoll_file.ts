/** An epoll instance: the files it watches and those that may be ready. Linux: struct eventpoll in fs/eventpoll.c. See epoll(7). */

import { PRICE_EPOLL_ITEM, uncharge } from '../../mm/price.ts';
import type { Task } from '../../task/task.ts';
import { WaitQueue } from '../../task/wait_queue.ts';
import { type File, POLLIN, POLLRDNORM } from '../../vfs/file.ts';
import { AnonymousFile } from './anonymous.ts';
import type { EpollItem } from './epoll_item.ts';

/** Epoll instances may watch each other this deep. Linux: EP_MAX_NESTS. */
const MAX_NESTS = 4;

/** An item and what it is ready for. */
export interface ReadyEvent {
  readonly item: EpollItem;
  readonly events: number;
}

export class EpollFile extends AnonymousFile {
  readonly kind = 'eventpoll';
  /** By descriptor; several files once a descriptor has been reused while a copy kept the old file open. */
  private readonly items: Map<number, EpollItem[]> = new Map();
  /** Items whose queues were woken since they were last found idle, oldest first. */
  private readonly ready: Set<EpollItem> = new Set();
  /** Woken when an item becomes ready. */
  readonly changed: WaitQueue = new WaitQueue();

  override release(): void {
    for (const list of [...this.items.values()]) for (const item of [...list]) this.remove(item);
  }

  find(fd: number, file: File): EpollItem | null {
    return this.items.get(fd)?.find((item) => item.file === file) ?? null;
  }

  add(task: Task, item: EpollItem): void {
    const list = this.items.get(item.fd);
    if (list === undefined) this.items.set(item.fd, [item]);
    else list.push(item);
    item.file.watchers ??= new Set();
    item.file.watchers.add(item);
    this.watch(task, item);
  }

  /** The item was added or changed: watch its queues and look at the file. */
  watch(task: Task, item: EpollItem): void {
    item.detach();
    item.attach(task);
    if (item.poll(task) !== 0) this.markReady(item);
  }

  remove(item: EpollItem): void {
    const list = this.items.get(item.fd)!.filter((other) => other !== item);
    if (list.length === 0) this.items.delete(item.fd);
    else this.items.set(item.fd, list);
    this.ready.delete(item);
    item.detach();
    item.file.watchers?.delete(item);
    uncharge(item.payer, PRICE_EPOLL_ITEM);
  }

  /** Something happened to the item's file. Whether anybody waits for it. */
  markReady(item: EpollItem): boolean {
    this.ready.add(item);
    const awaited = !this.changed.empty;
    this.changed.wakeAll();
    return awaited;
  }

  /** Up to `max` ready items; those that turn out to be idle are forgotten. */
  collect(task: Task, max: number): ReadyEvent[] {
    const found: ReadyEvent[] = [];
    for (const item of this.ready) {
      const events = item.poll(task);
      if (events === 0) this.ready.delete(item);
      else found.push({ item, events });
      if (found.length === max) break;
    }
    return found;
  }

  /** The events have been told to the program. Level-triggered items are looked at again next time, after the others. */
  deliver(events: readonly ReadyEvent[]): void {
    for (const { item } of events) {
      this.ready.delete(item);
      if (item.oneShot) item.disarm();
      else if (!item.edgeTriggered) this.ready.add(item);
    }
  }

  override poll(task: Task): number {
    return this.collect(task, 1).length > 0 ? POLLIN | POLLRDNORM : 0;
  }

  override pollQueues(): readonly WaitQueue[] {
    return [this.changed];
  }

  /** Whether watching `target` would make a circle or too deep a chain. Linux: ep_loop_check. */
  wouldLoop(target: EpollFile): boolean {
    const below = target.depthBelow(this, 0);
    return below > MAX_NESTS || below + this.depthAbove(0) + 1 > MAX_NESTS;
  }

  /** The longest chain of instances that this one watches; more than MAX_NESTS if it leads to `origin`. */
  private depthBelow(origin: EpollFile, depth: number): number {
    if (this === origin || depth > MAX_NESTS) return MAX_NESTS + 1;
    let deepest = 0;
    for (const list of this.items.values()) {
      for (const { file } of list) if (file instanceof EpollFile) deepest = Math.max(deepest, 1 + file.depthBelow(origin, depth + 1));
    }
    return deepest;
  }

  /** The longest chain of instances that watch this one. */
  private depthAbove(depth: number): number {
    if (depth > MAX_NESTS) return depth;
    let highest = 0;
    for (const watcher of this.watchers ?? []) {
      const { epoll } = watcher as Partial<EpollItem>;
      if (epoll !== undefined) highest = Math.max(highest, 1 + epoll.depthAbove(depth + 1));
    }
    return highest;
  }

  override fdinfo(): string {
    const hex = (value: number, width: number): string => value.toString(16).padStart(width);
    let text = '';
    for (const list of this.items.values()) {
      for (const { fd, events, dataLow, dataHigh, file } of list) {
        const data = `${dataHigh === 0 ? '' : dataHigh.toString(16)}${dataHigh === 0 ? dataLow.toString(16) : dataLow.toString(16).padStart(8, '0')}`;
        text += `tfd: ${String(fd).padStart(8)} events: ${hex(events, 8)} data: ${data.padStart(16)}  pos:${file.pos} ino:${file.inode.ino.toString(16)} sdev:${file.inode.sb.dev.toString(16)}\n`;
      }
    }
    return text;
  }
}
