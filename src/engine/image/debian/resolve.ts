/** From wanted packages to the set that must be installed: dependencies, but no recommendations. */

import { HolmError } from '../../error.ts';
import type { Package, PackageIndex } from './package_index.ts';
import { formatRelation, meets, type Relation } from './relations.ts';

/** Whether `candidate` meets the relation by its name or by what it provides. */
function isMetBy(relation: Relation, candidate: Package): boolean {
  if (candidate.name === relation.name && meets(relation, candidate.version)) return true;
  return candidate.provides.some((provided) => provided.name === relation.name && meets(relation, provided.version));
}

/** The wanted packages and all they depend on, in an order in which dependencies come first where they can. */
export function resolvePackages(index: PackageIndex, wanted: readonly string[]): Package[] {
  const selected = new Map<string, Package>();
  /** Selected packages by their names and by what they provide. */
  const available = new Map<string, Package[]>();
  const queue: Package[] = [];
  const select = (chosen: Package): void => {
    if (selected.has(chosen.name)) return;
    selected.set(chosen.name, chosen);
    queue.push(chosen);
    for (const name of new Set([chosen.name, ...chosen.provides.map((provided) => provided.name)])) {
      const list = available.get(name);
      if (list) list.push(chosen);
      else available.set(name, [chosen]);
    }
  };
  const provider = (relation: Relation): Package | undefined =>
    available.get(relation.name)?.find((candidate) => isMetBy(relation, candidate));

  for (const name of wanted) {
    const found = index.get(name) ?? index.providing(name)[0];
    if (!found) throw new HolmError('EDEPENDS', `the mirror has no package called ${name}`);
    select(found);
  }
  for (let next = queue.shift(); next; next = queue.shift()) {
    for (const group of next.depends) {
      if (group.some(provider)) continue;
      const chosen = choose(index, group);
      if (!chosen)
        throw new HolmError('EDEPENDS', `${next.name} needs ${group.map(formatRelation).join(' or ')}, which the mirror does not have`);
      select(chosen);
    }
  }
  checkConflicts(selected, available);
  return dependenciesFirst(selected, provider);
}

/** The first alternative that exists: as itself, or provided by another package. */
function choose(index: PackageIndex, group: readonly Relation[]): Package | null {
  for (const relation of group) {
    const real = index.get(relation.name);
    if (real && meets(relation, real.version)) return real;
    const provider = index.providing(relation.name).find((candidate) => isMetBy(relation, candidate));
    if (provider) return provider;
  }
  return null;
}

function checkConflicts(selected: ReadonlyMap<string, Package>, available: ReadonlyMap<string, readonly Package[]>): void {
  for (const one of selected.values()) {
    for (const [relation] of one.conflicts) {
      const other = available.get(relation!.name)?.find((candidate) => candidate !== one && isMetBy(relation!, candidate));
      if (other) throw new HolmError('EDEPENDS', `${one.name} and ${other.name} cannot be installed together`);
    }
  }
}

function dependenciesFirst(selected: ReadonlyMap<string, Package>, provider: (relation: Relation) => Package | undefined): Package[] {
  const order: Package[] = [];
  const visited = new Set<Package>();
  const visit = (one: Package): void => {
    if (visited.has(one)) return;
    visited.add(one);
    for (const group of one.depends) {
      for (const relation of group) {
        const dependency = provider(relation);
        if (dependency) visit(dependency);
      }
    }
    order.push(one);
  };
  for (const name of [...selected.keys()].sort()) visit(selected.get(name)!);
  return order;
}
