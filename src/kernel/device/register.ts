/** The device drivers by number. */

import type { Kernel } from '../kernel.ts';

export function registerDevices(_kernel: Kernel): void {}
