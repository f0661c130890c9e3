/** The file systems that mount(2) knows. */

import type { Kernel } from '../kernel.ts';
import { Cgroup2Type } from './cgroup2/cgroup2.ts';
import { HostfsType } from './hostfs/hostfs.ts';
import { LayerfsType } from './layerfs/layerfs.ts';
import { MqueueType } from './mqueue/mqueuefs.ts';
import { OverlayType } from './overlayfs/overlayfs.ts';
import { ProcType } from './procfs/proc_super_block.ts';
import { SysfsType } from './sysfs/sysfs.ts';
import { RamfsType } from './tmpfs/ramfs.ts';
import { TmpfsType } from './tmpfs/tmpfs.ts';

export function registerFileSystems(kernel: Kernel): void {
  for (const type of [
    new SysfsType(),
    new ProcType(),
    new Cgroup2Type(),
    new TmpfsType(),
    new RamfsType(),
    new LayerfsType(),
    new HostfsType(),
    new OverlayType(),
    new MqueueType(),
  ])
    kernel.vfs.registerFileSystem(type);
}
