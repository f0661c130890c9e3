/**
 * The page right before the vDSO: what its code needs to tell the time without a system call. The kernel writes it, all
 * address spaces of a time namespace share it, programs only read it. Offsets are in bytes; times are seconds and nanoseconds
 * of 64 bits each. Linux: include/vdso/datapage.h.
 */

/** A 32-bit number that is different after every update. */
export const VVAR_SEQUENCE = 0;
/** 1 when the rest is valid; 0 sends the vDSO to the system call. */
export const VVAR_VALID = 4;
/** CNTVCT_EL0 (nanoseconds) at the moment the clocks below had the values below. */
export const VVAR_COUNTER = 8;
/** Resolution of the coarse clocks in nanoseconds, 64 bits. */
export const VVAR_COARSE_RESOLUTION = 16;
/** The obsolete time zone of gettimeofday(2): tz_minuteswest and tz_dsttime. */
export const VVAR_TIMEZONE = 24;
/** The clock with number N (clock_gettime(2)) is at VVAR_CLOCKS + VVAR_CLOCK_BYTES * N. */
export const VVAR_CLOCKS = 64;
export const VVAR_CLOCK_BYTES = 16;
/** Clocks that the vDSO serves: REALTIME, MONOTONIC, MONOTONIC_RAW, BOOTTIME and TAI to the nanosecond … */
export const VVAR_FINE_CLOCKS: readonly number[] = [0, 1, 4, 7, 11];
/** … and REALTIME_COARSE and MONOTONIC_COARSE, which stand still between updates. */
export const VVAR_COARSE_CLOCKS: readonly number[] = [5, 6];
