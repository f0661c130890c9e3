/** A connection that waits for its path: SYNs and data are sent again after growing intervals. Linux: net/ipv4/tcp_timer.c. */

import type { Kernel } from '../../kernel.ts';
import { Timer } from '../../time/timer.ts';
import type { TcpSocket } from './tcp_socket.ts';

/** Linux: TCP_TIMEOUT_INIT, TCP_RTO_MIN, TCP_RTO_MAX, tcp_retries2. */
const SYN_INTERVAL = 1e9;
const DATA_INTERVAL = 200e6;
const LONGEST = 120e9;
const DATA_RETRIES = 15;

export class TcpTimer extends Timer {
  private readonly socket: TcpSocket;
  private readonly connecting: boolean;
  private tries = 0;

  constructor(socket: TcpSocket, connecting: boolean) {
    super();
    this.socket = socket;
    this.connecting = connecting;
    this.arm();
  }

  private arm(): void {
    const { kernel } = this.socket;
    const first = this.connecting ? SYN_INTERVAL : DATA_INTERVAL;
    kernel.timers.arm(this, kernel.clock.monotonic() + Math.min(LONGEST, first * 2 ** this.tries));
  }

  expire(_kernel: Kernel): void {
    this.tries++;
    if (this.connecting) this.socket.trySyn(this.tries);
    else this.socket.tryData(this.tries > DATA_RETRIES);
    if (this.socket.timer === this) this.arm();
  }
}
