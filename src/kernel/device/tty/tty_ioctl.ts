/** The requests that terminals and their masters understand. Linux: tty_ioctl, n_tty_ioctl. See ioctl_tty(2). */

import { CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import { EINVAL, ENOTTY, EPERM, isErrno } from '../../../abi/errno.ts';
import { O_ACCMODE, O_WRONLY } from '../../../abi/fcntl.ts';
import * as io from '../../../abi/ioctl.ts';
import { SIGTTOU } from '../../../abi/signal.ts';
import {
  TCIFLUSH,
  TCIOFF,
  TCIOFLUSH,
  TCION,
  TCOFLUSH,
  TCOOFF,
  TCOON,
  TERMIO_SIZE,
  TERMIOS_SIZE,
  TERMIOS2_SIZE,
  TIOCPKT_FLUSHWRITE,
  VSTART,
  VSTOP,
  WINSIZE_SIZE,
} from '../../../abi/termios.ts';
import type { Task } from '../../task/task.ts';
import type { File } from '../../vfs/file.ts';
import { checkChange, getForeground, getSession, giveUpControlling, setControlling, setForeground } from './job_control.ts';
import { isCanonical } from './n_tty.ts';
import { decodeTermio, decodeTermios, encodeTermio, encodeTermios } from './termios.ts';
import type { Tty } from './tty.ts';

/** N_TTY is the only line discipline. */
const N_TTY = 0;

/** The ways to set modes: the structure's size, whether to wait for output, whether to drop input. */
const SETTERS: ReadonlyMap<number, readonly [size: number, wait: boolean, flush: boolean]> = new Map([
  [io.TCSETS, [TERMIOS_SIZE, false, false]],
  [io.TCSETSW, [TERMIOS_SIZE, true, false]],
  [io.TCSETSF, [TERMIOS_SIZE, true, true]],
  [io.TCSETS2, [TERMIOS2_SIZE, false, false]],
  [io.TCSETSW2, [TERMIOS2_SIZE, true, false]],
  [io.TCSETSF2, [TERMIOS2_SIZE, true, true]],
  [io.TCSETA, [TERMIO_SIZE, false, false]],
  [io.TCSETAW, [TERMIO_SIZE, true, false]],
  [io.TCSETAF, [TERMIO_SIZE, true, true]],
]);

/** `own` when the file is the terminal's, false when it is the master's. */
export function ttyIoctl(task: Task, tty: Tty, file: File, own: boolean, request: number, argument: number): number {
  const mm = task.mm!;
  const setter = SETTERS.get(request);
  if (setter !== undefined) return setModes(task, tty, argument, ...setter);
  switch (request) {
    case io.TCGETS:
      return mm.copyOut(argument, encodeTermios(tty.termios, false));
    case io.TCGETS2:
      return mm.copyOut(argument, encodeTermios(tty.termios, true));
    case io.TCGETA:
      return mm.copyOut(argument, encodeTermio(tty.termios));
    case io.TIOCGWINSZ: {
      const { rows, columns, xpixel, ypixel } = tty.winsize;
      return mm.copyOut(argument, new Uint8Array(Uint16Array.of(rows, columns, xpixel, ypixel).buffer));
    }
    case io.TIOCSWINSZ: {
      const bytes = mm.copyIn(argument, WINSIZE_SIZE);
      if (isErrno(bytes)) return bytes;
      const [rows, columns, xpixel, ypixel] = new Uint16Array((bytes as Uint8Array).buffer) as unknown as [number, number, number, number];
      tty.setWindowSize({ rows, columns, xpixel, ypixel });
      return 0;
    }
    case io.TIOCGPGRP:
      return getForeground(task, tty, own, argument);
    case io.TIOCSPGRP:
      return setForeground(task, tty, argument);
    case io.TIOCGSID:
      return getSession(task, tty, own, argument);
    case io.TIOCSCTTY:
      return own ? setControlling(task, tty, argument === 1, (file.flags & O_ACCMODE) !== O_WRONLY) : -ENOTTY;
    case io.TIOCNOTTY:
      return own ? giveUpControlling(task, tty) : -ENOTTY;
    case io.TIOCSTI:
      return simulateInput(task, tty, argument);
    case io.FIONREAD:
      return mm.writeU32(argument, isCanonical(tty.termios.lflag) ? tty.line.canonicalBytes() : tty.line.available(tty.termios));
    case io.TIOCOUTQ:
      return mm.writeU32(argument, 0);
    case io.TCFLSH:
      return flush(task, tty, argument);
    case io.TCXONC:
      return flowControl(task, tty, argument);
    case io.TCSBRK:
    case io.TCSBRKP:
      return checkChange(task, tty, SIGTTOU);
    case io.TIOCSBRK:
    case io.TIOCCBRK:
      return 0;
    case io.TIOCEXCL:
      tty.exclusive = true;
      return 0;
    case io.TIOCNXCL:
      tty.exclusive = false;
      return 0;
    case io.TIOCGEXCL:
      return mm.writeU32(argument, tty.exclusive ? 1 : 0);
    case io.TIOCGETD:
      return mm.writeU32(argument, N_TTY);
    case io.TIOCSETD: {
      const discipline = mm.readU32(argument);
      if (discipline < 0) return discipline;
      return discipline === N_TTY ? 0 : -EINVAL;
    }
    case io.TIOCGDEV:
      return mm.writeU32(argument, file.inode.rdev);
    case io.TIOCVHANGUP:
      if (!task.cred.capable(CAP_SYS_ADMIN, task.kernel.initialUserNs)) return -EPERM;
      tty.hangup();
      return 0;
    default:
      return -ENOTTY;
  }
}

function setModes(task: Task, tty: Tty, address: number, size: number, wait: boolean, flushInput: boolean): number {
  const refused = checkChange(task, tty, SIGTTOU);
  if (refused < 0) return refused;
  const bytes = task.mm!.copyIn(address, size);
  if (isErrno(bytes)) return bytes;
  if (wait && tty.output.stopped) return task.block([tty.writable]);
  if (flushInput) tty.flushInput();
  tty.setTermios(size === TERMIO_SIZE ? decodeTermio(bytes as Uint8Array, tty.termios) : decodeTermios(bytes as Uint8Array, tty.termios));
  return 0;
}

/** TIOCSTI: a byte as if it had been typed. */
function simulateInput(task: Task, tty: Tty, address: number): number {
  if (task.group.terminal !== tty && !task.cred.capable(CAP_SYS_ADMIN, task.kernel.initialUserNs)) return -EPERM;
  const byte = task.mm!.copyIn(address, 1);
  if (isErrno(byte)) return byte;
  tty.receive(byte as Uint8Array, task.kernel.clock.monotonic());
  return 0;
}

function flush(task: Task, tty: Tty, which: number): number {
  const refused = checkChange(task, tty, SIGTTOU);
  if (refused < 0) return refused;
  if (which !== TCIFLUSH && which !== TCOFLUSH && which !== TCIOFLUSH) return -EINVAL;
  if (which !== TCOFLUSH) tty.flushInput();
  if (which !== TCIFLUSH) {
    tty.output.queue.clear();
    tty.peer.packetStatus(TIOCPKT_FLUSHWRITE);
    tty.outputTaken();
  }
  return 0;
}

/** TCXONC: stop and start output; send the characters that ask the other side to. */
function flowControl(task: Task, tty: Tty, action: number): number {
  const refused = checkChange(task, tty, SIGTTOU);
  if (refused < 0) return refused;
  switch (action) {
    case TCOOFF:
      tty.stopOutput();
      tty.output.stoppedByIoctl = true;
      return 0;
    case TCOON:
      tty.output.stoppedByIoctl = false;
      tty.startOutput();
      return 0;
    case TCIOFF:
    case TCION: {
      const byte = tty.termios.cc[action === TCIOFF ? VSTOP : VSTART]!;
      if (byte !== 0) tty.output.queue.push(Uint8Array.of(byte));
      tty.flushOutput();
      return 0;
    }
    default:
      return -EINVAL;
  }
}
