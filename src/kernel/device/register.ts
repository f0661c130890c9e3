/** The drivers of character devices, and the file systems that show devices. */

import { DevptsType, PTS_MAJOR } from '../fs/devpts/devpts.ts';
import { DevtmpfsType } from '../fs/devtmpfs/devtmpfs.ts';
import type { Kernel } from '../kernel.ts';
import { MemDriver } from './mem.ts';
import { PtsDriver, TtyAuxDriver } from './tty/drivers.ts';

const MEM_MAJOR = 1;
const TTYAUX_MAJOR = 5;

export function registerDevices(kernel: Kernel): void {
  const { charDevices } = kernel.vfs;
  charDevices.register(MEM_MAJOR, 0, 12, new MemDriver());
  charDevices.register(TTYAUX_MAJOR, 0, 3, new TtyAuxDriver());
  charDevices.register(PTS_MAJOR, 0, 1048576, new PtsDriver());
  kernel.vfs.registerFileSystem(new DevtmpfsType());
  kernel.vfs.registerFileSystem(new DevptsType());
}
