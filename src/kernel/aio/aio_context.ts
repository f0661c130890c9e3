/** Requests of asynchronous I/O and the ring through which a program learns of their ends. Linux: fs/aio.c. See io_setup(2). */

import { AIO_RING_MAGIC, AIO_RING_SIZE, IO_EVENT_SIZE } from '../../abi/aio.ts';
import { EAGAIN, EINVAL, ENOMEM } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { EventFile } from '../fs/anon_inodes/eventfd.ts';
import { frameAddress } from '../mm/frames.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import type { Mm } from '../mm/mm.ts';
import { mapRange, unmapRange } from '../mm/mmap.ts';
import { charge, PRICE_AIO_CONTEXT, uncharge } from '../mm/price.ts';
import { ShmemMapping } from '../mm/shmem.ts';
import { PROT_READ, PROT_WRITE, VM_DONTEXPAND, VM_SHARED, type Vma } from '../mm/vma.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import type { AioPoll } from './aio_poll.ts';

/** Words of struct aio_ring. */
const [RING_NR, RING_HEAD, RING_TAIL, RING_MAGIC, RING_COMPAT, RING_LENGTH] = [1, 2, 3, 4, 5, 7];
const LARGEST_RING = 0x10000000 / IO_EVENT_SIZE;

/** What a program says of a request and gets back with its event: aio_data and the address of its struct iocb. */
export interface Request {
  readonly dataLow: number;
  readonly dataHigh: number;
  readonly iocb: number;
  /** An eventfd that is told of the end. */
  readonly eventfd: EventFile | null;
}

/** The pages of a ring: the context has them, and whoever maps them. */
class RingMapping extends ShmemMapping {
  private ended = false;

  override detach(vma: Vma): void {
    super.detach(vma);
    if (this.ended && this.vmas.size === 0) this.release();
  }

  end(): void {
    this.ended = true;
    if (this.vmas.size === 0) this.release();
  }
}

export class AioContext {
  readonly mm: Mm;
  /** Where its ring was mapped: what the program calls it. */
  readonly id: number;
  /** Requests that io_setup(2) was asked for. */
  readonly wanted: number;
  /** Places in the ring. */
  readonly places: number;
  /** Requests that wait for a file to be ready, by the address of the struct iocb. */
  readonly polls: Map<number, AioPoll> = new Map();
  /** Woken by every event, and by the end. */
  readonly changed: WaitQueue = new WaitQueue();
  private readonly ring: RingMapping;
  private readonly payer: MemoryGroup;
  private tail = 0;

  private constructor(mm: Mm, id: number, wanted: number, places: number, ring: RingMapping, payer: MemoryGroup) {
    this.mm = mm;
    this.id = id;
    this.wanted = wanted;
    this.places = places;
    this.ring = ring;
    this.payer = payer;
  }

  /** Linux: ioctx_alloc, aio_setup_ring. */
  static create(mm: Mm, wanted: number): AioContext | number {
    const { kernel, memory: payer } = mm;
    const doubled = Math.max(wanted, 4) * 2;
    if (doubled > LARGEST_RING) return -EINVAL;
    if (kernel.aio.used + wanted > kernel.aio.most) return -EAGAIN;
    const pages = Math.ceil((AIO_RING_SIZE + (doubled + 2) * IO_EVENT_SIZE) / FRAME_SIZE);
    if (!charge(kernel, payer, PRICE_AIO_CONTEXT)) return -ENOMEM;
    const ring = new RingMapping(kernel, { size: pages * FRAME_SIZE });
    let page = -ENOMEM;
    if (fill(ring, pages, payer))
      page = mapRange(mm, {
        page: 0,
        pages,
        prot: PROT_READ | PROT_WRITE,
        flags: VM_SHARED | VM_DONTEXPAND,
        fixed: 'hint',
        mapping: ring,
        name: '/[aio] (deleted)',
      });
    if (page < 0) {
      ring.end();
      uncharge(payer, PRICE_AIO_CONTEXT);
      return page;
    }
    const places = Math.floor((pages * FRAME_SIZE - AIO_RING_SIZE) / IO_EVENT_SIZE);
    const context = new AioContext(mm, page * FRAME_SIZE, wanted, places, ring, payer);
    context.setWord(RING_NR, places);
    context.setWord(RING_MAGIC, AIO_RING_MAGIC | 0);
    context.setWord(RING_COMPAT, 1);
    context.setWord(RING_LENGTH, AIO_RING_SIZE);
    kernel.aio.used += wanted;
    mm.aio ??= new Map();
    mm.aio.set(context.id, context);
    return context;
  }

