/** Rows for people: a table, a template for each row, or JSON. See docker's "Format command and log output". */

import { HolmError } from '../hosts/node/index.ts';

/** Rows with columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]! + 3))).join('')).join('\n');
}

/** Fields of a row by the names that templates use. */
export type Row = Readonly<Record<string, string>>;

const FIELD = /\{\{\s*(?:json\s+)?\.(\w*)\s*\}\}/g;

/** `table {{.Names}}\t{{.Image}}`, `{{.ID}}` or `json`. */
export function formatRows(rows: readonly Row[], format: string, titles: Row): string {
  if (format === 'json' || format === '{{json .}}') return rows.map((row) => JSON.stringify(row)).join('\n');
  const template = format
    .replace(/^table\s+/, '')
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n');
  const fill = (row: Row): string =>
    template.replace(FIELD, (_, name: string) => {
      const value = row[name];
      if (value === undefined) throw new HolmError('EOPTION', `template: no field "${name}" (there are ${Object.keys(titles).join(', ')})`);
      return value;
    });
  if (!format.startsWith('table')) return rows.map(fill).join('\n');
  return table([titles, ...rows].map((row) => fill(row).split('\t')));
}
