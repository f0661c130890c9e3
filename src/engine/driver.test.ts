import { describe, expect, it } from 'vitest';
import type { Kernel } from '../kernel/api/index.ts';
import { Driver } from './driver.ts';

/** What a driver asks of its host after one slice of a kernel whose tasks all sleep. */
function asked(nextTimer: number, processesLeft: boolean): number[] {
  const kernel = { clock: { monotonic: () => 0 }, timers: { next: nextTimer }, run: () => false } as unknown as Kernel;
  const delays: number[] = [];
  const later = (milliseconds: number): (() => void) => {
    delays.push(milliseconds);
    return () => {};
  };
  new Driver(kernel, { soon: (callback) => callback(), later }, () => processesLeft).poke();
  return delays;
}

describe('the driver', () => {
  it('comes back at the next deadline', () => {
    expect(asked(5e6, true)).toEqual([5]);
  });
  it('keeps the host while processes are left that wait without a deadline', () => {
    expect(asked(Number.POSITIVE_INFINITY, true)).toHaveLength(1);
  });
  it('leaves the host alone when there are none', () => {
    expect(asked(Number.POSITIVE_INFINITY, false)).toEqual([]);
  });
  it('does not ask for delays that host timers cannot count', () => {
    expect(asked(1e21, true)[0]).toBeLessThan(2 ** 31);
  });
});
