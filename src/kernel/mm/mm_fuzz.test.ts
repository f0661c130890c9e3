import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type FakeSpace, fakePlatform } from '../../../tests/support/fake_machine.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { ACCESS_READ, ACCESS_WRITE } from '../../platform/cpu.ts';
import type { Kernel } from '../kernel.ts';
import { advise, MADV_DONTNEED } from './advice.ts';
import { FAULT_OK, fault } from './fault.ts';
import { Memory } from './memory.ts';
import { Mm } from './mm.ts';
import { exitMmap } from './mm_exit.ts';
import { dupMm } from './mm_fork.ts';
import { mapRange, protectRange, unmapRange } from './mmap.ts';
import { MREMAP_FIXED, MREMAP_MAYMOVE, remapRange } from './mremap.ts';
import { packMm } from './pack.ts';
import { charge, PRICE_MM } from './price.ts';
import { ShmemMapping } from './shmem.ts';
import { existingSpace } from './space_table.ts';
import { VM_SHARED } from './vma.ts';

const BASE = 0x1ff0;
const SPAN = 14;
const PAGE = 4096;

/** What a page of the model holds: a cell that forked or shared pages may have in common. */
interface Cell {
  value: number;
}
interface ModelPage {
  prot: number;
  cell: Cell;
  shared: boolean;
  /** Page of the shared file; -1 for anonymous memory. */
  filePage: number;
}
type Model = Map<number, ModelPage>;

const range = fc.record({ first: fc.nat(SPAN - 1), pages: fc.integer({ min: 1, max: 6 }) });
const operation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('map' as const),
      range,
      prot: fc.constantFrom(0, 1, 3, 3, 3),
      shared: fc.boolean(),
      filePage: fc.nat(7),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('unmap' as const), range }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('protect' as const), range, prot: fc.constantFrom(0, 1, 3, 3, 3) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('write' as const),
      page: fc.nat(SPAN - 1),
      value: fc.integer({ min: 1, max: 255 }),
      viaFault: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('read' as const), page: fc.nat(SPAN - 1) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('forget' as const), range }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('remap' as const), range, newPages: fc.integer({ min: 1, max: 12 }), target: fc.nat(SPAN - 1) }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('fork' as const) }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('switch' as const) }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('pack' as const), discard: fc.boolean() }) },
);

/** Whatever the processor may do must be what the page table allows, and point at the same frame. */
function checkSpace(mm: Mm): void {
  const space = existingSpace(mm) as FakeSpace | undefined;
  for (const [page, { frame, access }] of space?.pages ?? []) {
    const entry = mm.table.get(page);
    expect(entry >>> 12).toBe(frame);
    expect(access & ~entry & 7).toBe(0);
  }
}

function checkRanges(mm: Mm): void {
  let total = 0;
  for (let i = 0; i < mm.vmas.length; i++) {
    const vma = mm.vmas.at(i)!;
    expect(vma.start).toBeLessThan(vma.end);
    if (i > 0) expect(vma.start).toBeGreaterThanOrEqual(mm.vmas.at(i - 1)!.end);
    total += vma.pages;
  }
  expect(mm.counts.total).toBe(total);
}

