/** The comma-separated options of mount(2). */

/** Each option with its value; null for options without one. A backslash takes the special meaning from the next character. */
export function parseMountOptions(data: string): (readonly [string, string | null])[] {
  const options: (readonly [string, string | null])[] = [];
  let text = '';
  const flush = (): void => {
    if (text === '') return;
    const equals = text.indexOf('=');
    options.push(equals < 0 ? [text, null] : [text.slice(0, equals), text.slice(equals + 1)]);
    text = '';
  };
  for (let i = 0; i < data.length; i++) {
    const c = data[i]!;
    if (c === '\\' && i + 1 < data.length) text += data[++i]!;
    else if (c === ',') flush();
    else text += c;
  }
  flush();
  return options;
}

/** A value as parseMountOptions will read it. */
export const escapeOption = (value: string): string => value.replace(/[\\,]/g, '\\$&');

/** A number with a suffix k, m, g or t; NaN if it is none. Linux: memparse. */
export function parseSize(text: string): number {
  const match = /^(\d+|0x[0-9a-fA-F]+)([kKmMgGtT]?)$/.exec(text);
  if (match === null) return Number.NaN;
  return Number(match[1]) * 1024 ** ' kmgt'.indexOf(match[2]!.toLowerCase() || ' ');
}
