/** The line discipline: from the bytes of a keyboard to what read(2) sees. Linux: drivers/tty/n_tty.c. See termios(3). */

import { SIGINT, SIGQUIT, SIGTSTP } from '../../../abi/signal.ts';
import * as abi from '../../../abi/termios.ts';
import { eraseInput } from './n_tty_erase.ts';
import type { Termios } from './termios.ts';
import type { TtyOutput } from './tty_output.ts';

/** Bytes of input; a line has at most 4095 and its end. */
export const N_TTY_BUF_SIZE = 4096;
const MASK = N_TTY_BUF_SIZE - 1;
const NEWLINE = 10;
const RETURN = 13;
/** Stands in the buffer for the EOF character. Linux: __DISABLED_CHAR. */
const END_OF_FILE = 0;

/** What the discipline asks of its terminal. */
export interface LineHost {
  termios: Termios;
  readonly output: TtyOutput;
  /** Send a signal to the foreground process group. */
  signalForeground(signo: number): void;
  /** An INTR, QUIT or SUSP character: what was written and not yet shown is dropped. */
  dropOutput(): void;
  stopOutput(): void;
  startOutput(): void;
}

/** Positions count for ever and are masked on access. */
export class NTty {
  readonly buffer: Uint8Array = new Uint8Array(N_TTY_BUF_SIZE);
  /** 1 where a line ends. */
  private readonly lineEnds: Uint8Array = new Uint8Array(N_TTY_BUF_SIZE);
  head = 0;
  tail = 0;
  /** One past the last complete line. */
  canonHead = 0;
  /** The next byte is taken literally. */
  private literal = false;
  /** Inside the \…/ that ECHOPRT shows. */
  erasing = false;

  /** Bytes that a read could see. */
  available({ lflag }: Termios): number {
    return (isCanonical(lflag) ? this.canonHead : this.head) - this.tail;
  }

  /** How many bytes can be received now. A full line in canonical mode takes more and loses all but the last. */
  room({ lflag, iflag }: Termios): number {
    let room = N_TTY_BUF_SIZE - (this.head - this.tail);
    if ((iflag & abi.PARMRK) !== 0) room = Math.ceil(room / 3);
    room--;
    if (room > 0) return room;
    return isCanonical(lflag) && this.canonHead === this.tail ? 1 : 0;
  }

  /** Receive one byte; the caller has asked for room. */
  receive(host: LineHost, input: number): void {
    const { termios, output } = host;
    const { iflag, lflag, cc } = termios;
    if (isCanonical(lflag) && this.head - this.tail >= N_TTY_BUF_SIZE && this.canonHead === this.tail) this.head--;
    let byte = input;
    if (this.literal) {
      this.literal = false;
      if ((iflag & abi.ISTRIP) !== 0) byte &= 0x7f;
      this.plain(host, byte);
      return;
    }
    if ((iflag & abi.ISTRIP) !== 0) byte &= 0x7f;
    if ((iflag & abi.IUCLC) !== 0 && (lflag & abi.IEXTEN) !== 0 && byte >= 65 && byte <= 90) byte += 32;
    if ((lflag & abi.EXTPROC) !== 0) {
      this.put(byte);
      return;
    }
    if ((iflag & abi.IXON) !== 0) {
      if (is(cc, abi.VSTART, byte)) {
        host.startOutput();
        return;
      }
      if (is(cc, abi.VSTOP, byte)) {
        host.stopOutput();
        return;
      }
    }
    if ((lflag & abi.ISIG) !== 0) {
      const signo = is(cc, abi.VINTR, byte) ? SIGINT : is(cc, abi.VQUIT, byte) ? SIGQUIT : is(cc, abi.VSUSP, byte) ? SIGTSTP : 0;
      if (signo !== 0) {
        this.signal(host, signo, byte);
        return;
      }
    }
    if (output.stopped && !output.stoppedByIoctl && (iflag & (abi.IXON | abi.IXANY)) === (abi.IXON | abi.IXANY)) host.startOutput();
    if (byte === RETURN) {
      if ((iflag & abi.IGNCR) !== 0) return;
      if ((iflag & abi.ICRNL) !== 0) byte = NEWLINE;
    } else if (byte === NEWLINE && (iflag & abi.INLCR) !== 0) byte = RETURN;
    if (isCanonical(lflag) && this.canonical(host, byte)) return;
    this.plain(host, byte);
  }

  /** Take up to `max` bytes of what `available` counts: of one line in canonical mode. Returns them, without an EOF character. */
  take(max: number, { lflag }: Termios): Uint8Array {
    if (!isCanonical(lflag)) return this.copy(Math.min(max, this.head - this.tail));
    const limit = Math.min(max, this.canonHead - this.tail);
    let count = 0;
    while (count < limit && this.lineEnds[(this.tail + count) & MASK] === 0) count++;
    if (count < limit) {
      const end = (this.tail + count) & MASK;
      this.lineEnds[end] = 0;
      if (this.buffer[end] !== END_OF_FILE) return this.copy(count + 1);
      const bytes = this.copy(count);
      this.tail++;
      return bytes;
    }
    const bytes = this.copy(count);
    // The buffer of the program is full right before an EOF: it has done its work. Linux: canon_skip_eof.
    const next = this.tail & MASK;
    if (this.tail < this.canonHead && this.lineEnds[next] === 1 && this.buffer[next] === END_OF_FILE) {
      this.lineEnds[next] = 0;
      this.tail++;
    }
    return bytes;
  }

