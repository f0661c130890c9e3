/** The engine as the command uses it. */

import { createEngine, type Engine } from '../hosts/node/index.ts';

export function openEngine(): Promise<Engine> {
  const clear = process.stderr.isTTY ? '\r\x1b[K' : '';
  return createEngine({ onWait: (reason) => process.stderr.write(`${clear}holm: ${reason}\n`) });
}

/** Do long work that Ctrl-C ends. A second one ends the process at once; the store is whole at any moment. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const cancel = (): void => abort.abort();
  process.once('SIGINT', cancel);
  process.once('SIGTERM', cancel);
  try {
    return await work(abort.signal);
  } finally {
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  }
}
