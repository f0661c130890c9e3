import { expect, it } from 'vitest';
import { fakePlatform } from '../../../tests/support/fake_machine.ts';
import type { Kernel } from '../kernel.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import { Memory } from './memory.ts';
import { Mm } from './mm.ts';
import { mapRange } from './mmap.ts';
import { packMm } from './pack.ts';
import { PageMapping } from './page_mapping.ts';
import { charge, PRICE_MM } from './price.ts';
import { ShmemMapping } from './shmem.ts';

const PAGE = 4096;
const AT = 0x1234;

/** A library: its pages hold what says where they are in the file. */
class Library extends PageMapping {
  override get constant(): boolean {
    return true;
  }

  protected override fill(offset: number, target: Uint8Array): number {
    for (let i = 0; i < target.length; i++) target[i] = (offset + i) % 251;
    return 0;
  }
}

function start(): { kernel: Kernel & { memory: Memory }; library: Library } {
  const kernel = { platform: fakePlatform(4096) } as unknown as Kernel & { memory: Memory };
  kernel.memory = new Memory(kernel);
  return { kernel, library: new Library(kernel, { size: 4 * PAGE }) };
}

/** A process with the library, in whose second page it has filled in addresses, and a page of its own. */
function program(kernel: Kernel, library: Library, own: number): Mm {
  charge(kernel, kernel.memory.root, PRICE_MM);
  const mm = new Mm(kernel, kernel.memory.root);
  mapRange(mm, { page: AT, pages: 4, prot: 3, flags: 0, fixed: 'fixed', mapping: library, offset: 0 });
  mapRange(mm, { page: 0x5000000, pages: 2, prot: 3, flags: 0, fixed: 'fixed', mapping: null, offset: 0 });
  expect(mm.copyOut((AT + 1) * PAGE, new Uint8Array(2000).fill(0x77))).toBe(0);
  expect(mm.copyOut((AT + 1) * PAGE + 3000, new Uint8Array([own]))).toBe(0);
  expect(mm.copyOut(0x5000000 * PAGE, new Uint8Array([own, own]))).toBe(0);
  expect(mm.copyInto(AT * PAGE, new Uint8Array(1))).toBe(0);
  return mm;
}

const read = (mm: Mm, address: number, length: number): number[] => {
  const bytes = new Uint8Array(length);
  expect(mm.copyInto(address, bytes)).toBe(0);
  return [...bytes];
};

it('keeps what all processes make of a page of a file once', () => {
  const { kernel, library } = start();
  const { memory } = kernel;
  const [one, two] = [program(kernel, library, 1), program(kernel, library, 2)];
  const { used } = memory.frames;
  expect([packMm(one), packMm(two)]).toEqual([true, true]);
  // The one frame more is the page with the addresses.
  expect(memory.frames.used).toBe(used + 1);
  expect(one.packed!.bytes.length).toBeLessThan(100);
  expect(two.packed!.bytes.length).toBeLessThan(100);
  for (const [mm, own] of [
    [one, 1],
    [two, 2],
  ] as const) {
    expect(read(mm, (AT + 1) * PAGE + 1999, 2)).toEqual([0x77, (PAGE + 2000) % 251]);
    expect(read(mm, (AT + 1) * PAGE + 3000, 2)).toEqual([own, (PAGE + 3001) % 251]);
    expect(read(mm, 0x5000000 * PAGE, 3)).toEqual([own, own, 0]);
    expect(read(mm, (AT + 3) * PAGE, 1)).toEqual([(3 * PAGE) % 251]);
    expect(mm.packed).toBeNull();
  }
});

it('leaves nothing behind, packed or not', () => {
  const { kernel, library } = start();
  const { memory } = kernel;
  for (let i = 0; i < 3; i++) {
    const mm = program(kernel, library, i);
    packMm(mm);
    if (i === 1) read(mm, AT * PAGE, 1);
    mm.put();
  }
  library.release();
  expect([memory.frames.used, memory.root.usage, memory.tables.count, memory.packed.size]).toEqual([1, PAGE, 0, 0]);
});

it('puts small files away that nobody looks at, and counts them as before', () => {
  const { kernel } = start();
  const { memory } = kernel;
  const file = new ShmemMapping(kernel, { size: 0 });
  const text = (at: number, length: number): string => {
    const bytes = new Uint8Array(length);
    file.readInto(IovIter.kernel(bytes), at, length);
    return String.fromCharCode(...bytes);
  };
  const write = (content: string, at: number): number => file.writeFrom(IovIter.kernel(new TextEncoder().encode(content)), at);
  write('127.0.0.1 localhost', 0);
  write('end', 2 * PAGE);
  const counts = (): object => ({
    ...memory.census(memory.root),
    used: memory.frames.used,
    usage: memory.root.usage,
    pages: file.residentPages,
  });
  const before = counts();
  const freed = (): number => [...memory.packed].reduce((sum, { count }) => sum + count, 0);
  expect([file.pack(), freed()]).toEqual([true, 0]);
  expect([file.pack(), freed()]).toEqual([false, 2]);
  expect(counts()).toEqual(before);
  expect([text(10, 9), text(PAGE, 2), text(2 * PAGE, 3)]).toEqual(['localhost', '\0\0', 'end']);
  expect(freed()).toBe(0);
  file.pack();
  write('::1', 0);
  file.pack();
  file.pack();
  expect(text(0, 8)).toBe('::1.0.0.');
  while (file.pack());
  file.truncate(1);
  expect([text(0, 1), file.residentPages]).toEqual([':', 1]);
  while (file.pack());
  file.release();
  expect([memory.frames.used, memory.root.usage, memory.packed.size, memory.sharedFrames]).toEqual([1, PAGE, 0, 0]);
});
