/** POSIX message queues: limits and structure layouts. See mq_overview(7), linux/mqueue.h. */

/** Priorities are below. */
export const MQ_PRIO_MAX = 32768;
/** What no privilege exceeds: messages in a queue, bytes of a message. Linux: HARD_MSGMAX, HARD_MSGSIZEMAX. */
export const HARD_MSGMAX = 65536;
export const HARD_MSGSIZEMAX = 16777216;

/** struct mq_attr: mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs and four reserved longs. */
export const MQ_ATTR_SIZE = 64;

/** What SIGEV_THREAD sends to a netlink socket: a cookie whose last byte tells why. */
export const NOTIFY_COOKIE_LEN = 32;
export const NOTIFY_WOKENUP = 1;
export const NOTIFY_REMOVED = 2;

export const MQUEUE_MAGIC = 0x19800202;
