/** AF_UNIX. Linux: unix_create, unix_socketpair. */

import { EPROTONOSUPPORT, ESOCKTNOSUPPORT, isErrno } from '../../../abi/errno.ts';
import { AF_UNIX, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM } from '../../../abi/socket.ts';
import type { Task } from '../../task/task.ts';
import { type Socket, SocketFamily } from '../socket.ts';
import { UnixDgramSocket } from './unix_dgram.ts';
import { UnixStreamSocket } from './unix_stream.ts';

export class UnixFamily extends SocketFamily {
  create(task: Task, type: number, protocol: number, flags: number): UnixStreamSocket | UnixDgramSocket | number {
    if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
    switch (type) {
      case SOCK_STREAM:
      case SOCK_SEQPACKET:
        return UnixStreamSocket.create(task, type, flags);
      case SOCK_DGRAM:
      case SOCK_RAW:
        return UnixDgramSocket.create(task, flags);
      default:
        return -ESOCKTNOSUPPORT;
    }
  }

  override pair(task: Task, type: number, protocol: number, flags: number): readonly [Socket, Socket] | number {
    const one = this.create(task, type, protocol, flags);
    if (isErrno(one)) return one;
    const other = this.create(task, type, protocol, flags);
    if (isErrno(other)) {
      one.put();
      return other;
    }
    if (one instanceof UnixStreamSocket) one.join(task, other as UnixStreamSocket);
    else one.join(task, other as UnixDgramSocket);
    return [one, other];
  }
}
