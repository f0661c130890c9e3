/** A terminal: the slave side of a pseudo-terminal, whose other side is a master file or a stream of the host. Linux: struct tty_struct, drivers/tty. */

import { SIGCONT, SIGHUP, SIGWINCH } from '../../../abi/signal.ts';
import {
  EXTPROC,
  IXON,
  TIOCPKT_DOSTOP,
  TIOCPKT_FLUSHREAD,
  TIOCPKT_FLUSHWRITE,
  TIOCPKT_IOCTL,
  TIOCPKT_NOSTOP,
  TIOCPKT_START,
  TIOCPKT_STOP,
  VSTART,
  VSTOP,
} from '../../../abi/termios.ts';
import { sendToProcess, signalProcessGroup } from '../../signal/send.ts';
import { kernelInfo } from '../../signal/sig_info.ts';
import type { Pid } from '../../task/pid.ts';
import type { Task } from '../../task/task.ts';
import type { ControllingTerminal, ThreadGroup } from '../../task/thread_group.ts';
import { WaitQueue } from '../../task/wait_queue.ts';
import { ByteQueue } from './byte_queue.ts';
import { type LineHost, NTty } from './n_tty.ts';
import { initialTermios, type Termios } from './termios.ts';
import { TtyOutput } from './tty_output.ts';

/** Bytes typed that the line discipline has no room for yet. Linux: the flip buffer of a pty. */
const INPUT_SIZE = 8192;

export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
  readonly xpixel: number;
  readonly ypixel: number;
}

/** Who takes a terminal's output. Implementations are data plus the methods. */
export interface TtyPeer {
  /** There are bytes in tty.output.queue. */
  outputAdded(tty: Tty): void;
  /** The line has room for bytes from the other side again. */
  inputTaken(tty: Tty): void;
  /** TIOCPKT_ bits for a master in packet mode. */
  packetStatus(bits: number): void;
  /** The last open file of the terminal was closed. */
  closed(tty: Tty): void;
}

export class Tty implements ControllingTerminal, LineHost {
  /** N of /dev/pts/N. */
  readonly index: number;
  readonly peer: TtyPeer;
  termios: Termios = initialTermios;
  winsize: WindowSize = { rows: 0, columns: 0, xpixel: 0, ypixel: 0 };
  readonly line: NTty = new NTty();
  readonly output: TtyOutput = new TtyOutput();
  /** Woken when a read, a write may go on. */
  readonly readable: WaitQueue = new WaitQueue();
  readonly writable: WaitQueue = new WaitQueue();
  /** The session that it controls and the group in its foreground. */
  session: Pid | null = null;
  foreground: Pid | null = null;
  /** Open files. */
  opens = 0;
  /** Files opened before the last hang-up are dead. */
  hangups = 0;
  /** The other side is gone for good. */
  dead = false;
  /** TIOCEXCL: nobody without CAP_SYS_ADMIN may open it again. */
  exclusive = false;
  /** TIOCSPTLCK: it cannot be opened yet. */
  locked = false;
  /** A master in packet mode wants to know of changes. */
  packetMode = false;
  /** When the last byte was received, monotonic (VTIME). */
  lastInput = 0;
  private readonly incoming: ByteQueue = new ByteQueue(INPUT_SIZE);

  constructor(index: number, peer: TtyPeer) {
    this.index = index;
    this.peer = peer;
  }

  /** Bytes from the other side: how many were taken. */
  receive(bytes: Uint8Array, now = 0): number {
    let taken = 0;
    while (taken < bytes.length) {
      const part = this.incoming.push(bytes.subarray(taken));
      taken += part;
      this.processInput(now);
      if (part === 0) break;
    }
    return taken;
  }

  /** Room for bytes from the other side. */
  get inputRoom(): number {
    return this.incoming.room;
  }

  /** Hand waiting bytes to the line discipline as long as it has room. */
  processInput(now: number = this.lastInput): void {
    const { incoming, line } = this;
    let processed = 0;
    while (incoming.length > 0 && line.room(this.termios) > 0) {
      const byte = incoming.peek(1)[0]!;
      incoming.drop(1);
      line.receive(this, byte);
      processed++;
    }
    if (processed === 0) return;
    this.lastInput = now;
    this.flushOutput();
    if (line.available(this.termios) > 0) this.readable.wakeAll();
  }

  /** A reader has taken bytes: more may come in. */
  inputTaken(): void {
    if (this.incoming.length === 0) return;
    const before = this.incoming.room;
    this.processInput();
    if (this.incoming.room > before) this.peer.inputTaken(this);
  }

  /** Let echoes into the output and tell the other side of it. */
  flushOutput(): void {
    this.output.flushEchoes();
    if (this.output.queue.length > 0) this.peer.outputAdded(this);
  }

