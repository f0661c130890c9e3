/** Debian's order of versions: [epoch:]upstream[-revision]. See deb-version(7). */

interface Version {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}

function parse(text: string): Version {
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? 0 : Number(text.slice(0, colon)) || 0,
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** Letters sort before everything else, `~` before even the end. */
function weight(char: string | undefined): number {
  if (char === undefined || /[0-9]/.test(char)) return 0;
  if (char === '~') return -1;
  return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256;
}

/** Runs of other characters and runs of digits are compared in turn. */
function comparePart(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !/[0-9]/.test(a[i]!)) || (j < b.length && !/[0-9]/.test(b[j]!))) {
      const difference = weight(a[i]) - weight(b[j]);
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    const left = /^[0-9]*/.exec(a.slice(i))![0];
    const right = /^[0-9]*/.exec(b.slice(j))![0];
    i += left.length;
    j += right.length;
    const difference = compareDigits(left.replace(/^0+/, ''), right.replace(/^0+/, ''));
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Negative, zero or positive as `a` is earlier than, equal to or later than `b`. */
export function compareVersions(a: string, b: string): number {
  const left = parse(a);
  const right = parse(b);
  return left.epoch - right.epoch || comparePart(left.upstream, right.upstream) || comparePart(left.revision, right.revision);
}

export type VersionOperator = '<<' | '<=' | '=' | '>=' | '>>';

const HOLDS: Readonly<Record<VersionOperator, (order: number) => boolean>> = {
  '<<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '=': (order) => order === 0,
  '>=': (order) => order >= 0,
  '>>': (order) => order > 0,
};

export function satisfies(version: string, operator: VersionOperator, wanted: string): boolean {
  return HOLDS[operator](compareVersions(version, wanted));
}
