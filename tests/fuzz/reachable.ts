/** How many objects of each class are reachable from a kernel: what a checkpoint would hold. */

/** By class name; `stop` is not part of the state. Arrays, maps, sets and plain objects are walked and not counted. */
export function reachable(root: object, stop: ReadonlySet<unknown>): Map<string, number> {
  const counts = new Map<string, number>();
  const seen = new Set<unknown>(stop);
  const todo: object[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    todo.push(value);
  };
  visit(root);
  for (let value = todo.pop(); value !== undefined; value = todo.pop()) {
    if (ArrayBuffer.isView(value)) continue;
    if (value instanceof Map) {
      for (const [key, entry] of value) {
        visit(key);
        visit(entry);
      }
    } else if (value instanceof Set || Array.isArray(value)) for (const entry of value) visit(entry);
    else {
      const { name } = value.constructor ?? { name: 'Object' };
      if (name !== 'Object') counts.set(name, (counts.get(name) ?? 0) + 1);
      for (const part of Object.values(value)) visit(part);
    }
  }
  return counts;
}

/** Classes of which there are more, or fewer, than before: `Name: 1 -> 3`. */
export function difference(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => (before.get(name) ?? 0) !== (after.get(name) ?? 0))
    .map((name) => `${name}: ${before.get(name) ?? 0} -> ${after.get(name) ?? 0}`)
    .sort();
}
