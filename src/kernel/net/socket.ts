/** A socket and what all families have in common. Linux: struct socket, struct sock, net/core/sock.c. See socket(7). */

import { EAGAIN, EINTR, EOPNOTSUPP, ERESTARTSYS } from '../../abi/errno.ts';
import { O_NONBLOCK, O_RDWR } from '../../abi/fcntl.ts';
import { FIOGETOWN, FIOSETOWN, SIOCGPGRP, SIOCSPGRP } from '../../abi/ioctl.ts';
import { MSG_DONTWAIT, SOCK_STREAM } from '../../abi/socket.ts';
import { S_IFSOCK } from '../../abi/stat.ts';
import type { ClassicProgram } from '../bpf/classic_program.ts';
import { AnonymousInode } from '../fs/anon_inodes/anonymous.ts';
import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { PRICE_SOCKET, uncharge } from '../mm/price.ts';
import type { NetNamespace } from '../namespace/net_namespace.ts';
import { setOwner, signedOwnerId } from '../signal/owner.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import { File } from '../vfs/file.ts';
import type { IovIter } from '../vfs/iov_iter.ts';
import { deviceIoctl } from './device/ioctl.ts';
import { Incoming, type Outgoing, type Ucred } from './message.ts';
import { dropFilter } from './socket_filter.ts';

/** Default and largest buffer sizes. Linux: net.core.wmem_default, wmem_max. */
export const DEFAULT_BUFFER = 212992;
export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;
export const SHUTDOWN_MASK = 3;

/** Who makes a socket and pays for it. */
export interface SocketMaker {
  readonly kernel: Kernel;
  readonly payer: MemoryGroup;
  readonly uid: number;
  readonly gid: number;
}

export const makerOf = ({ kernel, group, cred }: Task): SocketMaker => ({
  kernel,
  payer: group.cgroup.memory,
  uid: cred.fsuid,
  gid: cred.fsgid,
});

export abstract class Socket extends File {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly net: NetNamespace;
  /** Who pays for it. */
  readonly payer: MemoryGroup;
  /** There was no room to send, and O_ASYNC has not told of any since. Linux: SOCKWQ_ASYNC_NOSPACE. */
  private noSpace = false;
  /** Pending error, reported once (SO_ERROR). */
  error = 0;
  /** RCV_SHUTDOWN, SEND_SHUTDOWN. */
  shutdownMask = 0;
  sendBuffer: number = DEFAULT_BUFFER;
  receiveBuffer: number = DEFAULT_BUFFER;
  /** Nanoseconds; Infinity waits for ever. */
  sendTimeout: number = Number.POSITIVE_INFINITY;
  receiveTimeout: number = Number.POSITIVE_INFINITY;
  receiveLowWater = 1;
  /** SO_PASSCRED. */
  passCredentials = false;
  /** SO_PASSPIDFD. */
  passPidfd = false;
  /** Options that are remembered, by SO_ number. */
  readonly values: Map<number, number> = new Map();
  /** The option by which the program asked when messages arrive, which is also the type of the control message; 0 if it did not. */
  timestamps = 0;
  /** SO_ATTACH_FILTER, and whether it must stay. */
  filter: ClassicProgram | null = null;
  filterLocked = false;
  linger = -1;
  /** SO_BINDTODEVICE: the index of the only device to use; 0 for any. */
  boundDevice = 0;
  /** Bytes of messages that were sent and not yet received. Linux: sk_wmem_alloc. */
  sent = 0;
  /** Woken when something can be received or accepted; when there is room to send. */
  readonly arrived: WaitQueue = new WaitQueue();
  readonly drained: WaitQueue = new WaitQueue();
  private readonly node: AnonymousInode;

  constructor(maker: SocketMaker, net: NetNamespace, family: number, type: number, protocol: number, flags: number) {
    super(maker.kernel, O_RDWR | (flags & O_NONBLOCK));
    this.family = family;
    this.type = type;
    this.protocol = protocol;
    this.net = net.get();
    this.payer = maker.payer;
    this.node = new AnonymousInode(maker.kernel.anonymous.sockfs, S_IFSOCK | 0o777, 'socket:');
    this.node.uid = maker.uid;
    this.node.gid = maker.gid;
    net.sockets.add(this);
  }

  override get mayFasync(): boolean {
    return true;
  }

  override get inode(): AnonymousInode {
    return this.node;
  }

