/** Modes, operations, flags, results and structures of seccomp. See seccomp(2), seccomp_unotify(2), linux/seccomp.h. */

export const SECCOMP_MODE_STRICT = 1;
export const SECCOMP_MODE_FILTER = 2;

export const SECCOMP_SET_MODE_STRICT = 0;
export const SECCOMP_SET_MODE_FILTER = 1;
export const SECCOMP_GET_ACTION_AVAIL = 2;
export const SECCOMP_GET_NOTIF_SIZES = 3;

export const SECCOMP_FILTER_FLAG_TSYNC = 1;
export const SECCOMP_FILTER_FLAG_LOG = 2;
/** No side channels are mitigated here, so there is nothing to allow. */
export const SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4;
export const SECCOMP_FILTER_FLAG_NEW_LISTENER = 8;
export const SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 16;
export const SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 32;
export const SECCOMP_FILTER_FLAGS = 63;

/** What a filter returns: an action in the upper half, data for it in the lower. */
export const SECCOMP_RET_KILL_PROCESS = 0x80000000;
export const SECCOMP_RET_KILL_THREAD = 0x00000000;
export const SECCOMP_RET_TRAP = 0x00030000;
export const SECCOMP_RET_ERRNO = 0x00050000;
export const SECCOMP_RET_USER_NOTIF = 0x7fc00000;
export const SECCOMP_RET_TRACE = 0x7ff00000;
export const SECCOMP_RET_LOG = 0x7ffc0000;
export const SECCOMP_RET_ALLOW = 0x7fff0000;
export const SECCOMP_RET_DATA = 0xffff;

/** struct seccomp_data: int nr, u32 arch, u64 instruction_pointer, u64 args[6]. */
export const SECCOMP_DATA_SIZE = 64;
/** struct seccomp_notif: u64 id, u32 pid, u32 flags, struct seccomp_data. */
export const SECCOMP_NOTIF_SIZE = 80;
/** struct seccomp_notif_resp: u64 id, s64 val, s32 error, u32 flags. */
export const SECCOMP_NOTIF_RESP_SIZE = 24;
/** struct seccomp_notif_addfd: u64 id, u32 flags, srcfd, newfd, newfd_flags. */
export const SECCOMP_NOTIF_ADDFD_SIZE = 24;

export const SECCOMP_IOCTL_NOTIF_RECV = 0xc0502100;
export const SECCOMP_IOCTL_NOTIF_SEND = 0xc0182101;
export const SECCOMP_IOCTL_NOTIF_ID_VALID = 0x40082102;
/** The same with the direction that it had by mistake at first. */
export const SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR = 0x80082102;
/** Without direction and size, which may grow. */
export const SECCOMP_IOCTL_NOTIF_ADDFD_NR = 0x2103;
export const SECCOMP_IOCTL_NOTIF_SET_FLAGS = 0x40082104;

export const SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1;
export const SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP = 1;
export const SECCOMP_ADDFD_FLAG_SETFD = 1;
export const SECCOMP_ADDFD_FLAG_SEND = 2;

/** linux/audit.h: EM_AARCH64, 64 bits, little endian. */
export const AUDIT_ARCH_AARCH64 = 0xc00000b7;
