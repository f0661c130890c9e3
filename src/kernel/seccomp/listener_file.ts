/** The descriptor of a supervisor: system calls to decide about. Linux: seccomp_notify_ops in kernel/seccomp.c. See seccomp_unotify(2). */

import { E2BIG, EBADF, EINPROGRESS, EINVAL, ENOENT, isErrno } from '../../abi/errno.ts';
import { O_CLOEXEC, O_RDWR } from '../../abi/fcntl.ts';
import { RLIMIT_NOFILE } from '../../abi/process.ts';
import * as s from '../../abi/seccomp.ts';
import { AnonymousFile, type AnonymousInode } from '../fs/anon_inodes/anonymous.ts';
import type { Task } from '../task/task.ts';
import type { WaitQueue } from '../task/wait_queue.ts';
import { POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../vfs/file.ts';
import type { SeccompListener, SeccompNotification } from './listener.ts';

const PAGE_SIZE = 4096;

export class SeccompFile extends AnonymousFile {
  readonly kind = 'seccomp notify';
  private readonly listener: SeccompListener;

  constructor(task: Task, listener: SeccompListener) {
    super(task.kernel, O_RDWR);
    this.listener = listener;
  }

  override get inode(): AnonymousInode {
    return this.kernel.anonymous.eventInode(this.kind, this.kind);
  }

  override release(): void {
    this.listener.detach();
  }

  override poll(): number {
    const { listener } = this;
    const readable = listener.has('init') ? POLLIN | POLLRDNORM : 0;
    const writable = listener.has('sent') ? POLLOUT | POLLWRNORM : 0;
    return readable | writable | (listener.filter.orphaned ? POLLHUP : 0);
  }

  override pollQueues(): readonly WaitQueue[] {
    return [this.listener.changed];
  }

  override ioctl(task: Task, request: number, argument: number): number {
    switch (request) {
      case s.SECCOMP_IOCTL_NOTIF_RECV:
        return this.receive(task, argument);
      case s.SECCOMP_IOCTL_NOTIF_SEND:
        return this.send(task, argument);
      case s.SECCOMP_IOCTL_NOTIF_ID_VALID:
      case s.SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR: {
        const id = task.mm!.readUlong(argument);
        if (id < 0) return id;
        return this.listener.find(id)?.state === 'sent' ? 0 : -ENOENT;
      }
      case s.SECCOMP_IOCTL_NOTIF_SET_FLAGS:
        // Waking happens on the one processor that there is.
        return (argument & ~s.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) !== 0 ? -EINVAL : 0;
      default:
        if ((request & 0xffff) !== s.SECCOMP_IOCTL_NOTIF_ADDFD_NR) return -EINVAL;
        return this.addFd(task, argument, (request >>> 16) & 0x3fff);
    }
  }

  /** Linux: seccomp_notify_recv. */
  private receive(task: Task, address: number): number {
    const mm = task.mm!;
    const given = mm.copyIn(address, s.SECCOMP_NOTIF_SIZE);
    if (isErrno(given)) return given;
    if (given.some((byte) => byte !== 0)) return -EINVAL;
    const ready = mm.faultIn(address, s.SECCOMP_NOTIF_SIZE, true);
    if (ready < 0) return ready;
    const notification = this.listener.next();
    if (notification === null) return this.listener.filter.orphaned ? -ENOENT : task.block([this.listener.changed]);
    const view = new DataView(new ArrayBuffer(s.SECCOMP_NOTIF_SIZE));
    view.setBigUint64(0, BigInt(notification.id), true);
    view.setInt32(8, notification.task.pid.in(task.pid.namespace), true);
    const bytes = new Uint8Array(view.buffer);
    bytes.set(notification.data, 16);
    const failed = mm.copyOut(address, bytes);
    if (failed < 0) return failed;
    notification.state = 'sent';
    notification.changed.wakeAll();
    this.listener.changed.wakeAll();
    return 0;
  }

  /** The notification with `id` that has been received and not answered. */
  private open(id: number): SeccompNotification | number {
    const notification = this.listener.find(id);
    if (notification === null) return -ENOENT;
    return notification.state === 'sent' ? notification : -EINPROGRESS;
  }

  /** Linux: seccomp_notify_send. */
  private send(task: Task, address: number): number {
    const bytes = task.mm!.copyIn(address, s.SECCOMP_NOTIF_RESP_SIZE);
    if (isErrno(bytes)) return bytes;
    const view = new DataView(bytes.buffer);
    const flags = view.getUint32(20, true);
    const error = view.getInt32(16, true);
    const low = view.getInt32(8, true);
    const high = view.getInt32(12, true);
    if ((flags & ~s.SECCOMP_USER_NOTIF_FLAG_CONTINUE) !== 0) return -EINVAL;
    if (flags !== 0 && (error !== 0 || low !== 0 || high !== 0)) return -EINVAL;
    const notification = this.open(Number(view.getBigUint64(0, true)));
    if (isErrno(notification)) return notification;
    notification.reply(error, low, high, flags);
    return 0;
  }

  /** Give the other task a descriptor. Linux: seccomp_notify_addfd; the other task does it there. */
  private addFd(task: Task, address: number, size: number): number {
    if (size < s.SECCOMP_NOTIF_ADDFD_SIZE || size >= PAGE_SIZE) return -EINVAL;
    const bytes = task.mm!.copyIn(address, size);
    if (isErrno(bytes)) return bytes;
    for (let i = s.SECCOMP_NOTIF_ADDFD_SIZE; i < size; i++) if (bytes[i] !== 0) return -E2BIG;
    const view = new DataView(bytes.buffer);
    const flags = view.getUint32(8, true);
    const newFd = view.getUint32(16, true);
    const newFlags = view.getUint32(20, true);
    if ((newFlags & ~O_CLOEXEC) !== 0 || (flags & ~(s.SECCOMP_ADDFD_FLAG_SETFD | s.SECCOMP_ADDFD_FLAG_SEND)) !== 0) return -EINVAL;
    const chosen = (flags & s.SECCOMP_ADDFD_FLAG_SETFD) !== 0;
    if (newFd !== 0 && !chosen) return -EINVAL;
    const file = task.files!.get(view.getInt32(12, true));
    if (file === null) return -EBADF;
    const notification = this.open(Number(view.getBigUint64(0, true)));
    if (isErrno(notification)) return notification;
    const target = notification.task;
    const limit = target.group.softLimit(RLIMIT_NOFILE);
    const files = target.files!;
    const closeOnExec = (newFlags & O_CLOEXEC) !== 0;
    if (chosen && newFd >= limit) return -EBADF;
    const reserved = chosen ? files.reserve(newFd) : 0;
    if (reserved < 0) return reserved;
    if (chosen && files.get(newFd) !== null) files.close(target, newFd);
    if (chosen) files.install(newFd, file.get(), closeOnExec);
    const fd = chosen ? newFd : files.allocate(file, closeOnExec, limit);
    if (fd < 0) return fd;
    if (!chosen) file.get();
    if ((flags & s.SECCOMP_ADDFD_FLAG_SEND) !== 0) notification.reply(0, fd, 0, 0);
    return fd;
  }
}
