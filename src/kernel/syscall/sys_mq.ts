/** mq_open, mq_unlink, mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr. Linux: ipc/mqueue.c. See mq_overview(7). */

import {
  EACCES,
  EAGAIN,
  EBADF,
  EBUSY,
  EEXIST,
  EINVAL,
  EMFILE,
  EMSGSIZE,
  ENAMETOOLONG,
  ENOENT,
  ENOMEM,
  ENOTSOCK,
  EROFS,
  isErrno,
} from '../../abi/errno.ts';
import { NAME_MAX, O_ACCMODE, O_CLOEXEC, O_CREAT, O_EXCL, O_NONBLOCK } from '../../abi/fcntl.ts';
import { MQ_ATTR_SIZE, MQ_PRIO_MAX, NOTIFY_COOKIE_LEN } from '../../abi/mqueue.ts';
import { RLIMIT_NOFILE } from '../../abi/process.ts';
import { NSIG, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD } from '../../abi/signal.ts';
import { CLOCK_REALTIME } from '../../abi/time.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { MqueueFile } from '../fs/mqueue/mqueue_file.ts';
import type { MqueueAttributes, MqueueDirectory } from '../fs/mqueue/mqueue_inode.ts';
import { mqueueMount } from '../fs/mqueue/mqueuefs.ts';
import { freeMessage, type MqueueMessage, MqueueWaiter, PRICE_MQUEUE_MESSAGE } from '../ipc/mqueue.ts';
import { type MqueueEvent, MqueueNotification } from '../ipc/mqueue_notify.ts';
import { charge } from '../mm/price.ts';
import { NetlinkSocket } from '../net/netlink/netlink_socket.ts';
import { Socket } from '../net/socket.ts';
import type { Task } from '../task/task.ts';
import { monotonicAt } from '../time/posix_clock.ts';
import type { Dentry } from '../vfs/dentry.ts';
import { lookupName } from '../vfs/lookup.ts';
import { getName } from '../vfs/namei.ts';
import { makeObject, maskMode, unlink } from '../vfs/names.ts';
import { openPath } from '../vfs/open.ts';
import { Path } from '../vfs/path.ts';
import { MAY_EXEC, MAY_READ, MAY_WRITE, permission } from '../vfs/permission.ts';
import { fd, flags, mode, ptr, size, str, uint } from './args.ts';
import { longs, readTime } from './copy.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';
import { pin, pinnedFile } from './pinned_file.ts';

const LONG = 8;
const SIGEVENT_SIZE = 64;
const TWO_32 = 4294967296;
/** MAY_ bits for each access mode; the fourth is none. */
const ACCESS_MASK: readonly number[] = [MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE];

/** A signed long. */
const long = (view: DataView, at: number): number => view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true);

/** What is called `name` in the root of the namespace's queues, possibly nothing. Linux: lookup_one_len. */
function lookupQueue(task: Task, root: Dentry, name: string): Dentry | number {
  if (name === '.' || name === '..' || name.includes('/')) return -EACCES;
  const denied = permission(task, root.inode!, MAY_EXEC);
  if (denied < 0) return denied;
  return name.length > NAME_MAX ? -ENAMETOOLONG : lookupName(task, root, name);
}

