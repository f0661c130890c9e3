/** Numbers of the benchmarks: samples taken in turn, their median, spread and ratios. */

export const systemNames = ['ours', 'qemu', 'native'] as const;
export type SystemName = (typeof systemNames)[number];

/** Most that our figure may be, as a multiple of another system's or in the row's own unit. */
export interface Bound {
  readonly of: SystemName;
  readonly most: number;
}

/** One line of the report. Sample i of one system was taken beside sample i of the others. */
export interface Row {
  readonly suite: string;
  readonly name: string;
  /** `ns` is shown in a readable multiple; `/` in front: more is better; `x` is a ratio of two of our own figures. */
  readonly unit: 'ns' | 'MB' | '/s' | 'KB' | 'x';
  readonly samples: Readonly<Partial<Record<SystemName, readonly number[]>>>;
  readonly bound?: Bound;
  /** A program's row: whether it ran in an engine that had never run anything, or had run it before. */
  readonly run?: 'first' | 'repeated';
}

/** What could not be measured, and why. */
export interface Skip {
  readonly suite: string;
  readonly name: string;
  readonly skipped: string;
}

/** What went wrong. */
export interface Failure {
  readonly suite: string;
  readonly name: string;
  readonly failed: string;
}

export type Entry = Row | Skip | Failure;

export const failure = (suite: string, name: string, error: unknown): Failure => ({
  suite,
  name,
  failed: error instanceof Error ? error.message.trim() : String(error),
});

export interface Summary {
  readonly median: number;
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number;
}

const quantile = (sorted: readonly number[], q: number): number => {
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
};

export function summarize(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  return { median, spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / median };
}

/** Ours as a multiple of another system's time, sample by sample; null where one is missing. */
export function ratio(row: Row, other: SystemName): Summary | null {
  const { samples, unit } = row;
  const theirs = samples[other];
  const { ours } = samples;
  if (ours === undefined || theirs === undefined || other === 'ours') return null;
  const pairs = ours.slice(0, theirs.length).map((one, i) => (unit === '/s' ? theirs[i]! / one : one / theirs[i]!));
  return summarize(pairs);
}

/** Whether the bound of a row holds; null where there is none, or nothing to compare with. */
export function holds(row: Row): boolean | null {
  if (row.bound === undefined) return null;
  const { of, most } = row.bound;
  const figure = of === 'ours' ? summarize(row.samples.ours ?? [Number.NaN]) : ratio(row, of);
  return figure === null || Number.isNaN(figure.median) ? null : figure.median <= most;
}

export const geometricMean = (numbers: readonly number[]): number =>
  Math.exp(numbers.reduce((sum, one) => sum + Math.log(one), 0) / numbers.length);

/** Keep a sample of a system. */
export function addSample(samples: Partial<Record<SystemName, number[]>>, name: SystemName, value: number): void {
  const list = samples[name] ?? [];
  samples[name] = list;
  list.push(value);
}

/** Samples of every system that is there, one after the other, `rounds` times. */
export async function inTurn(
  rounds: number,
  takers: Readonly<Partial<Record<SystemName, () => Promise<number>>>>,
): Promise<Partial<Record<SystemName, number[]>>> {
  const samples: Partial<Record<SystemName, number[]>> = {};
  for (let round = 0; round < rounds; round++) {
    for (const name of systemNames) {
      const take = takers[name];
      if (take !== undefined) addSample(samples, name, await take());
    }
  }
  return samples;
}