  /** Events that are to be read. The program may have moved the head. */
  get waiting(): number {
    return (this.tail - this.head + this.places) % this.places;
  }

  /** Whether one more request could not be reported. Linux: aio_get_req. */
  get full(): boolean {
    return this.polls.size + this.waiting >= this.places - 1;
  }

  /** A request has ended with `result`. Linux: aio_complete. */
  complete(request: Request, result: number): void {
    const at = (AIO_RING_SIZE + this.tail * IO_EVENT_SIZE) / 4;
    const words = [request.dataLow, request.dataHigh, request.iocb % 2 ** 32, Math.floor(request.iocb / 2 ** 32)];
    words.push(result, result < 0 ? -1 : Math.floor(result / 2 ** 32), 0, 0);
    for (const [i, word] of words.entries()) this.setWord(at + i, word);
    this.tail = (this.tail + 1) % this.places;
    this.setWord(RING_TAIL, this.tail);
    request.eventfd?.signal();
    this.changed.wakeAll();
  }

  /** Copy up to `count` events to `address` and take them from the ring: how many, or a negative errno. Linux: aio_read_events_ring. */
  take(address: number, count: number): number {
    let head = this.head;
    let moved = 0;
    const limit = Math.min(count, this.waiting);
    if (limit > 0 && this.mm.faultIn(address, limit * IO_EVENT_SIZE, true) === NOT_RESIDENT) return NOT_RESIDENT;
    for (; moved < limit; moved++) {
      const at = (AIO_RING_SIZE + head * IO_EVENT_SIZE) / 4;
      const event = Int32Array.from({ length: IO_EVENT_SIZE / 4 }, (_, i) => this.word(at + i));
      const failed = this.mm.copyOut(address + moved * IO_EVENT_SIZE, new Uint8Array(event.buffer));
      if (failed < 0) return moved > 0 ? moved : failed;
      head = (head + 1) % this.places;
      this.setWord(RING_HEAD, head);
    }
    return moved;
  }

  /** io_destroy(2), and the end of the program. Linux: kill_ioctx. */
  destroy(): void {
    const { mm } = this;
    mm.aio!.delete(this.id);
    mm.kernel.aio.used -= this.wanted;
    for (const poll of [...this.polls.values()]) poll.cancel();
    if (mm.find(this.id / FRAME_SIZE)?.mapping === this.ring) unmapRange(mm, this.id / FRAME_SIZE, this.id / FRAME_SIZE + this.pages);
    this.ring.end();
    uncharge(this.payer, PRICE_AIO_CONTEXT);
    this.changed.wakeAll();
  }

  private get pages(): number {
    return this.ring.host.size / FRAME_SIZE;
  }

  private get head(): number {
    return (this.word(RING_HEAD) >>> 0) % this.places;
  }

  private word(index: number): number {
    return this.mm.kernel.memory.frames.views.i32[this.place(index)]!;
  }

  private setWord(index: number, value: number): void {
    this.mm.kernel.memory.frames.views.i32[this.place(index)] = value;
  }

  /** Where in RAM a word of the ring is. */
  private place(index: number): number {
    return (frameAddress(this.ring.peek(Math.floor((index * 4) / FRAME_SIZE))) + ((index * 4) % FRAME_SIZE)) / 4;
  }
}

/** All pages of a ring are there from the beginning. */
function fill(ring: RingMapping, pages: number, payer: MemoryGroup): boolean {
  for (let index = 0; index < pages; index++) if (ring.preallocate(index, payer) < 0) return false;
  return true;
}
