/** epoll_create1, epoll_ctl, epoll_pwait, epoll_pwait2. See the manual page of each. Linux: fs/eventpoll.c. */

import * as c from '../../abi/epoll.ts';
import { EBADF, EEXIST, EFAULT, EINTR, EINVAL, ELOOP, ENOENT, ENOMEM, EPERM, isErrno } from '../../abi/errno.ts';
import { O_RDWR } from '../../abi/fcntl.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { EpollFile } from '../fs/anon_inodes/epoll_file.ts';
import { EpollItem } from '../fs/anon_inodes/epoll_item.ts';
import { charge, PRICE_EPOLL_ITEM } from '../mm/price.ts';
import { useTemporaryMask } from '../signal/blocked.ts';
import type { Task } from '../task/task.ts';
import { File, POLLERR, POLLHUP, POLLIN, POLLOUT } from '../vfs/file.ts';
import { fd, flags, int, ptr, size } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';
import { pin, pinnedFile } from './pinned_file.ts';
import { readSigset, readTimeout } from './timeout.ts';

const MILLISECOND = 1e6;
const MAX_EVENTS: number = Math.floor(0x7fffffff / c.EPOLL_EVENT_SIZE);
/** What may go with EPOLLEXCLUSIVE. Linux: EPOLLEXCLUSIVE_OK_BITS. */
const EXCLUSIVE_OK = (POLLIN | POLLOUT | POLLERR | POLLHUP | c.EPOLLWAKEUP | c.EPOLLET | c.EPOLLEXCLUSIVE) >>> 0;

const epollCreate1 = defineSyscall('epoll_create1', [flags('flags')], (task, flag) => {
  if ((flag & ~c.EPOLL_CLOEXEC) !== 0) return -EINVAL;
  return newFd(task, new EpollFile(task.kernel, O_RDWR), flag);
});

/** Regular files, directories and /dev/null are always ready and cannot be watched. Linux: file_can_poll. */
const canPoll = (file: File): boolean => file.poll !== File.prototype.poll;

const epollCtl = defineSyscall('epoll_ctl', [fd('epfd'), int('op'), fd('fd'), ptr('event')], (task, epfd, operation, number, address) => {
  let events = 0;
  let low = 0;
  let high = 0;
  if (operation !== c.EPOLL_CTL_DEL) {
    const bytes = task.mm!.copyIn(address, c.EPOLL_EVENT_SIZE);
    if (isErrno(bytes)) return bytes;
    [events, , low, high] = new Uint32Array((bytes as Uint8Array).buffer) as unknown as [number, number, number, number];
  }
  const epoll = task.files!.io(epfd);
  const file = task.files!.io(number);
  if (epoll === null || file === null) return -EBADF;
  if (!canPoll(file)) return -EPERM;
  if (file === epoll || !(epoll instanceof EpollFile)) return -EINVAL;
  const exclusive = (events & c.EPOLLEXCLUSIVE) !== 0;
  if (exclusive && operation === c.EPOLL_CTL_MOD) return -EINVAL;
  if (exclusive && operation === c.EPOLL_CTL_ADD && (file instanceof EpollFile || (events & ~EXCLUSIVE_OK) !== 0)) return -EINVAL;
  if (operation === c.EPOLL_CTL_ADD && file instanceof EpollFile && epoll.wouldLoop(file)) return -ELOOP;
  const item = epoll.find(number, file);
  switch (operation) {
    case c.EPOLL_CTL_ADD: {
      if (item !== null) return -EEXIST;
      const { memory } = task.group.cgroup;
      if (!charge(task.kernel, memory, PRICE_EPOLL_ITEM)) return -ENOMEM;
      epoll.add(task, new EpollItem(epoll, file, number, memory, events, low, high));
      return 0;
    }
    case c.EPOLL_CTL_DEL:
      if (item === null) return -ENOENT;
      epoll.remove(item);
      return 0;
    case c.EPOLL_CTL_MOD:
      if (item === null) return -ENOENT;
      if (item.exclusive) return -EINVAL;
      item.events = (events | POLLERR | POLLHUP) >>> 0;
      item.dataLow = low;
      item.dataHigh = high;
      epoll.watch(task, item);
      return 0;
    default:
      return -EINVAL;
  }
});

/** Wait for events until `timeout` nanoseconds have passed. */
function wait(task: Task, epfd: number, address: number, max: number, timeout: number): number {
  if (max <= 0 || max > MAX_EVENTS) return -EINVAL;
  const epoll = pinnedFile(task, epfd);
  if (epoll === null) return -EBADF;
  if (!(epoll instanceof EpollFile)) return -EINVAL;
  const found = epoll.collect(task, max);
  if (found.length > 0) {
    const view = new DataView(new ArrayBuffer(found.length * c.EPOLL_EVENT_SIZE));
    found.forEach(({ item, events }, i) => {
      view.setUint32(i * c.EPOLL_EVENT_SIZE, events, true);
      view.setUint32(i * c.EPOLL_EVENT_SIZE + 8, item.dataLow, true);
      view.setUint32(i * c.EPOLL_EVENT_SIZE + 12, item.dataHigh, true);
    });
    const failed = task.mm!.copyOut(address, new Uint8Array(view.buffer));
    if (failed < 0) return failed === NOT_RESIDENT ? failed : -EFAULT;
    epoll.deliver(found);
    return found.length;
  }
  if (timeout === 0) return 0;
  const deadline = timeout === Number.POSITIVE_INFINITY ? timeout : task.deadline(timeout);
  if (task.kernel.clock.monotonic() >= deadline) return 0;
  return pin(task, epoll, task.block([epoll.changed], { deadline, restart: EINTR }));
}

/** The signal mask of the call: 0, or why it cannot be used. */
function useMask(task: Task, address: number, length: number): number {
  const mask = readSigset(task, address, length);
  if (typeof mask === 'number') return mask;
  if (mask !== null) useTemporaryMask(task, mask);
  return 0;
}

const epollPwait = defineSyscall(
  'epoll_pwait',
  [fd('epfd'), ptr('events'), int('maxevents'), int('timeout'), ptr('sigmask'), size('sigsetsize')],
  (task, epfd, address, max, timeout, maskAt, maskSize) => {
    const refused = useMask(task, maskAt, maskSize);
    if (refused < 0) return refused;
    return wait(task, epfd, address, max, timeout < 0 ? Number.POSITIVE_INFINITY : timeout * MILLISECOND);
  },
);

const epollPwait2 = defineSyscall(
  'epoll_pwait2',
  [fd('epfd'), ptr('events'), int('maxevents'), ptr('timeout'), ptr('sigmask'), size('sigsetsize')],
  (task, epfd, address, max, timeoutAt, maskAt, maskSize) => {
    const timeout = readTimeout(task, timeoutAt);
    if (timeout < 0) return timeout;
    const refused = useMask(task, maskAt, maskSize);
    return refused < 0 ? refused : wait(task, epfd, address, max, timeout);
  },
);

export const epollCalls: readonly Syscall[] = [epollCreate1, epollCtl, epollPwait, epollPwait2];
