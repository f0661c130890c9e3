/** What Unix sockets of all types have in common. Linux: net/unix/af_unix.c. See unix(7). */

import { CAP_SYS_ADMIN, CAP_SYS_RESOURCE } from '../../../abi/capability.ts';
import { EADDRINUSE, ECONNRESET, EINVAL, ENOBUFS, ENOTCONN, EOPNOTSUPP, EPIPE, ETOOMANYREFS, isErrno } from '../../../abi/errno.ts';
import { FIONREAD, SIOCATMARK, TIOCOUTQ } from '../../../abi/ioctl.ts';
import { RLIMIT_NOFILE } from '../../../abi/process.ts';
import { SIGPIPE } from '../../../abi/signal.ts';
import { AF_UNIX, MSG_NOSIGNAL, SHUT_RD, SHUT_RDWR, SHUT_WR } from '../../../abi/socket.ts';
import { raise } from '../../signal/raise.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait_queue.ts';
import { type File, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { Path } from '../../vfs/path.ts';
import { latin1Bytes } from '../../vfs/text.ts';
import type { Incoming, Outgoing, Ucred } from '../message.ts';
import { credentialsOf, makerOf, RCV_SHUTDOWN, SEND_SHUTDOWN, SHUTDOWN_MASK, Socket } from '../socket.ts';
import { abstractKey, cannotBind, isAbstract, makeSocketFile, sockaddr, UNNAMED, validate } from './address.ts';
import { addInflight, emptyClosed, removeInflight } from './inflight.ts';
import { SkBuff } from './skbuff.ts';

/** Five hexadecimal digits. */
const AUTOBIND_NAMES = 0x100000;

export abstract class UnixSocket extends Socket {
  /** The address it is bound to, as struct sockaddr_un; null while it has none. */
  name: Uint8Array | null = null;
  /** The socket at the other end; it may be closed already. */
  peer: UnixSocket | null = null;
  /** Nobody can use it any more. */
  dead = false;
  /** Received and not read yet. */
  queue: SkBuff[] = [];
  /** References that messages hold. */
  inflight = 0;
  /** Connections that wait for accept(2). */
  pendingConnections: UnixSocket[] = [];
  /** Who has the other end. */
  peerCred: Ucred | null = null;
  /** Where its socket file is. */
  place: Path | null = null;

  constructor(task: Task, type: number, flags: number) {
    super(makerOf(task), task.nsproxy.net, AF_UNIX, type, 0, flags);
  }

  /** How many connections may wait. */
  get maxPending(): number {
    return 0;
  }

  override get peerCredentials(): Ucred {
    return this.peerCred ?? { pid: null, uid: 0xffffffff, gid: 0xffffffff };
  }

  /** Whether a writer should be told to go on. Linux: unix_writable. */
  get hasRoom(): boolean {
    return this.sent * 4 <= this.sendBuffer;
  }

  /** Messages must tell who has sent them. Linux: unix_may_passcred. */
  get wantsSender(): boolean {
    return this.passCredentials || this.passPidfd;
  }

  bind(task: Task, address: Uint8Array): number {
    if (address.length === 2 && address[0] === AF_UNIX) return this.autobind();
    const invalid = validate(address);
    if (invalid < 0) return invalid;
    if (isAbstract(address)) return this.name !== null ? -EINVAL : this.bindAbstract(address.slice());
    const made = this.name !== null ? cannotBind(task, address) : makeSocketFile(task, address, this);
    if (isErrno(made)) return made;
    this.place = made.path;
    this.name = made.name;
    return 0;
  }

  /** An abstract name that nobody uses. */
  protected autobind(): number {
    if (this.name !== null) return 0;
    for (let tries = 0; tries < AUTOBIND_NAMES; tries++) {
      this.net.lastAutobind = (this.net.lastAutobind + 1) % AUTOBIND_NAMES;
      const name = latin1Bytes(`\0${this.net.lastAutobind.toString(16).padStart(5, '0')}`);
      if (this.bindAbstract(sockaddr(name)) === 0) return 0;
    }
    return -EADDRINUSE;
  }

  private bindAbstract(address: Uint8Array): number {
    const key = abstractKey(address, this.type);
    if (this.net.abstractSockets.has(key)) return -EADDRINUSE;
    this.net.abstractSockets.set(key, this);
    this.name = address;
    return 0;
  }

  localName(): Uint8Array {
    return this.name ?? UNNAMED;
  }

  peerName(): Uint8Array | number {
    return this.peer === null ? -ENOTCONN : this.peer.localName();
  }

  shutdown(_task: Task, how: number): number {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -EINVAL;
    const mode = how + 1;
    this.shutdownMask |= mode;
    if (this.peer !== null && this.connects) {
      if ((mode & RCV_SHUTDOWN) !== 0) this.peer.shutdownMask |= SEND_SHUTDOWN;
      if ((mode & SEND_SHUTDOWN) !== 0) this.peer.shutdownMask |= RCV_SHUTDOWN;
      this.peer.wakeAll();
    }
    this.wakeAll();
    return 0;
  }

  /** SOCK_STREAM and SOCK_SEQPACKET. */
  protected abstract get connects(): boolean;

  wakeAll(): void {
    this.arrived.wakeAll();
    this.drained.wakeAll();
  }

  override release(): void {
    this.dead = true;
    if (this.place !== null) {
      this.place.inode.socket = null;
      this.place.put();
      this.place = null;
    } else if (this.name !== null) this.net.abstractSockets.delete(abstractKey(this.name, this.type));
    this.disconnect();
    for (const connection of this.pendingConnections.splice(0)) connection.put();
    super.release();
    emptyClosed(this);
  }

  /** Tell the peer, if it needs to know. */
  protected disconnect(): void {
    const { peer } = this;
    if (peer === null || !this.connects) return;
    if (!peer.dead) {
      if (this.queue.length > 0) peer.error = ECONNRESET;
      peer.shutdownMask = SHUTDOWN_MASK;
      peer.wakeAll();
    }
    this.shutdownMask = SHUTDOWN_MASK;
  }

  /** Throw away what was received and not read. */
  purge(): void {
    const messages = this.queue;
    this.queue = [];
    for (const message of messages) this.discard(message);
  }

  /** Throw away a message that is out of the queue. */
  protected discard(message: SkBuff): void {
    message.free();
    for (const file of this.takeFiles(message)) file.put();
  }

  /** The files of a message, with their references. */
  protected takeFiles(message: SkBuff): File[] {
    const { files } = message;
    message.files = [];
    if (files.length === 0) return files;
    removeInflight(files);
    message.account!.inflightFiles -= files.length;
    this.kernel.forgetAccount(message.account!);
    return files;
  }

  /** A message of `bytes` for `other`, charged; or a negative errno. `files` and `cred` come from the program. */
  protected makeMessage(
    task: Task,
    bytes: Uint8Array,
    { files, cred }: Pick<Outgoing, 'files' | 'cred'>,
    other: UnixSocket,
  ): SkBuff | number {
    const account = files.length > 0 ? task.kernel.userAccount(task.cred.uid) : null;
    if (account !== null && account.inflightFiles > task.group.softLimit(RLIMIT_NOFILE)) {
      const privileged =
        task.cred.capable(CAP_SYS_RESOURCE, task.kernel.initialUserNs) || task.cred.capable(CAP_SYS_ADMIN, task.kernel.initialUserNs);
      if (!privileged) return -ETOOMANYREFS;
    }
    const wanted = cred ?? (this.wantsSender || other.wantsSender ? credentialsOf(task) : null);
    const message = new SkBuff(bytes, [], wanted, this, task.group.cgroup.memory, account);
    if (!message.charge()) return -ENOBUFS;
    if (account !== null) {
      message.files = files.map((file) => file.get());
      account.inflightFiles += files.length;
      addInflight(message.files);
    }
    return message;
  }

  /** What comes with a message, for the receiver; its files stay in it when it is only looked at. */
  protected describe(message: SkBuff, incoming: Incoming, peek: boolean): void {
    incoming.name = message.senderName;
    if (this.passCredentials) incoming.cred = message.cred ?? { pid: null, uid: -1, gid: -1 };
    if (this.passPidfd) incoming.pidfdOf = message.cred?.pid ?? null;
    if (message.files.length === 0) return;
    incoming.files.push(...(peek ? message.files.map((file) => file.get()) : this.takeFiles(message)));
  }

  /** The other end takes nothing: SIGPIPE and EPIPE, unless something was sent or MSG_NOSIGNAL. */
  protected broken(task: Task, flags: number, moved: number): number {
    if (moved > 0) return moved;
    if ((flags & MSG_NOSIGNAL) === 0) raise(task, SIGPIPE);
    return -EPIPE;
  }

  override poll(_task: Task): number {
    let events = 0;
    if (this.error !== 0) events |= POLLERR;
    if (this.shutdownMask === SHUTDOWN_MASK) events |= POLLHUP;
    if ((this.shutdownMask & RCV_SHUTDOWN) !== 0) events |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (this.queue.length > 0 || this.pendingConnections.length > 0) events |= POLLIN | POLLRDNORM;
    if (!this.listening && this.hasRoom) events |= POLLOUT | POLLWRNORM;
    return events;
  }

  override pollQueues(_task: Task, events: number): readonly WaitQueue[] {
    return (events & (POLLOUT | POLLWRNORM)) !== 0 ? [this.arrived, this.drained] : [this.arrived];
  }

  override ioctl(task: Task, request: number, argument: number): number {
    switch (request) {
      case FIONREAD:
        return this.listening ? -EINVAL : task.mm!.writeU32(argument, this.unread);
      case TIOCOUTQ:
        return task.mm!.writeU32(argument, this.sent);
      case SIOCATMARK:
        return -EOPNOTSUPP;
      default:
        return super.ioctl(task, request, argument);
    }
  }

  /** SIOCINQ. */
  protected abstract get unread(): number;

  override fdinfo(): string {
    let count = 0;
    for (const message of this.queue) count += message.files.length;
    return `scm_fds: ${count}\n`;
  }

  /** -EAGAIN for a receiver that must not wait; see Socket.sleep. */
  protected waitToReceive(task: Task, flags: number): number {
    const failed = this.takeError();
    if (failed < 0) return failed;
    return this.sleep(task, [this.arrived], flags, this.receiveTimeout);
  }
}
