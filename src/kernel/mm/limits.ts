/** Resource limits of an address space. See getrlimit(2). */

import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Mm } from './mm.ts';

export const RLIMIT_DATA = 2;
export const RLIMIT_STACK = 3;
export const RLIMIT_MEMLOCK = 8;
export const RLIMIT_AS = 9;

/** The soft limit in bytes; Infinity when there is none. */
export const softLimit = (mm: Mm, resource: number): number => mm.limits?.softLimit(resource) ?? Number.POSITIVE_INFINITY;

/** Whether `pages` would be more than the limit allows. */
export const exceeds = (mm: Mm, resource: number, pages: number): boolean => pages > Math.floor(softLimit(mm, resource) / FRAME_SIZE);