for (const firstTouchAbsent of [false, true]) {
  it(`agrees with a map of pages over random operations${firstTouchAbsent ? ', every first touch absent' : ''}`, () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 5, maxLength: 60 }), (operations) => {
        const kernel = { platform: fakePlatform(4096) } as unknown as Kernel & { memory: Memory };
        kernel.memory = new Memory(kernel);
        kernel.memory.firstTouchAbsent = firstTouchAbsent;
        charge(kernel, kernel.memory.root, PRICE_MM);
        let mm = new Mm(kernel, kernel.memory.root);
        let model: Model = new Map();
        const file = new ShmemMapping(kernel, { size: 24 * PAGE });
        const fileCells: Cell[] = Array.from({ length: 24 }, () => ({ value: 0 }));
        const others: { mm: Mm; model: Model }[] = [];
        const insist = (act: () => number): number => {
          let result = act();
          for (let i = 0; i < 20 && result === NOT_RESIDENT; i++) result = act();
          return result;
        };
        const write = (page: number, value: number, viaFault: boolean): void => {
          const known = model.get(page);
          const allowed = known !== undefined && (known.prot & 2) !== 0;
          if (viaFault) {
            expect(insist(() => fault(mm, page * PAGE, ACCESS_WRITE)) === FAULT_OK).toBe(allowed);
            if (!allowed) return;
            const { frame } = (existingSpace(mm) as FakeSpace).pages.get(page)!;
            kernel.memory.frames.views.u8[frame * PAGE + 5] = value;
          } else {
            expect(insist(() => mm.copyOut(page * PAGE + 5, new Uint8Array([value])))).toBe(allowed ? 0 : -14);
          }
          if (!allowed) return;
          if (known.shared) known.cell.value = value;
          else known.cell = { value };
        };
        for (const o of operations) {
          const first = 'range' in o ? BASE + o.range.first : 0;
          const end = 'range' in o ? first + o.range.pages : 0;
          if (o.op === 'map') {
            const mapping = o.shared ? file : null;
            mapRange(mm, {
              page: first,
              pages: end - first,
              prot: o.prot,
              flags: o.shared ? VM_SHARED : 0,
              fixed: 'fixed',
              mapping,
              offset: o.shared ? o.filePage : 0,
            });
            for (let page = first; page < end; page++) {
              const filePage = o.shared ? o.filePage + page - first : -1;
              model.set(page, { prot: o.prot, cell: o.shared ? fileCells[filePage]! : { value: 0 }, shared: o.shared, filePage });
            }
          } else if (o.op === 'unmap') {
            expect(unmapRange(mm, first, end)).toBe(0);
            for (let page = first; page < end; page++) model.delete(page);
          } else if (o.op === 'protect') {
            let gap = first;
            while (gap < end && model.has(gap)) gap++;
            expect(protectRange(mm, first, end, o.prot, false)).toBe(gap < end ? -12 : 0);
            for (let page = first; page < gap; page++) model.get(page)!.prot = o.prot;
          } else if (o.op === 'pack') {
            const { frames, root, tables } = kernel.memory;
            const before = [frames.used, root.usage, tables.bytes, mm.tablePages];
            packMm(mm);
            expect([frames.used, root.usage, tables.bytes, mm.tablePages]).toEqual(before);
            if (o.discard && others.length > 0) {
              mm.put();
              ({ mm, model } = others.shift()!);
            }
          } else if (o.op === 'forget') {
            advise(mm, first, end, MADV_DONTNEED);
            for (let page = first; page < end; page++) {
              const known = model.get(page);
              if (known !== undefined && !known.shared) known.cell = { value: 0 };
            }
          } else if (o.op === 'remap') {
            const to = BASE + SPAN + 16 + o.target;
            const vma = mm.find(first);
            if (vma === null || vma.end < end || (to < end && first < to + o.newPages)) continue;
            if (o.newPages > o.range.pages && vma.shared && vma.offset + (first - vma.start) + o.newPages > 24) continue;
            expect(remapRange(mm, first, o.range.pages, o.newPages, MREMAP_MAYMOVE | MREMAP_FIXED, to)).toBe(to);
            for (let i = 0; i < o.newPages; i++) model.delete(to + i);
            const { shared, prot } = model.get(first)!;
            const filePage = model.get(first)!.filePage;
            for (let i = 0; i < o.newPages; i++) {
              const old = i < o.range.pages ? model.get(first + i) : undefined;
              model.set(
                to + i,
                old ?? { prot, cell: shared ? fileCells[filePage + i]! : { value: 0 }, shared, filePage: shared ? filePage + i : -1 },
              );
            }
            for (let page = first; page < end; page++) model.delete(page);
          } else if (o.op === 'fork') {
            if (others.length === 3) continue;
            const child = dupMm(mm) as Mm;
            others.push({ mm: child, model: new Map([...model].map(([page, known]) => [page, { ...known }])) });
          } else if (o.op === 'switch') {
            const other = others.shift();
            if (other === undefined) continue;
            others.push({ mm, model });
            ({ mm, model } = other);
          } else if (o.op === 'write') write(BASE + o.page, o.value, o.viaFault);
          else {
            const known = model.get(BASE + o.page);
            const at = (BASE + o.page) * PAGE + 5;
            if (known === undefined || known.prot === 0) expect(insist(() => fault(mm, at, ACCESS_READ))).not.toBe(FAULT_OK);
            else {
              const bytes = new Uint8Array(1);
              expect(insist(() => mm.copyInto(at, bytes))).toBe(0);
              expect(bytes[0]).toBe(known.cell.value);
            }
          }
          checkSpace(mm);
          checkRanges(mm);
        }
        others.push({ mm, model });
        for (const other of others) {
          for (const [page, { prot, cell }] of other.model) {
            const bytes = new Uint8Array(1);
            if (prot !== 0) expect(insist(() => other.mm.copyInto(page * PAGE + 5, bytes))).toBe(0);
            if (prot !== 0) expect(bytes[0]).toBe(cell.value);
          }
          checkRanges(other.mm);
          checkSpace(other.mm);
          exitMmap(other.mm);
        }
        expect(file.vmas.size).toBe(0);
        file.release();
        expect(kernel.memory.frames.used).toBe(1);
        expect(kernel.memory.root.usage).toBe(PAGE);
        expect(kernel.memory.committed).toBe(0);
      }),
      { numRuns: 1500 },
    );
  });
}
