/** The page of clock data that the vDSO reads. See vdso(7), platform/vvar.ts; Linux: kernel/time/vsyscall.c. */

import * as v from '../../platform/vvar.ts';
import type { Kernel } from '../kernel.ts';
import type { Timespec } from '../vfs/inode.ts';
import { COARSE_RESOLUTION } from './posix_clock.ts';

const CLOCK_REALTIME = 0;
const CLOCK_REALTIME_COARSE = 5;
const CLOCK_TAI = 11;

/** Write the present time of all clocks into the page. Does nothing while no program has a vDSO. */
export function updateVvar(kernel: Kernel): void {
  const { vdso } = kernel.memory;
  if (vdso === null) return;
  const { data } = kernel.platform.machine.ram.views;
  const page = vdso.vvarAddress;
  const counter = kernel.clock.monotonic();
  const wall = kernel.now();
  const up: Timespec = { seconds: Math.floor(counter / 1e9), nanoseconds: counter % 1e9 };
  data.setUint32(page + v.VVAR_SEQUENCE, data.getUint32(page + v.VVAR_SEQUENCE, true) + 1, true);
  put64(data, page + v.VVAR_COUNTER, counter);
  put64(data, page + v.VVAR_COARSE_RESOLUTION, COARSE_RESOLUTION);
  for (const clock of [...v.VVAR_FINE_CLOCKS, ...v.VVAR_COARSE_CLOCKS]) {
    const isWall = clock === CLOCK_REALTIME || clock === CLOCK_REALTIME_COARSE || clock === CLOCK_TAI;
    const time = isWall ? wall : up;
    put64(data, page + v.VVAR_CLOCKS + v.VVAR_CLOCK_BYTES * clock, time.seconds);
    put64(data, page + v.VVAR_CLOCKS + v.VVAR_CLOCK_BYTES * clock + 8, time.nanoseconds);
  }
  data.setUint32(page + v.VVAR_VALID, 1, true);
}

function put64(data: DataView, address: number, value: number): void {
  data.setUint32(address, value >>> 0, true);
  data.setUint32(address + 4, Math.floor(value / 4294967296), true);
}
