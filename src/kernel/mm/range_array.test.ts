import { expect, test } from 'vitest';
import { type Range, RangeArray } from './range_array.ts';

/** Numbers that are the same in every run. */
function numbers(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

test('holds what an array holds, in pieces or not', () => {
  const random = numbers();
  const vmas = new RangeArray<Range>();
  const model: Range[] = [];
  const make = (start: number): Range => ({ start, end: start + 1 });
  for (let round = 0; round < 6; round++) {
    const target = [40, 3000, 5, 1500, 0, 700][round]!;
    while (model.length !== target) {
      const page = random(20000);
      const index = model.findIndex(({ end }) => end > page);
      const at = index < 0 ? model.length : index;
      expect(vmas.indexAfter(page)).toBe(at);
      const there = model[at]?.start === page;
      if (model.length < target && !there) {
        model.splice(at, 0, make(page));
        vmas.insert(at, model[at]!);
      } else if (model.length > target) {
        const to = Math.min(model.length, at + 1 + random(Math.min(400, model.length - target)));
        expect(vmas.remove(at, to)).toEqual(model.splice(at, to - at));
      }
      const some = random(model.length + 1);
      expect(vmas.at(some)).toBe(model[some]);
      expect(vmas.length).toBe(model.length);
    }
    expect([...vmas]).toEqual(model);
    expect(vmas.at(-1)).toBeUndefined();
  }
  vmas.push(make(30000));
  expect(vmas.at(vmas.length - 1)?.start).toBe(30000);
  vmas.clear();
  expect([...vmas]).toEqual([]);
});
