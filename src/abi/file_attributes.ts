/** What chattr(1) sets: ioctls and flags. See ioctl_iflags(2), ioctl_xfs_fsgetxattr(2). */

export const FS_IOC_GETFLAGS = 0x80086601;
export const FS_IOC_SETFLAGS = 0x40086602;
export const FS_IOC_FSGETXATTR = 0x801c581f;
export const FS_IOC_FSSETXATTR = 0x401c5820;
/** struct fsxattr. */
export const FSXATTR_SIZE = 28;

export const FS_SYNC_FL = 0x8;
export const FS_IMMUTABLE_FL = 0x10;
export const FS_APPEND_FL = 0x20;
export const FS_NODUMP_FL = 0x40;
export const FS_NOATIME_FL = 0x80;
export const FS_DAX_FL = 0x02000000;
export const FS_PROJINHERIT_FL = 0x20000000;

export const FS_XFLAG_PROJINHERIT = 0x200;
export const FS_XFLAG_EXTSIZE = 0x800;
export const FS_XFLAG_EXTSZINHERIT = 0x1000;
export const FS_XFLAG_COWEXTSIZE = 0x10000;

/** The same, as struct fsxattr has them: pairs of FS_XFLAG_ and FS_ flags. */
export const FS_COMMON: readonly (readonly [number, number])[] = [
  [0x8, FS_IMMUTABLE_FL],
  [0x10, FS_APPEND_FL],
  [0x20, FS_SYNC_FL],
  [0x40, FS_NOATIME_FL],
  [0x80, FS_NODUMP_FL],
  [FS_XFLAG_PROJINHERIT, FS_PROJINHERIT_FL],
  [0x8000, FS_DAX_FL],
];
