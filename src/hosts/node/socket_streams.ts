/** A socket as two web streams whose directions end on their own. */

import type { Socket } from 'node:net';
import type { Connection } from '../../engine/docker/http.ts';

/** `head` is what was read from the socket already. */
export function connectionOf(socket: Socket, head: Uint8Array): Connection {
  socket.setTimeout(0);
  let readEnded = false;
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const end = (): void => {
          if (readEnded) return;
          readEnded = true;
          controller.close();
        };
        if (head.length > 0) controller.enqueue(head);
        socket.on('data', (chunk: Buffer) => {
          if (readEnded) return;
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 1) <= 0) socket.pause();
        });
        socket.on('end', end).on('error', end).on('close', end);
      },
      pull: () => {
        socket.resume();
      },
      // Nobody reads on; what comes is dropped, so that the other direction can go on.
      cancel: () => {
        readEnded = true;
        socket.resume();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 1 << 18 }),
  );
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
