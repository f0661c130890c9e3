/** The modes of a terminal. Linux: struct ktermios, tty_std_termios. See termios(3). */

import * as abi from '../../../abi/termios.ts';

/** Immutable, replaced as a whole. */
export interface Termios {
  readonly iflag: number;
  readonly oflag: number;
  readonly cflag: number;
  readonly lflag: number;
  readonly line: number;
  /** Special characters by V index; 0 switches one off. */
  readonly cc: Uint8Array;
  readonly ispeed: number;
  readonly ospeed: number;
}

/** Linux: INIT_C_CC. */
const INITIAL_CC: Uint8Array = Uint8Array.of(3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0);

export const initialTermios: Termios = {
  iflag: abi.ICRNL | abi.IXON,
  oflag: abi.OPOST | abi.ONLCR,
  cflag: abi.B38400 | abi.CS8 | abi.CREAD,
  lflag: abi.ISIG | abi.ICANON | abi.ECHO | abi.ECHOE | abi.ECHOK | abi.ECHOCTL | abi.ECHOKE | abi.IEXTEN,
  line: 0,
  cc: INITIAL_CC,
  ispeed: 38400,
  ospeed: 38400,
};

const flagsOf = ({ iflag, oflag, cflag, lflag }: Termios): readonly number[] => [iflag, oflag, cflag, lflag];

/** struct termios, or struct termios2 with the speeds. */
export function encodeTermios(termios: Termios, withSpeeds: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(withSpeeds ? abi.TERMIOS2_SIZE : abi.TERMIOS_SIZE));
  for (const [i, flags] of flagsOf(termios).entries()) view.setUint32(4 * i, flags, true);
  view.setUint8(16, termios.line);
  new Uint8Array(view.buffer).set(termios.cc, 17);
  if (withSpeeds) {
    view.setUint32(36, termios.ispeed, true);
    view.setUint32(40, termios.ospeed, true);
  }
  return new Uint8Array(view.buffer);
}

/** A program's struct termios (36 bytes) or termios2 (44), for a terminal in the modes `old`. */
export function decodeTermios(bytes: Uint8Array, old: Termios): Termios {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cflag = view.getUint32(8, true);
  const coded = abi.baudRates.get(cflag & abi.CBAUD);
  const explicit = bytes.length >= abi.TERMIOS2_SIZE && (cflag & abi.CBAUD) === abi.BOTHER;
  const ospeed = explicit ? view.getUint32(40, true) : (coded ?? old.ospeed);
  return {
    iflag: view.getUint32(0, true),
    oflag: view.getUint32(4, true),
    // A pty has eight bits and no parity whatever is asked. Linux: pty_set_termios.
    cflag: (cflag & ~(abi.CSIZE | abi.PARENB)) | abi.CS8 | abi.CREAD,
    lflag: view.getUint32(12, true),
    line: view.getUint8(16),
    cc: bytes.slice(17, 17 + abi.NCCS),
    ispeed: explicit ? view.getUint32(36, true) : ospeed,
    ospeed,
  };
}

/** struct termio of System V: the low halves and eight characters. */
export function encodeTermio(termios: Termios): Uint8Array {
  const view = new DataView(new ArrayBuffer(abi.TERMIO_SIZE));
  for (const [i, flags] of flagsOf(termios).entries()) view.setUint16(2 * i, flags, true);
  view.setUint8(8, termios.line);
  new Uint8Array(view.buffer).set(termios.cc.subarray(0, 8), 9);
  return new Uint8Array(view.buffer);
}

export function decodeTermio(bytes: Uint8Array, old: Termios): Termios {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const merge = (high: number, at: number): number => ((high & 0xffff0000) | view.getUint16(at, true)) >>> 0;
  const cc = old.cc.slice();
  cc.set(bytes.subarray(9, 17));
  return {
    ...old,
    iflag: merge(old.iflag, 0),
    oflag: merge(old.oflag, 2),
    cflag: merge(old.cflag, 4),
    lflag: merge(old.lflag, 6),
    line: bytes[8]!,
    cc,
  };
}
