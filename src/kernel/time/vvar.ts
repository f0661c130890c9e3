/** The pages of clock data that the vDSO reads: one for each time namespace. See vdso(7), platform/vvar.ts; Linux: kernel/time/vsyscall.c. */

import * as v from '../../platform/vvar.ts';
import type { Kernel } from '../kernel.ts';
import type { Timespec } from '../vfs/inode.ts';
import { addTimes, COARSE_RESOLUTION, toTimespec } from './posix_clock.ts';

const CLOCK_REALTIME = 0;
const CLOCK_REALTIME_COARSE = 5;
const CLOCK_BOOTTIME = 7;
const CLOCK_TAI = 11;

/** Write the present time of all clocks into the pages, as far as programs have a vDSO. The coarse clocks show it until the next time. */
export function updateVvar(kernel: Kernel): void {
  const counter = kernel.clock.monotonic();
  const wall = kernel.now();
  kernel.tick = { monotonic: counter, wall };
  const { vdso } = kernel.memory;
  if (vdso === null) return;
  const up = toTimespec(counter);
  writePage(kernel, vdso.vvarAddress, counter, wall, up, up);
  for (const { vvar, monotonic, boottime } of kernel.timeNamespaces) {
    writePage(kernel, vvar!.vvarAddress, counter, wall, addTimes(up, monotonic), addTimes(up, boottime));
  }
}

function writePage(kernel: Kernel, page: number, counter: number, wall: Timespec, monotonic: Timespec, boottime: Timespec): void {
  const { data } = kernel.platform.machine.ram.views;
  data.setUint32(page + v.VVAR_SEQUENCE, data.getUint32(page + v.VVAR_SEQUENCE, true) + 1, true);
  put64(data, page + v.VVAR_COUNTER, counter);
  put64(data, page + v.VVAR_COARSE_RESOLUTION, COARSE_RESOLUTION);
  for (const clock of [...v.VVAR_FINE_CLOCKS, ...v.VVAR_COARSE_CLOCKS]) {
    const isWall = clock === CLOCK_REALTIME || clock === CLOCK_REALTIME_COARSE || clock === CLOCK_TAI;
    const time = isWall ? wall : clock === CLOCK_BOOTTIME ? boottime : monotonic;
    put64(data, page + v.VVAR_CLOCKS + v.VVAR_CLOCK_BYTES * clock, time.seconds);
    put64(data, page + v.VVAR_CLOCKS + v.VVAR_CLOCK_BYTES * clock + 8, time.nanoseconds);
  }
  data.setUint32(page + v.VVAR_VALID, 1, true);
}

function put64(data: DataView, address: number, value: number): void {
  data.setUint32(address, value % 4294967296, true);
  data.setInt32(address + 4, Math.floor(value / 4294967296), true);
}
