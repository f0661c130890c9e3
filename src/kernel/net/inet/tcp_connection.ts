/** The connection of a TCP socket: two sockets joined, as long as there is a path between them. Linux: net/ipv4/tcp_input.c, tcp_output.c. See tcp(7). */

import { ECONNREFUSED, ECONNRESET, EHOSTUNREACH, EPIPE, ETIMEDOUT } from '../../../abi/errno.ts';
import * as i from '../../../abi/inet.ts';
import { charge, PRICE_SOCKET } from '../../mm/price.ts';
import type { Timespec } from '../../vfs/inode.ts';
import type { NetDevice } from '../device/net_device.ts';
import { isIp4 } from '../ip_address.ts';
import { countTraffic, findPath, NO_NEIGHBOUR } from '../route/path.ts';
import { RCV_SHUTDOWN, SHUTDOWN_MASK } from '../socket.ts';
import { arrivalTime } from '../timestamp.ts';
import { InetSocket } from './inet_socket.ts';
import type { PortHolder } from './port_table.ts';
import { TcpBuffer } from './tcp_buffer.ts';
import type { TcpSocket } from './tcp_socket.ts';
import { TcpTimer } from './tcp_timer.ts';
import { TcpUrgent } from './tcp_urgent.ts';
import { TimeWait } from './time_wait.ts';

/** What a connected socket can have unsent, unless SO_SNDBUF says otherwise: what Linux gives one over lo. */
const CONNECTED_SEND_BUFFER = 2626560;
const HEADERS4 = 52;
const HEADERS6 = 72;
const SYN_HEADERS = 8;
/** Linux: tcp_syn_retries; a link is asked for a neighbour for three seconds. */
const SYN_RETRIES = 6;
const NEIGHBOUR_TRIES = 2;

export abstract class TcpConnection extends InetSocket {
  tcpState: number = i.TCP_CLOSE;
  /** The other end; null when it does not exist (any more). */
  peer: TcpSocket | null = null;
  readonly unsent: TcpBuffer = new TcpBuffer();
  readonly received: TcpBuffer = new TcpBuffer();
  /** When the last of it came, if the program wants to know. */
  lastArrival: Timespec | null = null;
  /** Where in the stream `received` begins. Linux: copied_seq. */
  copied = 0;
  readonly urgent: TcpUrgent = new TcpUrgent();
  /** Where in the stream of the other end the last byte was followed that was sent with MSG_OOB. Linux: snd_up. */
  protected urgentEnd = 0;
  /** Armed while a SYN or data find no way. */
  timer: TcpTimer | null = null;
  /** Nobody has the socket any more. */
  dead = false;
  /** SO_SNDBUF was set. */
  sendBufferLocked = false;
  /** Connections that wait for accept(2), and those that wait for room there. */
  readonly pending: TcpSocket[] = [];
  readonly waiting: Set<TcpSocket> = new Set();
  backlog = 0;
  /** A FIN shall follow the last byte. */
  private finWanted = false;
  private finSent = false;
  protected finReceived = false;
  /** The devices between the ends, when they were last looked up. */
  private hops: readonly NetDevice[] | null = null;
  private hopsVersion = -1;

  override get state(): number {
    return this.tcpState;
  }

  protected abstract get self(): TcpSocket;

  /** Send a SYN: the connection is there, refused, or waits. */
  trySyn(tries: number): void {
    const last = tries > SYN_RETRIES;
    const arrival = this.pathTo(this.remote!, this.remoteScope);
    if (typeof arrival === 'number') {
      if (arrival < 0) this.fail(-arrival);
      else if (arrival === NO_NEIGHBOUR && tries >= NEIGHBOUR_TRIES) this.fail(EHOSTUNREACH);
      else if (last) this.fail(ETIMEDOUT);
      else this.wait();
      return;
    }
    const { net, device, hops } = arrival;
    const packet = { source: this.local, sourcePort: this.localPort, destination: this.remote!, device: device.index };
    // Answers need a way back.
    const back = findPath(net, this.local, null, net.sysctls.defaultTtl);
    if (typeof back === 'number' || back.net !== this.net) {
      if (last) this.fail(ETIMEDOUT);
      else this.wait();
      return;
    }
    countTraffic(hops, 1, this.headers + SYN_HEADERS);
    countTraffic(back.hops, 1, this.headers + SYN_HEADERS);
    const listener = net.ports.find(net.ports.on(i.IPPROTO_TCP, this.remotePort), isListener, packet);
    if (listener !== null) listener.answerSyn(this.self, last);
    else if (net === this.net && this.remote === this.local && this.remotePort === this.localPort) this.join(this.self);
    else this.fail(ECONNREFUSED);
  }

