/** Asynchronous I/O of the kernel. See include/uapi/linux/aio_abi.h. */

export const IOCB_CMD_PREAD = 0;
export const IOCB_CMD_PWRITE = 1;
export const IOCB_CMD_FSYNC = 2;
export const IOCB_CMD_FDSYNC = 3;
export const IOCB_CMD_POLL = 5;
export const IOCB_CMD_PREADV = 7;
export const IOCB_CMD_PWRITEV = 8;

export const IOCB_FLAG_RESFD = 1;
export const IOCB_FLAG_IOPRIO = 2;

/** struct iocb, struct io_event; struct aio_ring before its events. */
export const IOCB_SIZE = 64;
export const IO_EVENT_SIZE = 32;
export const AIO_RING_SIZE = 32;
export const AIO_RING_MAGIC = 0xa10a10a1;
