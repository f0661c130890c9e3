/** Random bytes: from the system's device where there is one, because loading node:crypto takes milliseconds of every start. */

import { randomFillSync } from 'node:crypto';
import { openSync, readSync } from 'node:fs';

const DEVICE = '/dev/urandom';

/** Its descriptor; null where there is none, undefined before it was looked for. */
let device: number | null | undefined;

function openDevice(): number | null {
  try {
    return openSync(DEVICE, 'r');
  } catch {
    return null;
  }
}

/** Fill with bytes fit for keys. */
export function fillRandom(bytes: Uint8Array): void {
  if (device === undefined) device = openDevice();
  if (device === null) {
    randomFillSync(bytes);
    return;
  }
  for (let done = 0; done < bytes.length; ) done += readSync(device, bytes, done, bytes.length - done, null);
}
