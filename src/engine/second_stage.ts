/** Debian's second stage: the maintainer scripts, run in a container, whose changes become a layer. */

import { changesArchive } from './changes.ts';
import type { Engine } from './engine.ts';
import { HolmError } from './error.ts';
import type { SecondStage } from './image/index.ts';

/** Lines of output that a failure quotes. */
const QUOTED = 6;

/** Run the command of a stage; throws EEXEC when it fails. */
export async function runSecondStage(engine: Engine, stage: Parameters<SecondStage>[0]): Promise<string> {
  const container = await engine.containers.create({
    image: stage.image,
    command: stage.command,
    entrypoint: [],
    env: stage.environment,
    hostname: 'debian',
  });
  try {
    const tail: string[] = [];
    const line = (text: string): void => {
      tail.push(text);
      if (tail.length > QUOTED) tail.shift();
      stage.onLine(text);
    };
    const read = Promise.all([eachLine(container.process.stdout, line), eachLine(container.process.stderr, line)]);
    stage.signal?.throwIfAborted();
    const cancel = (): void => container.kill();
    stage.signal?.addEventListener('abort', cancel);
    await container.start().catch((error: Error) => {
      throw new HolmError('EEXEC', `the packages could not be configured: ${error.message}`, { cause: error });
    });
    const exit = await container.wait();
    stage.signal?.removeEventListener('abort', cancel);
    stage.signal?.throwIfAborted();
    await read;
    if (exit.code !== 0) {
      throw new HolmError('EEXEC', `the packages could not be configured (exit status ${exit.code}): ${tail.join(' | ')}`);
    }
    return await stage.keep(changesArchive(container.changes()));
  } finally {
    await container.remove();
  }
}

async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const text of lines) take(text);
  }
  if (rest !== '') take(rest);
}
