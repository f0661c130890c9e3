/** Rubbing out typed characters, words and lines. Linux: eraser in drivers/tty/n_tty.c. */

import * as abi from '../../../abi/termios.ts';
import { is, type LineHost, type NTty } from './n_tty.ts';
import { isControl } from './tty_output.ts';

const MASK = 4096 - 1; // N_TTY_BUF_SIZE - 1; the two files import each other
const TAB = 9;

const isWordByte = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95 || byte >= 0xc0;

/** The ERASE, WERASE or KILL character `byte` was typed. */
export function eraseInput(line: NTty, host: LineHost, byte: number): void {
  if (line.head === line.canonHead) return;
  const { output, termios } = host;
  const { lflag, cc } = termios;
  const echo = (lflag & abi.ECHO) !== 0;
  const one = is(cc, abi.VERASE, byte);
  const word = !one && is(cc, abi.VWERASE, byte);
  if (!one && !word) {
    const rubsOut = abi.ECHOK | abi.ECHOKE | abi.ECHOE;
    if (!echo || (lflag & rubsOut) !== rubsOut) {
      line.head = line.canonHead;
      if (!echo) return;
      line.finishErasing(host);
      output.echo(byte, termios);
      if ((lflag & abi.ECHOK) !== 0) output.echoRaw(10, termios);
      return;
    }
  }
  let inWord = false;
  while (line.head !== line.canonHead) {
    const start = characterBefore(line, termios.iflag);
    if (start < 0) break;
    const erased = line.buffer[start & MASK]!;
    if (word) {
      if (isWordByte(erased)) inWord = true;
      else if (inWord) break;
    }
    const end = line.head;
    line.head = start;
    if (echo) echoErased(line, host, erased, start, end, one);
    if (one) break;
  }
  if (line.head === line.canonHead && echo) line.finishErasing(host);
}

/** Where the last character begins, which may be of several bytes; -1 if its beginning is not in this line. */
function characterBefore(line: NTty, iflag: number): number {
  const utf8 = (iflag & abi.IUTF8) !== 0;
  const continues = (at: number): boolean => utf8 && (line.buffer[at & MASK]! & 0xc0) === 0x80;
  let at = line.head - 1;
  while (continues(at) && at > line.canonHead) at--;
  return continues(at) ? -1 : at;
}

/** Show that the character at [start, end) is gone. */
function echoErased(line: NTty, { output, termios }: LineHost, erased: number, start: number, end: number, one: boolean): void {
  const { lflag } = termios;
  if ((lflag & abi.ECHOPRT) !== 0) {
    if (!line.erasing) {
      output.echoRaw(92, termios);
      line.erasing = true;
    }
    output.echo(erased, termios);
    for (let at = start + 1; at < end; at++) {
      output.echoRaw(line.buffer[at & MASK]!, termios);
      if (output.column > 0) output.column--;
    }
  } else if (one && (lflag & abi.ECHOE) === 0) output.echo(termios.cc[abi.VERASE]!, termios);
  else if (erased === TAB) eraseTab(line, { output, termios } as LineHost, start);
  else {
    const control = isControl(erased);
    const visible = (lflag & abi.ECHOCTL) !== 0;
    if (control && visible) output.echoRubout(termios);
    if (!control || visible) output.echoRubout(termios);
  }
}

/** Count the columns between the last tab (or the line's beginning) and the erased one. */
function eraseTab(line: NTty, { output, termios }: LineHost, start: number): void {
  let columns = 0;
  let afterTab = false;
  for (let at = start - 1; at >= line.canonHead; at--) {
    const byte = line.buffer[at & MASK]!;
    if (byte === TAB) {
      afterTab = true;
      break;
    }
    if (isControl(byte)) columns += (termios.lflag & abi.ECHOCTL) !== 0 ? 2 : 0;
    else if ((termios.iflag & abi.IUTF8) === 0 || (byte & 0xc0) !== 0x80) columns++;
  }
  output.echoEraseTab(columns, afterTab);
}
