/** The host ends of guest streams: what the kernel's named consoles are bound to. */

import type { Console } from '../platform/console.ts';

/** Bytes that may wait on the host's side before the guest is told to wait. */
const HIGH_WATER = 256 * 1024;

/** Output of a guest as a web stream; bounded, so that a guest that writes faster than we read goes to sleep. */
export class OutputStream implements Console {
  private stream: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;
  private queue: Uint8Array<ArrayBuffer>[] = [];
  private queued = 0;
  private full = false;
  private ended = false;
  /** The reader has gone away. */
  private canceled = false;
  private controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;
  private wanted = false;
  private readonly onRoom: () => void;

  /** `onRoom` is called when a full stream can take bytes again. */
  constructor(onRoom: () => void) {
    this.onRoom = onRoom;
  }

  /** Made when somebody wants it: nobody reads what most containers print. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.stream ??= new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          this.controller = controller;
        },
        pull: () => {
          this.wanted = true;
          this.deliver();
        },
        cancel: () => {
          this.ended = true;
          this.canceled = true;
          this.queue = [];
          this.queued = 0;
          this.onRoom();
        },
      },
      { highWaterMark: 0 },
    );
    return this.stream;
  }

  write(bytes: Uint8Array): number {
    if (this.canceled) return -1;
    if (this.ended) return bytes.length;
    const room = HIGH_WATER - this.queued;
    if (room <= 0) {
      this.full = true;
      return 0;
    }
    const taken = bytes.slice(0, Math.min(room, bytes.length));
    this.queue.push(taken);
    this.queued += taken.length;
    this.deliver();
    return taken.length;
  }

  /** No guest will write any more. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.deliver();
  }

  private deliver(): void {
    if (this.controller === null || !this.wanted) return;
    if (this.queue.length > 0) {
      this.wanted = false;
      const chunk = this.queue.length === 1 ? this.queue[0]! : concat(this.queue, this.queued);
      this.queue = [];
      this.queued = 0;
      this.controller.enqueue(chunk);
      if (this.full) {
        this.full = false;
        this.onRoom();
      }
    } else if (this.ended) {
      this.controller.close();
      this.controller = null;
    }
  }
}

/** One array from many. */
export function concat(
  chunks: readonly Uint8Array[],
  length: number = chunks.reduce((sum, c) => sum + c.length, 0),
): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Read a stream to its end. */
export async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concat(chunks);
    chunks.push(value);
  }
}
