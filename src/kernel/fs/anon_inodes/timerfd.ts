/** A timer that can be read. Linux: fs/timerfd.c. See timerfd_create(2). */

import { EAGAIN, EINVAL } from '../../../abi/errno.ts';
import { O_NONBLOCK } from '../../../abi/fcntl.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { WaitQueue } from '../../task/wait_queue.ts';
import { Timer } from '../../time/timer.ts';
import { POLLIN, POLLRDNORM } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { AnonymousFile } from './anonymous.ts';

class Expiry extends Timer {
  readonly file: TimerFile;
  constructor(file: TimerFile) {
    super();
    this.file = file;
  }
  expire(): void {
    this.file.expire();
  }
}

export class TimerFile extends AnonymousFile {
  readonly kind = 'timerfd';
  readonly clock: number;
  /** Nanoseconds; 0 for a timer that expires once. */
  private interval = 0;
  private settimeFlags = 0;
  /** Expirations that nobody has read, as far as they have been counted. */
  private ticks = 0;
  /** It has expired, and if periodic does not run until it is read. Linux: ctx->expired. */
  private expired = false;
  private readonly timer: Expiry = new Expiry(this);
  private readonly expiredQueue: WaitQueue = new WaitQueue();

  constructor(kernel: Kernel, flags: number, clock: number) {
    super(kernel, flags);
    this.clock = clock;
  }

  override release(): void {
    this.kernel.timers.cancel(this.timer);
  }

  /** Arm it for `deadline` (monotonic; Infinity disarms) and every `interval` after that. */
  set(deadline: number, interval: number, flags: number): void {
    this.kernel.timers.cancel(this.timer);
    this.timer.deadline = deadline;
    this.interval = interval;
    this.settimeFlags = flags;
    this.ticks = 0;
    this.expired = false;
    if (deadline === Number.POSITIVE_INFINITY) return;
    if (deadline <= this.kernel.clock.monotonic()) this.expire();
    else this.kernel.timers.arm(this.timer, deadline);
  }

  expire(): void {
    this.expired = true;
    this.ticks++;
    this.expiredQueue.wakeAll();
  }

  /** Nanoseconds to the next expiration, 0 when disarmed, and the interval. */
  remaining(): readonly [remaining: number, interval: number] {
    this.catchUp();
    this.restart();
    const armed = this.timer.slot >= 0;
    return [armed ? Math.max(1, this.timer.deadline - this.kernel.clock.monotonic()) : 0, this.interval];
  }

  override read(task: Task, iter: IovIter): number {
    if (iter.remaining < 8) return -EINVAL;
    this.catchUp();
    if (this.ticks === 0) return (this.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([this.expiredQueue]);
    const ready = iter.prepare(8, true);
    if (ready < 0) return ready;
    this.restart();
    const failed = iter.put(new Uint8Array(BigUint64Array.of(BigInt(this.ticks)).buffer));
    if (failed < 0) return failed;
    this.ticks = 0;
    return 8;
  }

  override poll(): number {
    this.catchUp();
    return this.ticks > 0 ? POLLIN | POLLRDNORM : 0;
  }

  override pollQueues(): readonly WaitQueue[] {
    return [this.expiredQueue];
  }

  override fdinfo(): string {
    const [remaining, interval] = this.remaining();
    const pair = (ns: number): string => `(${Math.floor(ns / 1e9)}, ${Math.floor(ns % 1e9)})`;
    return (
      `clockid: ${this.clock}\nticks: ${this.ticks}\nsettime flags: 0${this.settimeFlags.toString(8)}\n` +
      `it_value: ${pair(remaining)}\nit_interval: ${pair(interval)}\n`
    );
  }

  /** The time may have come without the kernel having looked at its timers. */
  private catchUp(): void {
    if (this.timer.slot < 0 || this.timer.deadline > this.kernel.clock.monotonic()) return;
    this.kernel.timers.cancel(this.timer);
    this.expire();
  }

  /** A periodic timer that has expired runs again: count what it missed. Linux: hrtimer_forward_now. */
  private restart(): void {
    if (!this.expired || this.interval === 0) return;
    this.expired = false;
    const missed = Math.floor((this.kernel.clock.monotonic() - this.timer.deadline) / this.interval);
    this.ticks += missed;
    this.kernel.timers.arm(this.timer, this.timer.deadline + (missed + 1) * this.interval);
  }
}
