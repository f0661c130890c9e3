import { describe, expect, it } from 'vitest';
import { GraphReader } from './graph_reader.ts';
import { GraphWriter } from './graph_writer.ts';
import { ClassRegistry, ExternalRegistry } from './registry.ts';

class Node {
  next: Node | null = null;
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  get upper(): string {
    return this.name.toUpperCase();
  }
}
class Special extends Node {
  extra = 1n << 70n;
}

const classes = new ClassRegistry();
classes.addModule({ Node, Special, notAClass: () => 0, number: 5 });
const externals = new ExternalRegistry();
const table = { read: (): number => 1, nested: [{ write: (): number => 2 }] };
externals.addTable('table', table);

const roundTrip = <T extends object>(value: T): T =>
  new GraphReader(classes, externals).read(new GraphWriter(classes, externals).write(value)) as T;

describe('checkpoint graph', () => {
  it('keeps values of every kind', () => {
    const value = {
      numbers: [0, -0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 53, 0.5, Number.NaN, Number.POSITIVE_INFINITY],
      strings: ['', 'ascii', '\0\xff', 'ŭ', '\ud800', 'x'.repeat(10000)],
      others: [undefined, null, true, false, 0n, -(1n << 100n)],
    };
    const copy = roundTrip(value);
    expect(copy).toEqual(value);
    expect(Object.is(copy.numbers[1], -0)).toBe(true);
  });

  it('keeps identity, cycles and classes', () => {
    const a = new Node('a');
    const b = new Special('b');
    a.next = b;
    b.next = a;
    const copy = roundTrip({
      a,
      again: a,
      map: new Map<unknown, unknown>([
        [a, b],
        ['k', new Set([b])],
      ]),
    });
    expect(copy.a).toBe(copy.again);
    expect(copy.a).toBeInstanceOf(Node);
    expect(copy.a.upper).toBe('A');
    expect(copy.a.next).toBeInstanceOf(Special);
    expect((copy.a.next as Special).extra).toBe(1n << 70n);
    expect(copy.a.next!.next).toBe(copy.a);
    expect(copy.map.get(copy.a)).toBe(copy.a.next);
    expect([...(copy.map.get('k') as Set<unknown>)]).toEqual([copy.a.next]);
  });

  it('keeps long chains', () => {
    const first = new Node('0');
    for (let i = 1, at = first; i < 200000; i++, at = at.next!) at.next = new Node(String(i));
    let count = 0;
    for (let at: Node | null = roundTrip(first); at !== null; at = at.next) count++;
    expect(count).toBe(200000);
  });

  it('keeps typed arrays that share a buffer, and holes', () => {
    const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    const sparse: unknown[] = [];
    sparse[3] = 'x';
    const copy = roundTrip({ bytes, words: new Int32Array(bytes.buffer, 4, 1), view: new DataView(bytes.buffer, 2, 3), sparse });
    expect(copy.bytes).toEqual(bytes);
    copy.bytes[4] = 99;
    expect(copy.words[0]! & 0xff).toBe(99);
    expect(copy.view.getUint8(2)).toBe(99);
    expect(1 in copy.sparse).toBe(false);
    expect(copy.sparse.length).toBe(4);
  });

  it('names what belongs to the program', () => {
    const copy = roundTrip({ entry: table, f: table.nested[0]!.write });
    expect(copy.entry).toBe(table);
    expect(copy.f).toBe(table.nested[0]!.write);
  });

  it('refuses what is not data and says where it is', () => {
    expect(() => roundTrip({ a: [{ callback: () => 0 }] })).toThrow('root.a.0.callback is a function');
    expect(() => roundTrip({ when: Promise.resolve() })).toThrow(/root\.when is of class Promise/);
    expect(() => roundTrip({ m: new Map([['k', new WeakMap()]]) })).toThrow(/root\.m\.k is of class WeakMap/);
  });

  it('refuses other bytes', () => {
    expect(() => new GraphReader(classes, externals).read(new Uint8Array(64))).toThrow('not a checkpoint');
    const bytes = new GraphWriter(classes, externals).write(new Node('x'));
    expect(() => new GraphReader(new ClassRegistry(), externals).read(bytes)).toThrow(/holds a Node/);
  });
});
