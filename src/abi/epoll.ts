/** Event bits, operations and structure sizes of epoll, eventfd, timerfd and signalfd on arm64. See epoll(7). */

import { O_CLOEXEC, O_NONBLOCK } from './fcntl.ts';

export const EPOLL_CLOEXEC: number = O_CLOEXEC;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

export const EPOLLEXCLUSIVE: number = 2 ** 28;
export const EPOLLWAKEUP: number = 2 ** 29;
export const EPOLLONESHOT: number = 2 ** 30;
export const EPOLLET: number = 2 ** 31;

/** struct epoll_event: u32 events, 4 bytes of nothing, u64 data. */
export const EPOLL_EVENT_SIZE = 16;

export const EFD_SEMAPHORE = 1;
export const EFD_CLOEXEC: number = O_CLOEXEC;
export const EFD_NONBLOCK: number = O_NONBLOCK;

export const TFD_TIMER_ABSTIME = 1;
export const TFD_TIMER_CANCEL_ON_SET = 2;

export const SIGNALFD_SIGINFO_SIZE = 128;
