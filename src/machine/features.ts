/** What the processor says about itself: the auxiliary vector's HWCAP bits. Linux: arch/arm64/include/uapi/asm/hwcap.h. */

import type { CpuFeatures } from '../platform/cpu.ts';

/** Names as in /proc/cpuinfo, with their bits in AT_HWCAP. */
const HWCAP: readonly (readonly [name: string, bit: number])[] = [
  ['fp', 0],
  ['asimd', 1],
  ['crc32', 7],
  ['atomics', 8],
  ['cpuid', 11],
  ['lrcpc', 15],
  ['asimddp', 20],
];

export const features: CpuFeatures = {
  hwcap: HWCAP.reduce((bits, [, bit]) => bits | (1 << bit), 0),
  hwcap2: 0,
  names: HWCAP.map(([name]) => name),
};
