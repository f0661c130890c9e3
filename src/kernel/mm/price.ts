/** The byte prices of kernel objects: what an object of the JavaScript heap costs its memory group and the global budget. */

import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from './memory_group.ts';

/** Measured sizes with their maps and arrays, rounded up. */
export const PRICE_TASK = 6144;
export const PRICE_MM = 10240;
export const PRICE_VMA = 320;
/** A leaf of 1 KiB, and its share of the levels above. */
export const PRICE_PAGE_TABLE = 1280;
export const PRICE_FILE = 320;
export const PRICE_FILE_LOCK = 128;
export const PRICE_DENTRY = 400;
export const PRICE_INODE = 640;
export const PRICE_PIPE = 512;
export const PRICE_SOCKET = 1024;
export const PRICE_MOUNT = 512;
export const PRICE_NAMESPACE = 2048;
export const PRICE_SIGNAL = 160;
export const PRICE_NET_DEVICE = 2560;
export const PRICE_NET_ADDRESS = 1536;
export const PRICE_ROUTE = 512;
export const PRICE_TIME_WAIT = 384;
export const PRICE_TIMER = 256;
export const PRICE_EPOLL_ITEM = 256;
export const PRICE_XATTR = 128;
export const PRICE_CGROUP = 2560;
export const PRICE_AIO_CONTEXT = 768;
export const PRICE_AIO_REQUEST = 384;

/** Take `bytes` for a kernel object: false (the caller answers ENOMEM or its own errno) when group or budget refuse. */
export function charge(kernel: Kernel, group: MemoryGroup, bytes: number): boolean {
  const memory = kernel.memory;
  while (memory.root.kernelBytes + bytes > memory.kernelBudget) if (!memory.shrinkObjects()) return false;
  while (!group.tryCharge(bytes)) if (!memory.makeRoom(group, bytes)) return false;
  for (let g: MemoryGroup | null = group; g !== null; g = g.parent) g.kernelBytes += bytes;
  return true;
}

/** Give back what charge took. */
export function uncharge(group: MemoryGroup, bytes: number): void {
  group.uncharge(bytes);
  for (let g: MemoryGroup | null = group; g !== null; g = g.parent) g.kernelBytes -= bytes;
}
