/** The other side of a container's terminal: a stream of the host, by name. */

import type { DevptsSuperBlock } from '../../fs/devpts/devpts.ts';
import type { Kernel } from '../../kernel.ts';
import type { Tty, TtyPeer } from '../tty/tty.ts';

/** Bytes handed to the host at once. */
const CHUNK = 65536;

export class HostTerminal implements TtyPeer {
  private readonly kernel: Kernel;
  private readonly name: string;
  private readonly devpts: DevptsSuperBlock;

  constructor(kernel: Kernel, name: string, devpts: DevptsSuperBlock) {
    this.kernel = kernel;
    this.name = name;
    this.devpts = devpts;
  }

  outputAdded(tty: Tty): void {
    const host = this.kernel.platform.console(this.name);
    const { queue } = tty.output;
    if (host === null) queue.clear();
    else {
      while (queue.length > 0) {
        const part = queue.peek(CHUNK);
        const taken = host.write(part);
        queue.drop(taken < 0 ? queue.length : taken);
        if (taken < part.length) break;
      }
    }
    if (queue.length === 0) tty.outputTaken();
  }

  inputTaken(): void {}

  packetStatus(): void {}

  closed(): void {}

  /** The host's end is gone for good. */
  end(tty: Tty): void {
    this.devpts.remove(tty);
    tty.dead = true;
    tty.hangup();
  }
}
