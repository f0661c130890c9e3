/** A request that waits for a file to be ready. Linux: aio_poll, aio_poll_wake in fs/aio.c. */

import { EAGAIN } from '../../abi/errno.ts';
import { charge, PRICE_AIO_REQUEST, uncharge } from '../mm/price.ts';
import type { Task } from '../task/task.ts';
import { Observer, type WaitQueue } from '../task/wait_queue.ts';
import { type File, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../vfs/file.ts';
import type { AioContext, Request } from './aio_context.ts';

export class AioPoll extends Observer {
  private readonly context: AioContext;
  private readonly request: Request;
  private readonly file: File;
  private readonly task: Task;
  private readonly events: number;
  private readonly queues: readonly WaitQueue[];

  private constructor(context: AioContext, request: Request, file: File, task: Task, events: number) {
    super();
    this.context = context;
    const { dataLow, dataHigh, iocb, eventfd } = request;
    this.request = { dataLow, dataHigh, iocb, eventfd };
    this.file = file.get();
    this.task = task;
    this.events = events;
    this.queues = file.pollQueues(task, events);
  }

  /** Wait for `events`, or end at once: 0 or -EAGAIN. */
  static begin(context: AioContext, request: Request, file: File, task: Task, wanted: number): number {
    const events = wanted | POLLERR | POLLHUP;
    const ready = file.poll(task) & events;
    if (ready !== 0) {
      context.complete(request, ready);
      return 0;
    }
    const { kernel, memory } = context.mm;
    if (!charge(kernel, memory, PRICE_AIO_REQUEST)) return -EAGAIN;
    const poll = new AioPoll(context, request, file, task, events);
    for (const queue of poll.queues) queue.observe(poll);
    request.eventfd?.get();
    context.polls.set(request.iocb, poll);
    return 0;
  }

  override notify(): boolean {
    const ready = this.file.poll(this.task);
    if ((ready & this.events) === 0) return false;
    // Linux tells what its waker says: both names of an event.
    const read = (this.events & POLLIN) !== 0 ? POLLRDNORM : 0;
    const write = (this.events & POLLOUT) !== 0 ? POLLWRNORM : 0;
    this.end(ready & (this.events | read | write));
    return true;
  }

  /** It ends with no event that would be ready. */
  cancel(): void {
    this.end(0);
  }

  private end(ready: number): void {
    const { context, request } = this;
    for (const queue of this.queues) queue.unobserve(this);
    context.polls.delete(request.iocb);
    uncharge(context.mm.memory, PRICE_AIO_REQUEST);
    context.complete(request, ready);
    request.eventfd?.put();
    this.file.put();
  }
}
