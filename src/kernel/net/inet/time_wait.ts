/** A closed connection that keeps its port for a minute. Linux: struct inet_timewait_sock. See tcp(7). */

import { IPPROTO_TCP, TCP_TIME_WAIT } from '../../../abi/inet.ts';
import type { Kernel } from '../../kernel.ts';
import { charge, PRICE_TIME_WAIT, uncharge } from '../../mm/price.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import { Timer } from '../../time/timer.ts';
import type { InetSocket } from './inet_socket.ts';
import type { PortHolder } from './port_table.ts';

/** Linux: TCP_TIMEWAIT_LEN. */
const SIXTY_SECONDS = 60e9;

export class TimeWait extends Timer implements PortHolder {
  readonly net: NetNamespace;
  readonly payer: InetSocket['payer'];
  readonly family: number;
  readonly protocol: number = IPPROTO_TCP;
  readonly state: number = TCP_TIME_WAIT;
  readonly local: string;
  readonly localPort: number;
  readonly remote: string | null;
  readonly remotePort: number;
  readonly v6Only: boolean;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  readonly uid: number;
  readonly boundDevice: number;

  private constructor(socket: InetSocket) {
    super();
    this.net = socket.net;
    this.payer = socket.payer;
    this.family = socket.family;
    this.local = socket.local;
    this.localPort = socket.localPort;
    this.remote = socket.remote;
    this.remotePort = socket.remotePort;
    this.v6Only = socket.v6Only;
    this.reuseAddress = socket.reuseAddress;
    this.reusePort = socket.reusePort;
    this.uid = socket.uid;
    this.boundDevice = socket.boundDevice;
  }

  /** Keep the port of a connection that ends; when nobody pays, it is free at once. */
  static begin(socket: InetSocket): void {
    const { kernel, net } = socket;
    if (!charge(kernel, socket.payer, PRICE_TIME_WAIT)) return;
    const waiting = new TimeWait(socket);
    net.ports.add(waiting);
    kernel.timers.arm(waiting, kernel.clock.monotonic() + SIXTY_SECONDS);
  }

  expire(_kernel: Kernel): void {
    this.net.ports.remove(this);
    uncharge(this.payer, PRICE_TIME_WAIT);
  }

  cancel(kernel: Kernel): void {
    kernel.timers.cancel(this);
    this.expire(kernel);
  }
}
