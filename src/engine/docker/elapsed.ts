/** Durations as docker tells them to people. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Up to which duration, in which unit. */
const STEPS: readonly (readonly [number, number, string])[] = [
  [MINUTE, SECOND, 'seconds'],
  [HOUR, MINUTE, 'minutes'],
  [2 * DAY, HOUR, 'hours'],
  [14 * DAY, DAY, 'days'],
  [60 * DAY, 7 * DAY, 'weeks'],
  [730 * DAY, 30 * DAY, 'months'],
  [Number.POSITIVE_INFINITY, 365 * DAY, 'years'],
];

/** `3 seconds`, `About a minute`, `2 weeks`. */
export function elapsed(milliseconds: number): string {
  if (milliseconds < SECOND) return 'Less than a second';
  const [, unit, name] = STEPS.find(([below]) => milliseconds < below)!;
  const count = unit === HOUR ? Math.round(milliseconds / unit) : Math.floor(milliseconds / unit);
  if (count > 1 || unit >= DAY) return `${count} ${name}`;
  if (unit === SECOND) return '1 second';
  return unit === MINUTE ? 'About a minute' : 'About an hour';
}
