/** Prints the benchmarks' rows as tables. */

import { type Entry, geometricMean, holds, type Row, ratio, type Summary, summarize, systemNames } from './measure.ts';

const WIDTHS = [34, 16, 16, 16, 14, 14];

export function heading(): string {
  return columns(['', 'ours', 'qemu-user', 'native', 'ours/qemu', 'ours/native']);
}

export function line(entry: Entry): string {
  if ('skipped' in entry) return columns([entry.name, `skipped: ${entry.skipped}`]);
  if ('failed' in entry) return columns([entry.name, `FAILED: ${entry.failed}`]);
  const figures = systemNames.map((name) => {
    const samples = entry.samples[name];
    return samples === undefined ? '-' : withSpread(summarize(samples), (value) => quantity(value, entry.unit));
  });
  const ratios = (['qemu', 'native'] as const).map((name) => {
    const figure = ratio(entry, name);
    return figure === null ? '-' : withSpread(figure, (value) => `${digits(value)}x`);
  });
  return columns([entry.name, ...figures, ...ratios, verdict(entry)]);
}

/** Lines with the geometric means of the ratios of the rows that are programs: of first runs and of repeated ones. */
export function means(rows: readonly Row[]): string[] {
  const mean = (some: readonly Row[], other: 'qemu' | 'native'): string => {
    const ratios = some.map((row) => ratio(row, other)).filter((one) => one !== null);
    return ratios.length === 0 ? '-' : `${digits(geometricMean(ratios.map((one) => one.median)))}x`;
  };
  return (['first', 'repeated'] as const).flatMap((run) => {
    const some = rows.filter((row) => row.run === run);
    return some.length < 2 ? [] : [columns([`geometric mean, ${run}`, '', '', '', mean(some, 'qemu'), mean(some, 'native')])];
  });
}

function verdict(row: Row): string {
  const { bound } = row;
  if (bound === undefined) return '';
  const met = holds(row);
  const wanted = bound.of === 'ours' ? `at most ${bound.most} ${row.unit}` : `at most ${bound.most}x ${bound.of}`;
  return met === null ? `(${wanted})` : `${met ? 'ok' : 'MISSED'}: ${wanted}`;
}

const columns = (cells: readonly string[]): string =>
  cells
    .map((cell, i) => (i === 0 || i === cells.length - 1 ? cell.padEnd(WIDTHS[i] ?? 0) : cell.padStart(WIDTHS[i] ?? 0)))
    .join('  ')
    .trimEnd();

const withSpread = ({ median, spread }: Summary, text: (value: number) => string): string =>
  spread > 0 ? `${text(median)} ±${Math.round(100 * spread)}%` : text(median);

const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

function quantity(value: number, unit: Row['unit']): string {
  if (unit !== 'ns') return `${digits(value)}${unit === '/s' ? '/s' : ` ${unit}`}`;
  for (const [size, name] of [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
  ] as const)
    if (value >= size) return `${digits(value / size)} ${name}`;
  return `${digits(value)} ns`;
}
