/** Relations between packages: "a (>= 1) | b, c [arm64]". See deb-control(5), and the Policy Manual, chapter 7. */

import { satisfies, type VersionOperator } from './version.ts';

export interface Relation {
  readonly name: string;
  readonly operator: VersionOperator | null;
  readonly version: string;
}

/** Groups of which each must be met, by any of its members. */
export type Relations = readonly (readonly Relation[])[];

const FORM = /^([a-z0-9][a-z0-9+.-]+)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s)]+)\s*\))?\s*(?:\[([^\]]*)\])?/;
const OLD_OPERATORS: Readonly<Record<string, VersionOperator>> = { '<': '<=', '>': '>=' };

export function parseRelations(text: string, architecture = 'arm64'): Relations {
  const groups: Relation[][] = [];
  for (const group of text.split(',')) {
    const members: Relation[] = [];
    for (const part of group.split('|')) {
      const match = FORM.exec(part.trim());
      if (!match || !isForArchitecture(match[4], architecture)) continue;
      const operator = match[2] === undefined ? null : (OLD_OPERATORS[match[2]] ?? (match[2] as VersionOperator));
      members.push({ name: match[1]!, operator, version: match[3] ?? '' });
    }
    if (members.length > 0) groups.push(members);
  }
  return groups;
}

function isForArchitecture(list: string | undefined, architecture: string): boolean {
  if (list === undefined) return true;
  const words = list.trim().split(/\s+/);
  const negated = words.some((word) => word.startsWith('!'));
  return negated
    ? !words.includes(`!${architecture}`)
    : words.some((word) => word === architecture || word === 'any' || word === 'linux-any');
}

/** Whether a package of this version meets the relation; a Provides without version meets only relations without one. */
export function meets(relation: Relation, version: string | null): boolean {
  if (relation.operator === null) return true;
  return version !== null && satisfies(version, relation.operator, relation.version);
}

export function formatRelation(relation: Relation): string {
  return relation.operator === null ? relation.name : `${relation.name} (${relation.operator} ${relation.version})`;
}