  private get headers(): number {
    return isIp4(this.remote!) ? HEADERS4 : HEADERS6;
  }

  private wait(): void {
    this.timer ??= new TcpTimer(this.self, true);
  }

  /** A listener gets a SYN: there is room in the backlog, or the client waits and tries again. */
  answerSyn(client: TcpSocket, last: boolean): void {
    const child = this.pending.length > this.backlog || !charge(this.kernel, this.payer, PRICE_SOCKET) ? null : this.makeChild(client);
    if (child === null) {
      if (last) client.fail(ETIMEDOUT);
      else {
        this.waiting.add(client);
        client.wait();
      }
      return;
    }
    this.waiting.delete(client);
    this.net.ports.add(child);
    child.join(client);
    client.join(child);
    this.pending.push(child);
    this.arrived.wakeAll();
  }

  protected abstract makeChild(client: TcpSocket): TcpSocket;

  /** accept(2) has made room. */
  protected admit(): void {
    for (const client of this.waiting) {
      this.waiting.delete(client);
      if (client.tcpState !== i.TCP_SYN_SENT) continue;
      client.trySyn(0);
      return;
    }
  }

  private join(other: TcpSocket): void {
    this.stopTimer();
    this.peer = other;
    this.tcpState = i.TCP_ESTABLISHED;
    this.hopsVersion = -1;
    if (!this.sendBufferLocked) this.sendBuffer = CONNECTED_SEND_BUFFER;
    this.wakeAll();
  }

  /** The connection could not be made, or ended with an error. */
  fail(errno: number): void {
    this.error = errno;
    this.finish();
  }

  /** Nothing moves any more. Linux: tcp_done. */
  private finish(): void {
    this.stopTimer();
    this.tcpState = i.TCP_CLOSE;
    this.shutdownMask = SHUTDOWN_MASK;
    this.peer = null;
    this.unsent.clear();
    if (this.dead) this.bury();
    this.wakeAll();
  }

  /** A socket that nobody has keeps its port until its connection ends. */
  private bury(): void {
    this.received.clear();
    this.unsent.clear();
    this.leavePort();
  }

  wakeAll(): void {
    this.arrived.wakeAll();
    this.drained.wakeAll();
  }

  private stopTimer(): void {
    if (this.timer !== null) this.kernel.timers.cancel(this.timer);
    this.timer = null;
  }

  /** Whether packets reach the other end now. */
  private get connected(): boolean {
    const { kernel } = this;
    if (this.hopsVersion !== kernel.topology) {
      this.hopsVersion = kernel.topology;
      const there = this.pathTo(this.remote!, this.remoteScope);
      const { peer } = this;
      const back = peer === null ? null : findPath(peer.net, this.local, null, peer.hopLimit);
      const whole =
        typeof there !== 'number' && (peer === null || (there.net === peer.net && typeof back !== 'number' && back!.net === this.net));
      this.hops = whole ? there.hops : null;
    }
    return this.hops !== null;
  }

  /** Where in the stream the next byte will be. Linux: rcv_nxt. */
  get receivedEnd(): number {
    return this.copied + this.received.length;
  }

  /** The first `count` bytes are read, or passed. */
  consume(count: number): void {
    this.received.drop(count);
    this.copied += count;
    this.urgent.pass(this.copied);
  }

  /** Room for what is sent, that the other end offers. */
  private get window(): number {
    return Math.max(0, this.receiveBuffer - this.received.length);
  }

