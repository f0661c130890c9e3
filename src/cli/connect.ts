/** Connects this process's standard streams, window size and signals to a container. */

/** A process seen from here: of an engine in this process, or of one elsewhere. */
export interface AttachedProcess {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  /** Empty when the process has a terminal. */
  readonly stderr: ReadableStream<Uint8Array>;
  kill(signal: string): void;
  resize(rows: number, columns: number): void;
}

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** The request to end that is not left to the container. */
const FORCE_AT = 3;

/** Starts pumping; the result restores the terminal and waits until all output is written. */
export async function connect(
  guest: AttachedProcess,
  options: { readonly stdin?: boolean; readonly tty?: boolean; readonly signals?: boolean },
): Promise<() => Promise<void>> {
  const undo: (() => void)[] = [];
  const outputs = [pump(guest.stdout, process.stdout), ...(options.tty ? [] : [pump(guest.stderr, process.stderr)])];

  if (options.stdin) {
    const writer = guest.stdin.getWriter();
    const onData = (chunk: Buffer): void => {
      process.stdin.pause();
      writer.write(chunk).then(
        () => process.stdin.resume(),
        () => process.stdin.pause(),
      );
    };
    const onEnd = (): void => void writer.close().catch(() => undefined);
    process.stdin.on('data', onData).on('end', onEnd);
    undo.push(() => {
      process.stdin.off('data', onData).off('end', onEnd).pause();
      process.stdin.unref?.();
    });
  }
  if (options.tty && process.stdout.isTTY) {
    const resize = (): void => guest.resize(process.stdout.rows, process.stdout.columns);
    resize();
    process.stdout.on('resize', resize);
    undo.push(() => process.stdout.off('resize', resize));
  }
  if (options.tty && options.stdin && process.stdin.isTTY) {
    process.stdin.setRawMode(true);
    const restore = (): void => void process.stdin.setRawMode(false);
    process.on('exit', restore);
    undo.push(() => {
      process.off('exit', restore);
      restore();
    });
  }
  // A first process that ignores signals (as the init of a PID namespace does without a handler) is killed at the third request.
  let requests = 0;
  for (const signal of options.signals === false ? [] : FORWARDED) {
    const forward = (): void => {
      if (signal === 'SIGINT' || signal === 'SIGTERM') requests++;
      if (requests === FORCE_AT) process.stderr.write(`holm: asked ${FORCE_AT} times to end: killing the container\n`);
      guest.kill(requests >= FORCE_AT ? 'SIGKILL' : signal);
    };
    process.on(signal, forward);
    undo.push(() => process.off(signal, forward));
  }
  return async () => {
    await Promise.all(outputs);
    for (const step of undo.reverse()) step();
  };
}

/** Copy a guest stream to one of ours until it ends; a reader that has gone away ends it early. */
async function pump(source: ReadableStream<Uint8Array>, target: NodeJS.WriteStream): Promise<void> {
  let gone = false;
  target.on('error', () => {
    gone = true;
  });
  const reader = source.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (gone) return void (await reader.cancel());
    if (!target.write(value)) await writable(target);
  }
}

/** Waits until a stream takes more, or will never again. */
function writable(target: NodeJS.WriteStream): Promise<void> {
  const events = ['drain', 'error', 'close'] as const;
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of events) target.off(event, done);
      resolve();
    };
    for (const event of events) target.on(event, done);
  });
}