function readAttributes(task: Task, address: number): MqueueAttributes | number | null {
  if (address === 0) return null;
  const bytes = task.mm!.copyIn(address, MQ_ATTR_SIZE);
  if (isErrno(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { maxMessages: long(view, LONG), maxSize: long(view, 2 * LONG) };
}

const mqOpen = defineSyscall(
  'mq_open',
  [str('name'), flags('oflag'), mode('mode'), ptr('attr')],
  (task, address, flag, permissions, at) => {
    const attributes = readAttributes(task, at);
    if (typeof attributes === 'number') return attributes;
    const name = getName(task, address);
    if (typeof name === 'number') return name;
    if (task.files!.lowestFree(0, task.group.softLimit(RLIMIT_NOFILE)) < 0) return -EMFILE;
    const mount = mqueueMount(task.kernel, task.nsproxy.ipc);
    const dentry = lookupQueue(task, mount.root, name);
    if (isErrno(dentry)) return dentry;
    const created = dentry.inode === null;
    if (created) {
      if ((flag & O_CREAT) === 0) return -ENOENT;
      if (mount.readOnly) return -EROFS;
      const failed = makeObject(task, dentry, maskMode(task, permissions), (directory, all) =>
        (directory as MqueueDirectory).createQueue(task, name, all, attributes),
      );
      if (failed < 0) return failed;
    } else {
      if ((flag & O_CREAT) !== 0 && (flag & O_EXCL) !== 0) return -EEXIST;
      const mask = ACCESS_MASK[flag & O_ACCMODE];
      if (mask === undefined) return -EINVAL;
      const denied = permission(task, dentry.inode!, mask);
      if (denied < 0) return denied;
    }
    // What may be done with it has been decided: the permissions of a new queue do not concern this description.
    const file = openPath(task, new Path(mount, dentry), { flags: flag, mode: 0, resolve: 0 }, true);
    if (isErrno(file)) return file;
    file.created = created;
    return newFd(task, file, O_CLOEXEC);
  },
);

const mqUnlink = defineSyscall('mq_unlink', [str('name')], (task, address) => {
  const name = getName(task, address);
  if (typeof name === 'number') return name;
  const mount = mqueueMount(task.kernel, task.nsproxy.ipc);
  if (mount.readOnly) return -EROFS;
  const dentry = lookupQueue(task, mount.root, name);
  if (isErrno(dentry)) return dentry;
  return dentry.inode === null ? -ENOENT : unlink(task, dentry);
});

/** The deadline is in progress then; 0, -EFAULT or -EINVAL. Linux: prepare_timeout. */
function prepareTimeout(task: Task, address: number): number {
  if (address === 0 || (task.progress?.deadline ?? Number.POSITIVE_INFINITY) !== Number.POSITIVE_INFINITY) return 0;
  const time = readTime(task, address);
  if (typeof time === 'number') return time;
  task.ensureProgress().deadline = Math.max(0, monotonicAt(task, CLOCK_REALTIME, time));
  return 0;
}

/** The open queue that the call works on, with MAY_READ or MAY_WRITE; or -EBADF. */
function queueFile(task: Task, descriptor: number, mask: number): MqueueFile | number {
  const file = pinnedFile(task, descriptor);
  if (!(file instanceof MqueueFile) || !(mask === MAY_READ ? file.readable : file.writable)) return -EBADF;
  return file;
}

/** Copied in and paid for. */
function loadMessage(task: Task, address: number, length: number, priority: number): MqueueMessage | number {
  const text = task.mm!.copyIn(address, length);
  if (isErrno(text)) return text;
  const payer = task.group.cgroup.memory;
  return charge(task.kernel, payer, PRICE_MQUEUE_MESSAGE + length) ? { priority, text, payer } : -ENOMEM;
}

const mqTimedsend = defineSyscall(
  'mq_timedsend',
  [fd('mqdes'), ptr('msg_ptr'), size('msg_len'), uint('msg_prio'), ptr('abs_timeout')],
  (task, descriptor, address, length, priority, timeout) => {
    const failed = prepareTimeout(task, timeout);
    if (failed < 0) return failed;
    if (priority >= MQ_PRIO_MAX) return -EINVAL;
    const file = queueFile(task, descriptor, MAY_WRITE);
    if (isErrno(file)) return file;
    const { queue } = file;
    if (task.progress?.data instanceof MqueueWaiter) return pin(task, file, queue.wait(task, queue.senders, null));
    if (length > queue.maxSize) return -EMSGSIZE;
    const message = loadMessage(task, address, length, priority);
    if (isErrno(message)) return message;
    if (queue.full) {
      if ((file.flags & O_NONBLOCK) === 0) return pin(task, file, queue.wait(task, queue.senders, message));
      freeMessage(message);
      return -EAGAIN;
    }
    queue.send(task, message);
    file.inode.exchanged();
    return 0;
  },
);

/** The bytes of the message, or a negative errno. A message that the program has no memory for is lost, as on Linux. */
function storeMessage(task: Task, { text, priority }: MqueueMessage, address: number, priorityAddress: number): number {
  const mm = task.mm!;
  const failed = priorityAddress === 0 ? 0 : mm.writeU32(priorityAddress, priority);
  return failed < 0 ? failed : mm.copyOut(address, text) || text.length;
}

const mqTimedreceive = defineSyscall(
  'mq_timedreceive',
  [fd('mqdes'), ptr('msg_ptr'), size('msg_len'), ptr('msg_prio'), ptr('abs_timeout')],
  (task, descriptor, address, length, priorityAddress, timeout) => {
    const failed = prepareTimeout(task, timeout);
    if (failed < 0) return failed;
    const file = queueFile(task, descriptor, MAY_READ);
    if (isErrno(file)) return file;
    const { queue } = file;
    const waiter = task.progress?.data;
    if (waiter instanceof MqueueWaiter) {
      if (waiter.message === null) return pin(task, file, queue.wait(task, queue.receivers, null));
      return storeMessage(task, waiter.message, address, priorityAddress);
    }
    if (length < queue.maxSize) return -EMSGSIZE;
    if (queue.count === 0) {
      if ((file.flags & O_NONBLOCK) !== 0) return -EAGAIN;
      return pin(task, file, queue.wait(task, queue.receivers, null));
    }
    const message = queue.first;
    const stored = storeMessage(task, message, address, priorityAddress);
    if (stored === NOT_RESIDENT) return stored;
    queue.take();
    freeMessage(message);
    file.inode.exchanged();
    return stored;
  },
);

/** struct sigevent, and what SIGEV_THREAD needs: the value is the address of a cookie, the signal number a netlink socket. */
function readEvent(task: Task, address: number): MqueueEvent | number {
  const bytes = task.mm!.copyIn(address, SIGEVENT_SIZE);
  if (isErrno(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const valueLow = view.getUint32(0, true);
  const valueHigh = view.getUint32(4, true);
  const signo = view.getInt32(8, true);
  const notify = view.getInt32(12, true);
  if (notify === SIGEV_THREAD) {
    const cookie = task.mm!.copyIn(valueHigh * TWO_32 + valueLow, NOTIFY_COOKIE_LEN);
    if (isErrno(cookie)) return cookie;
    const socket = task.files!.io(signo);
    if (socket === null) return -EBADF;
    if (!(socket instanceof Socket)) return -ENOTSOCK;
    if (!(socket instanceof NetlinkSocket)) return -EINVAL;
    return { notify, signo: 0, valueLow: 0, valueHigh: 0, socket, cookie };
  }
  if (notify !== SIGEV_NONE && notify !== SIGEV_SIGNAL) return -EINVAL;
  if (notify === SIGEV_SIGNAL && (signo < 0 || signo > NSIG)) return -EINVAL;
  return { notify, signo, valueLow, valueHigh, socket: null, cookie: new Uint8Array(0) };
}

const mqNotify = defineSyscall('mq_notify', [fd('mqdes'), ptr('sevp')], (task, descriptor, address) => {
  const event = address === 0 ? null : readEvent(task, address);
  if (typeof event === 'number') return event;
  const file = task.files!.io(descriptor);
  if (!(file instanceof MqueueFile)) return -EBADF;
  const { queue } = file;
  if (event === null) {
    if (queue.notification?.owner === task.group.leader.pid) {
      queue.notification.remove();
      queue.notification = null;
      file.inode.accessed();
    }
    return 0;
  }
  if (queue.notification !== null) return -EBUSY;
  queue.notification = new MqueueNotification(task, event);
  file.inode.accessed();
  return 0;
});

const mqGetsetattr = defineSyscall('mq_getsetattr', [fd('mqdes'), ptr('newattr'), ptr('oldattr')], (task, descriptor, next, old) => {
  const mm = task.mm!;
  let wanted = 0;
  if (next !== 0) {
    const bytes = mm.copyIn(next, MQ_ATTR_SIZE);
    if (isErrno(bytes)) return bytes;
    wanted = long(new DataView(bytes.buffer, bytes.byteOffset), 0);
    if (wanted !== 0 && wanted !== O_NONBLOCK) return -EINVAL;
  }
  const file = task.files!.io(descriptor);
  if (!(file instanceof MqueueFile)) return -EBADF;
  const { maxMessages, maxSize, count } = file.queue;
  const now = longs([file.flags & O_NONBLOCK, maxMessages, maxSize, count, 0, 0, 0, 0]);
  const stored = old === 0 ? 0 : mm.copyOut(old, now);
  if (stored === NOT_RESIDENT) return stored;
  if (next !== 0) {
    file.flags = (file.flags & ~O_NONBLOCK) | wanted;
    file.inode.accessed();
  }
  return stored;
});

export const mqCalls: readonly Syscall[] = [mqOpen, mqUnlink, mqTimedsend, mqTimedreceive, mqNotify, mqGetsetattr];