  /** Send what can be sent: data, then the FIN. */
  push(): void {
    if (this.unsent.length === 0 && (!this.finWanted || this.finSent)) return;
    if (!this.connected) {
      this.timer ??= new TcpTimer(this.self, false);
      return;
    }
    this.stopTimer();
    const { peer } = this;
    if (this.unsent.length > 0) {
      if (peer === null || peer.dead) {
        this.unsent.clear();
        peer?.finishDead();
        this.reset();
        return;
      }
      if (this.urgentEnd > peer.receivedEnd) peer.urgent.announce(peer, this.urgentEnd - 1);
      const moved = this.unsent.moveTo(peer.received, peer.window);
      if (moved > 0) {
        peer.lastArrival = arrivalTime(peer);
        const mtu = this.hops![0]!.mtu;
        const packets = Math.ceil(moved / (mtu - this.headers));
        countTraffic(this.hops!, packets, moved + packets * this.headers);
        peer.urgent.arrive(peer);
        peer.arrived.wakeAll();
        this.drained.wakeAll();
      }
    }
    if (this.unsent.length === 0 && this.finWanted && !this.finSent) this.sendFin();
  }

  tryData(last: boolean): void {
    if (last && !this.connected) this.fail(ETIMEDOUT);
    else if (this.connected) this.push();
  }

  /** The program will send no more. */
  protected endSending(): void {
    if (this.finWanted) return;
    this.finWanted = true;
    this.tcpState = this.tcpState === i.TCP_CLOSE_WAIT ? i.TCP_LAST_ACK : i.TCP_FIN_WAIT1;
    this.push();
  }

  private sendFin(): void {
    this.finSent = true;
    const { peer } = this;
    countTraffic(this.hops!, 1, this.headers);
    if (this.finReceived) {
      // The other end was first; it keeps the port for a while.
      this.tcpState = i.TCP_CLOSE;
      if (peer !== null) peer.finIn();
      this.peer = null;
      if (this.dead) this.bury();
      return;
    }
    this.tcpState = i.TCP_FIN_WAIT2;
    peer?.finIn();
    if (this.dead && this.peer !== null) this.becomeTimeWait();
  }

  /** The other end has sent its last byte. */
  finIn(): void {
    this.finReceived = true;
    this.shutdownMask |= RCV_SHUTDOWN;
    if (this.finSent) {
      this.peer = null;
      this.becomeTimeWait();
    } else if (this.tcpState === i.TCP_ESTABLISHED) this.tcpState = i.TCP_CLOSE_WAIT;
    this.wakeAll();
  }

  /** Both ends have said all, or this one is forgotten: only the port is kept. Linux: tcp_time_wait. */
  private becomeTimeWait(): void {
    this.stopTimer();
    TimeWait.begin(this);
    this.tcpState = i.TCP_CLOSE;
    if (this.peer !== null && this.peer.peer === this.self) this.peer.peer = null;
    this.peer = null;
    this.portMoves();
    if (this.dead) this.bury();
  }

  /** The port belongs to what waits; the socket still shows it. */
  private portMoves(): void {
    this.net.ports.remove(this);
  }

  /** A RST arrives. Linux: tcp_reset. */
  reset(): void {
    this.error = this.tcpState === i.TCP_CLOSE_WAIT ? EPIPE : this.tcpState === i.TCP_SYN_SENT ? ECONNREFUSED : ECONNRESET;
    this.finish();
  }

  /** Break the connection: the other end gets a RST. */
  protected abort(): void {
    const { peer } = this;
    this.peer = null;
    this.tcpState = i.TCP_CLOSE;
    this.stopTimer();
    if (peer !== null && peer !== this.self) peer.reset();
    this.received.clear();
    this.unsent.clear();
  }

  private finishDead(): void {
    this.peer = null;
    this.tcpState = i.TCP_CLOSE;
    this.stopTimer();
    this.bury();
  }

  /** Whether a RST rather than a FIN ends it: something was not read, or SO_LINGER wants it so. */
  protected close(): void {
    const { tcpState } = this;
    if (tcpState === i.TCP_LISTEN) {
      for (const child of this.pending.splice(0)) {
        child.abort();
        child.put();
      }
      for (const client of [...this.waiting]) if (client.tcpState === i.TCP_SYN_SENT) client.trySyn(0);
      this.waiting.clear();
      this.bury();
    } else if (tcpState === i.TCP_SYN_SENT || tcpState === i.TCP_CLOSE) {
      this.stopTimer();
      this.bury();
    } else if (this.received.length > 0 || this.linger === 0) {
      this.abort();
      this.bury();
    } else if (this.finSent) {
      this.becomeTimeWait();
    } else this.endSending();
  }
}

const isListener = (holder: PortHolder): holder is TcpSocket => holder instanceof TcpConnection && holder.state === i.TCP_LISTEN;