  /** `address` is a struct sockaddr with at least a family. */
  abstract bind(task: Task, address: Uint8Array): number;
  abstract connect(task: Task, address: Uint8Array): number;
  abstract listen(task: Task, backlog: number): number;
  /** The next connection, what a sleep returns, or a negative errno. */
  abstract accept(task: Task, flags: number): Socket | number;
  abstract send(task: Task, message: Outgoing): number;
  abstract receive(task: Task, iter: IovIter, flags: number, incoming: Incoming): number;
  abstract shutdown(task: Task, how: number): number;
  /** The socket's own address, the peer's; a negative errno if there is none. */
  abstract localName(): Uint8Array | number;
  abstract peerName(): Uint8Array | number;

  /** SO_PEERCRED; null if the family has no such thing. */
  get peerCredentials(): Ucred | null {
    return null;
  }

  get listening(): boolean {
    return false;
  }

  /** Options of other levels than SOL_SOCKET. */
  setOption(_task: Task, _level: number, _name: number, _value: Uint8Array): number {
    return -EOPNOTSUPP;
  }

  getOption(_task: Task, _level: number, _name: number): Uint8Array | number {
    return -EOPNOTSUPP;
  }

  override read(task: Task, iter: IovIter): number {
    if (iter.remaining === 0 && this.type === SOCK_STREAM) return 0;
    const incoming = new Incoming();
    const count = this.receive(task, iter, this.waitFlag, incoming);
    for (const file of incoming.files) file.put();
    return count;
  }

  override write(task: Task, iter: IovIter): number {
    return this.send(task, { iter, flags: this.waitFlag, name: null, files: [], cred: null });
  }

  override ioctl(task: Task, request: number, argument: number): number {
    switch (request) {
      case FIOSETOWN:
      case SIOCSPGRP: {
        const number = task.mm!.readU32(argument);
        return number < 0 ? number : setOwner(task, this, number | 0);
      }
      case FIOGETOWN:
      case SIOCGPGRP:
        return task.mm!.writeU32(argument, signedOwnerId(task, this) >>> 0);
      default:
        return deviceIoctl(task, this.net, request, argument);
    }
  }

  override release(): void {
    this.net.sockets.delete(this);
    dropFilter(this);
    uncharge(this.payer, PRICE_SOCKET);
    this.net.put();
  }

  /** Take over the options of the socket that listened. Linux: sk_clone_lock. */
  protected inherit(listener: Socket): void {
    this.sendBuffer = listener.sendBuffer;
    this.receiveBuffer = listener.receiveBuffer;
    this.sendTimeout = listener.sendTimeout;
    this.receiveTimeout = listener.receiveTimeout;
    this.receiveLowWater = listener.receiveLowWater;
    this.timestamps = listener.timestamps;
    this.linger = listener.linger;
    this.boundDevice = listener.boundDevice;
    for (const [name, value] of listener.values) this.values.set(name, value);
  }

  /** MSG_DONTWAIT if the description does not block. */
  get waitFlag(): number {
    return (this.flags & O_NONBLOCK) !== 0 ? MSG_DONTWAIT : 0;
  }

  /** Report and forget the pending error: 0 or a negative errno. */
  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error === 0 ? 0 : -error;
  }

  /** Wait in a call that may take `timeout` nanoseconds; -EAGAIN when it must not, or when the time is over. */
  protected sleep(task: Task, queues: readonly WaitQueue[], flags: number, timeout: number): number {
    if ((flags & MSG_DONTWAIT) !== 0) return -EAGAIN;
    if (timeout === Number.POSITIVE_INFINITY) return task.block(queues, { restart: ERESTARTSYS });
    const deadline = task.deadline(timeout);
    if (task.kernel.clock.monotonic() >= deadline) return -EAGAIN;
    return task.block(queues, { deadline, restart: EINTR });
  }

  /** There is no room to send: sleep until there is some. */
  protected awaitRoom(task: Task, queue: WaitQueue, flags: number): number {
    this.noSpace = true;
    return this.sleep(task, [queue], flags, this.sendTimeout);
  }

  override takeRoom(): boolean {
    const { noSpace } = this;
    this.noSpace = false;
    return noSpace;
  }
}

/** A family of protocols. Instances have no state. */
export abstract class SocketFamily {
  /** A socket of `type`; `flags` may hold O_NONBLOCK. */
  abstract create(task: Task, type: number, protocol: number, flags: number): Socket | number;

  /** Two connected sockets. */
  pair(_task: Task, _type: number, _protocol: number, _flags: number): readonly [Socket, Socket] | number {
    return -EOPNOTSUPP;
  }
}

/** The kernel's own view of who calls. */
export const credentialsOf = (task: Task): Ucred => ({ pid: task.group.leader.pid, uid: task.cred.euid, gid: task.cred.egid });
