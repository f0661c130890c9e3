/** A socket as two web streams whose directions end on their own. */

import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Connection } from '../../engine/docker/http.ts';

/** `head` is what was read from the socket already. */
export function connectionOf(socket: Socket, head: Uint8Array): Connection {
  socket.setTimeout(0);
  // Nobody reads on: what comes is dropped, so that the other direction can go on.
  const readable = streamOf(socket, { head, cancel: () => socket.resume() });
  const writable = new WritableStream<Uint8Array>({
    start: (controller) => {
      socket.on('close', () => controller.error(new Error('the connection is closed')));
      socket.on('error', (error) => controller.error(error));
    },
    write: (chunk) =>
      new Promise((resolve, reject) => {
        socket.write(chunk, (error) => (error ? reject(error) : resolve()));
      }),
    close: () =>
      new Promise((resolve) => {
        socket.end(() => resolve());
      }),
    abort: () => {
      socket.destroy();
    },
  });
  return { readable, writable };
}

/** What a stream of Node gives, until it ends in whatever way. (Node's own Readable.toWeb may never tell the end of a short one.) */
export function streamOf(
  source: Readable,
  { head = new Uint8Array(), cancel = () => source.destroy() }: { readonly head?: Uint8Array; readonly cancel?: () => unknown } = {},
): ReadableStream<Uint8Array> {
  let ended = false;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const end = (): void => {
          if (ended) return;
          ended = true;
          controller.close();
        };
        if (head.length > 0) controller.enqueue(head);
        source.on('data', (chunk: Buffer) => {
          if (ended) return;
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 1) <= 0) source.pause();
        });
        source.on('end', end).on('error', end).on('close', end);
      },
      pull: () => {
        source.resume();
      },
      cancel: () => {
        ended = true;
        cancel();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 1 << 18 }),
  );
}
