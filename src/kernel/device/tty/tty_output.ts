/** Output processing of a terminal: newlines, tabs and the column. Linux: do_output_char in drivers/tty/n_tty.c. */

import { ECHOCTL, IUTF8, OCRNL, OLCUC, ONLCR, ONLRET, ONOCR, OPOST, TABDLY, XTABS } from '../../../abi/termios.ts';
import { ByteQueue } from './byte_queue.ts';
import type { Termios } from './termios.ts';

/** Bytes on their way to the other side, as many as Linux keeps for a pty. */
const OUTPUT_SIZE = 12288;
const ECHO_SIZE = 4096;
const BACKSPACE = 8;
const SPACE = 32;

export const isControl = (byte: number): boolean => byte < 32 || byte === 127;

/** Where the processed bytes of one chunk are put together; used within a call only. */
const scratch: Uint8Array = new Uint8Array(8 * 4096);

export class TtyOutput {
  /** What the other side has not taken yet. */
  readonly queue: ByteQueue = new ByteQueue(OUTPUT_SIZE);
  /** Echoes that found no room or came while output was stopped. */
  private readonly echoes: ByteQueue = new ByteQueue(ECHO_SIZE);
  /** The cursor's column as far as we know, and where it was when the present line of input began. */
  column = 0;
  canonColumn = 0;
  /** Output is stopped: by the STOP character, or by TCOOFF. */
  stopped = false;
  stoppedByIoctl = false;

  /** How many bytes of input may be written now without finding the queue full. */
  room({ oflag }: Termios): number {
    if (this.stopped || this.echoes.length > 0) return 0;
    const { room } = this.queue;
    if ((oflag & OPOST) === 0) return room;
    return Math.min(4096, Math.floor(room / ((oflag & TABDLY) === XTABS ? 8 : 2)));
  }

  /** Write bytes of a program; the caller has asked for room. */
  write(bytes: Uint8Array, termios: Termios): void {
    if ((termios.oflag & OPOST) === 0) {
      this.queue.push(bytes);
      return;
    }
    let length = 0;
    for (const byte of bytes) length = this.process(byte, termios, scratch, length);
    this.queue.push(scratch.subarray(0, length));
  }

  /** Echo a byte as it is. */
  echoRaw(byte: number, termios: Termios): void {
    let length = 1;
    if ((termios.oflag & OPOST) !== 0) length = this.process(byte, termios, scratch, 0);
    else scratch[0] = byte;
    this.echoes.push(scratch.subarray(0, length));
  }

  /** Echo a byte so that it can be seen. Linux: echo_char. */
  echo(byte: number, termios: Termios): void {
    if ((termios.lflag & ECHOCTL) !== 0 && isControl(byte) && byte !== 9) {
      this.echoRaw(94, termios);
      this.echoRaw(byte ^ 0o100, termios);
    } else this.echoRaw(byte, termios);
  }

  /** The erased bytes were a tab: go back to where it began. `columns` were used since the last tab or the line's beginning. */
  echoEraseTab(columns: number, afterTab: boolean): void {
    let used = columns & 7;
    if (!afterTab) used += this.canonColumn;
    for (let i = 8 - (used & 7); i > 0; i--) {
      this.echoes.push(Uint8Array.of(BACKSPACE));
      if (this.column > 0) this.column--;
    }
  }

  /** Rub out the character before the cursor. */
  echoRubout(termios: Termios): void {
    for (const byte of [BACKSPACE, SPACE, BACKSPACE]) this.echoRaw(byte, termios);
  }

  /** Let echoes go as far as there is room. */
  flushEchoes(): void {
    if (this.stopped) return;
    while (this.echoes.length > 0 && this.queue.room > 0) this.echoes.drop(this.queue.push(this.echoes.peek(this.queue.room)));
  }

  dropEchoes(): void {
    this.echoes.clear();
  }

  /** The bytes that `byte` becomes, into `target` from `at` on; the place after them. */
  private process(byte: number, { oflag, iflag }: Termios, target: Uint8Array, at: number): number {
    let out = byte;
    switch (byte) {
      case 10:
        if ((oflag & ONLRET) !== 0) this.column = 0;
        if ((oflag & ONLCR) !== 0) {
          this.canonColumn = this.column = 0;
          target[at] = 13;
          target[at + 1] = 10;
          return at + 2;
        }
        this.canonColumn = this.column;
        break;
      case 13:
        if ((oflag & ONOCR) !== 0 && this.column === 0) return at;
        if ((oflag & OCRNL) !== 0) {
          out = 10;
          if ((oflag & ONLRET) !== 0) this.canonColumn = this.column = 0;
          break;
        }
        this.canonColumn = this.column = 0;
        break;
      case 9: {
        const spaces = 8 - (this.column & 7);
        this.column += spaces;
        if ((oflag & TABDLY) === XTABS) {
          target.fill(SPACE, at, at + spaces);
          return at + spaces;
        }
        break;
      }
      case BACKSPACE:
        if (this.column > 0) this.column--;
        break;
      default:
        if (isControl(byte)) break;
        if ((oflag & OLCUC) !== 0 && byte >= 97 && byte <= 122) out = byte - 32;
        if ((iflag & IUTF8) === 0 || (byte & 0xc0) !== 0x80) this.column++;
    }
    target[at] = out;
    return at + 1;
  }
}
