/** The code of the vDSO. See vdso(7); Linux: arch/arm64/kernel/vdso/, lib/vdso/gettimeofday.c. */

import {
  VVAR_CLOCKS,
  VVAR_COARSE_CLOCKS,
  VVAR_COARSE_RESOLUTION,
  VVAR_COUNTER,
  VVAR_FINE_CLOCKS,
  VVAR_SEQUENCE,
  VVAR_TIMEZONE,
  VVAR_VALID,
} from '../../platform/vvar.ts';

const bits = (clocks: readonly number[]): number => clocks.reduce((mask, clock) => mask | (1 << clock), 0);
const NR_clock_gettime = 113;
const NR_clock_getres = 114;
const NR_rt_sigreturn = 139;
const NR_gettimeofday = 169;

/** x2: vvar, x3: the clock. Leaves seconds in x8 and nanoseconds, below 10^9, in x9; goes to `otherwise` if vvar is not valid. */
const readClock = (name: string, otherwise: string): string => `
${name}:
  ldr w4, [x2, #${VVAR_SEQUENCE}]
  dmb ishld
  ldr w5, [x2, #${VVAR_VALID}]
  cbz w5, ${otherwise}
  mrs x5, cntvct_el0
  ldr x6, [x2, #${VVAR_COUNTER}]
  sub x5, x5, x6
  add x6, x2, x3, lsl #4
  ldp x8, x9, [x6, #${VVAR_CLOCKS}]
  dmb ishld
  ldr w6, [x2, #${VVAR_SEQUENCE}]
  cmp w4, w6
  b.ne ${name}
`;

/** Carries whole seconds from x9 to x8. */
const carrySeconds = `
  movz x10, #${1_000_000_000 & 0xffff}
  movk x10, #${1_000_000_000 >> 16}, lsl #16
  udiv x11, x9, x10
  msub x9, x11, x10, x9
  add x8, x8, x11
`;

export const VDSO_FUNCTIONS: readonly string[] = [
  '__kernel_rt_sigreturn',
  '__kernel_clock_gettime',
  '__kernel_gettimeofday',
  '__kernel_clock_getres',
];

/** `vvar` is the symbol of the page before the image. Each function ends where a label with its name and `_end` is. */
export const VDSO_SOURCE: string = `
  nop // unwinders look at the instruction before the return address
__kernel_rt_sigreturn:
  mov x8, #${NR_rt_sigreturn}
  svc #0
__kernel_rt_sigreturn_end:

  .align 4
__kernel_clock_gettime: // w0: clock, x1: struct timespec
  cmp w0, #15
  b.hi gettime_call
  mov w3, w0
  mov x4, #1
  lsl x4, x4, x3
  mov x5, #${bits(VVAR_FINE_CLOCKS)}
  tst x4, x5
  b.eq gettime_other
  adr x2, vvar
${readClock('gettime_retry', 'gettime_call')}
  add x9, x9, x5
${carrySeconds}
gettime_done:
  stp x8, x9, [x1]
  mov w0, #0
  ret
gettime_other:
  mov x5, #${bits(VVAR_COARSE_CLOCKS)}
  tst x4, x5
  b.eq gettime_call
  adr x2, vvar
${readClock('gettime_coarse', 'gettime_call')}
  b gettime_done
gettime_call:
  mov x8, #${NR_clock_gettime}
  svc #0
  ret
__kernel_clock_gettime_end:

  .align 4
__kernel_gettimeofday: // x0: struct timeval or 0, x1: struct timezone or 0
  adr x2, vvar
  cbz x0, timezone
  mov x3, #0
${readClock('gettimeofday_retry', 'gettimeofday_call')}
  add x9, x9, x5
${carrySeconds}
  mov x10, #1000
  udiv x9, x9, x10
  stp x8, x9, [x0]
timezone:
  cbz x1, gettimeofday_done
  ldr x3, [x2, #${VVAR_TIMEZONE}]
  str x3, [x1]
gettimeofday_done:
  mov w0, #0
  ret
gettimeofday_call:
  mov x8, #${NR_gettimeofday}
  svc #0
  ret
__kernel_gettimeofday_end:

  .align 4
__kernel_clock_getres: // w0: clock, x1: struct timespec or 0
  cmp w0, #15
  b.hi getres_call
  mov w3, w0
  mov x4, #1
  lsl x4, x4, x3
  mov x2, #1
  mov x5, #${bits(VVAR_FINE_CLOCKS)}
  tst x4, x5
  b.ne getres_store
  mov x5, #${bits(VVAR_COARSE_CLOCKS)}
  tst x4, x5
  b.eq getres_call
  adr x2, vvar
  ldr w5, [x2, #${VVAR_VALID}]
  cbz w5, getres_call
  ldr x2, [x2, #${VVAR_COARSE_RESOLUTION}]
getres_store:
  cbz x1, getres_done
  stp xzr, x2, [x1]
getres_done:
  mov w0, #0
  ret
getres_call:
  mov x8, #${NR_clock_getres}
  svc #0
  ret
__kernel_clock_getres_end:
`;