  /** Bytes of the complete lines, for FIONREAD: EOF characters do not count. */
  canonicalBytes(): number {
    let count = this.canonHead - this.tail;
    for (let at = this.tail; at < this.canonHead; at++) {
      if (this.lineEnds[at & MASK] === 1 && this.buffer[at & MASK] === END_OF_FILE) count--;
    }
    return count;
  }

  /** Forget all input. */
  flush(): void {
    this.head = this.tail = this.canonHead = 0;
    this.lineEnds.fill(0);
    this.literal = this.erasing = false;
  }

  /** The modes change: what has been typed becomes a line, or ceases to be one. Linux: n_tty_set_termios. */
  modesChanged(from: Termios, to: Termios): void {
    if (((from.lflag ^ to.lflag) & (abi.ICANON | abi.EXTPROC)) === 0) return;
    this.lineEnds.fill(0);
    if ((to.lflag & abi.ICANON) === 0 || this.head === this.tail) this.canonHead = this.tail;
    else {
      this.lineEnds[(this.head - 1) & MASK] = 1;
      this.canonHead = this.head;
    }
    this.literal = this.erasing = false;
  }

  /** End the \…/ of ECHOPRT. */
  finishErasing({ output, termios }: LineHost): void {
    if (!this.erasing) return;
    output.echoRaw(47, termios);
    this.erasing = false;
  }

  private put(byte: number): void {
    this.buffer[this.head & MASK] = byte;
    this.head++;
  }

  private copy(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.buffer[(this.tail + i) & MASK]!;
    this.tail += count;
    return bytes;
  }

  /** A byte without special meaning. */
  private plain(host: LineHost, byte: number): void {
    const { output, termios } = host;
    if ((termios.lflag & abi.ECHO) !== 0) {
      this.finishErasing(host);
      if (byte === NEWLINE) output.echoRaw(NEWLINE, termios);
      else {
        if (this.canonHead === this.head) output.canonColumn = output.column;
        output.echo(byte, termios);
      }
    }
    if (byte === 0xff && (termios.iflag & abi.PARMRK) !== 0) this.put(byte);
    this.put(byte);
  }

  private signal(host: LineHost, signo: number, byte: number): void {
    const { output } = host;
    host.signalForeground(signo);
    if ((host.termios.lflag & abi.NOFLSH) === 0) {
      output.dropEchoes();
      host.dropOutput();
      this.flush();
    }
    if ((host.termios.iflag & abi.IXON) !== 0) host.startOutput();
    if ((host.termios.lflag & abi.ECHO) !== 0) output.echo(byte, host.termios);
  }

  /** The characters that edit or end a line. True when `byte` was one. */
  private canonical(host: LineHost, byte: number): boolean {
    const { output, termios } = host;
    const { lflag, cc } = termios;
    const extended = (lflag & abi.IEXTEN) !== 0;
    const echo = (lflag & abi.ECHO) !== 0;
    if (is(cc, abi.VERASE, byte) || is(cc, abi.VKILL, byte) || (extended && is(cc, abi.VWERASE, byte))) {
      eraseInput(this, host, byte);
      return true;
    }
    if (extended && is(cc, abi.VLNEXT, byte)) {
      this.literal = true;
      if (echo) {
        this.finishErasing(host);
        if ((lflag & abi.ECHOCTL) !== 0) {
          output.echoRaw(94, termios);
          output.echoRaw(8, termios);
        }
      }
      return true;
    }
    if (extended && echo && is(cc, abi.VREPRINT, byte)) {
      this.finishErasing(host);
      output.echo(byte, termios);
      output.echoRaw(NEWLINE, termios);
      for (let at = this.canonHead; at < this.head; at++) output.echo(this.buffer[at & MASK]!, termios);
      return true;
    }
    if (byte === NEWLINE) {
      if ((lflag & (abi.ECHO | abi.ECHONL)) !== 0) output.echoRaw(NEWLINE, termios);
      this.endLine(byte);
      return true;
    }
    if (is(cc, abi.VEOF, byte)) {
      this.endLine(END_OF_FILE);
      return true;
    }
    if (is(cc, abi.VEOL, byte) || (extended && is(cc, abi.VEOL2, byte))) {
      if (echo) {
        if (this.canonHead === this.head) output.canonColumn = output.column;
        output.echo(byte, termios);
      }
      if (byte === 0xff && (termios.iflag & abi.PARMRK) !== 0) this.put(byte);
      this.endLine(byte);
      return true;
    }
    return false;
  }

  private endLine(byte: number): void {
    this.lineEnds[this.head & MASK] = 1;
    this.put(byte);
    this.canonHead = this.head;
  }
}

/** Whether `byte` is the special character `index`; a character set to 0 is switched off. */
export const is = (cc: Uint8Array, index: number, byte: number): boolean => cc[index] === byte && byte !== 0;

export const isCanonical = (lflag: number): boolean => (lflag & (abi.ICANON | abi.EXTPROC)) === abi.ICANON;