  /** The other side has taken output. */
  outputTaken(): void {
    this.output.flushEchoes();
    this.writable.wakeAll();
  }

  /** The host can take bytes again. */
  outputReady(): void {
    this.peer.outputAdded(this);
  }

  /** Output that the other side has not taken. */
  get unsent(): number {
    return this.output.queue.length;
  }

  signalForeground(signo: number): void {
    if (this.foreground !== null) signalProcessGroup(this.foreground, kernelInfo(signo));
  }

  dropOutput(): void {
    this.output.queue.clear();
    this.peer.packetStatus(TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
    this.writable.wakeAll();
  }

  stopOutput(): void {
    if (this.output.stopped) return;
    this.output.stopped = true;
    this.peer.packetStatus(TIOCPKT_STOP);
  }

  startOutput(): void {
    if (!this.output.stopped || this.output.stoppedByIoctl) return;
    this.output.stopped = false;
    this.peer.packetStatus(TIOCPKT_START);
    this.flushOutput();
    this.writable.wakeAll();
  }

  /** TCFLSH of typed bytes. */
  flushInput(): void {
    this.incoming.clear();
    this.line.flush();
    this.peer.packetStatus(TIOCPKT_FLUSHREAD);
    this.peer.inputTaken(this);
  }

  setTermios(to: Termios): void {
    const from = this.termios;
    this.termios = to;
    this.line.modesChanged(from, to);
    if ((from.iflag & IXON) !== 0 && (to.iflag & IXON) === 0 && !this.output.stoppedByIoctl) this.startOutput();
    if (this.packetMode) {
      const stops = ({ iflag, cc }: Termios): boolean => (iflag & IXON) !== 0 && cc[VSTART] === 17 && cc[VSTOP] === 19;
      if (stops(from) !== stops(to)) this.peer.packetStatus(stops(to) ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
      if (((from.lflag | to.lflag) & EXTPROC) !== 0) this.peer.packetStatus(TIOCPKT_IOCTL);
    }
    this.processInput();
    this.readable.wakeAll();
    this.writable.wakeAll();
  }

  /** The size of the screen; programs in the foreground hear of a change. */
  setWindowSize(size: WindowSize): void {
    const old = this.winsize;
    if (old.rows === size.rows && old.columns === size.columns && old.xpixel === size.xpixel && old.ypixel === size.ypixel) return;
    this.winsize = size;
    this.signalForeground(SIGWINCH);
  }

  resize(rows: number, columns: number): void {
    this.setWindowSize({ ...this.winsize, rows, columns });
  }

  /** Make it the controlling terminal of the caller's session. Linux: proc_set_tty. */
  control(task: Task): void {
    const { group } = task;
    this.session = group.session;
    this.foreground = group.processGroup;
    group.terminal = this;
  }

  /** The session leader exits. Linux: disassociate_ctty(1). */
  disassociate(leader: ThreadGroup): void {
    if (leader.session !== this.session) return;
    const { foreground } = this;
    this.release();
    if (foreground !== null) signalProcessGroup(foreground, kernelInfo(SIGHUP));
  }

  /** The session leader gives it up by TIOCNOTTY. */
  giveUp(): void {
    const { foreground } = this;
    this.release();
    if (foreground === null) return;
    signalProcessGroup(foreground, kernelInfo(SIGHUP));
    signalProcessGroup(foreground, kernelInfo(SIGCONT));
  }

  /** It is nobody's controlling terminal any more. Linux: session_clear_tty. */
  release(): void {
    const { session } = this;
    if (session !== null) for (const { group } of session.session) if (group.terminal === this) group.terminal = null;
    this.session = this.foreground = null;
  }

  /** The other side is gone, or vhangup(2): all open files are dead, the session hears of it. Linux: __tty_hangup. */
  hangup(): void {
    this.hangups++;
    const { session, foreground } = this;
    this.release();
    if (session !== null) {
      for (const { group } of [...session.session]) {
        if (!group.sessionLeader) continue;
        sendToProcess(group, kernelInfo(SIGHUP));
        sendToProcess(group, kernelInfo(SIGCONT));
      }
    }
    if (foreground !== null && this.dead) signalProcessGroup(foreground, kernelInfo(SIGHUP));
    this.incoming.clear();
    this.line.flush();
    this.readable.wakeAll();
    this.writable.wakeAll();
  }

  opened(): void {
    this.opens++;
  }

  /** A file was closed; with the last one the input that nobody has read is lost. */
  closedOne(): void {
    if (--this.opens > 0) return;
    this.line.flush();
    this.exclusive = false;
    this.peer.closed(this);
  }
}
