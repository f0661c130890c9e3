import { describe, expect, it } from 'vitest';
import { type FakeSpace, fakePlatform } from '../../../tests/support/fake_machine.ts';
import { ACCESS_READ, ACCESS_WRITE } from '../../platform/cpu.ts';
import type { Kernel } from '../kernel.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import { FAULT_ACCERR, FAULT_BUS, FAULT_MAPERR, FAULT_OK, fault } from './fault.ts';
import { Memory } from './memory.ts';
import { Mm } from './mm.ts';
import { setBrk } from './mm_brk.ts';
import { exitMmap } from './mm_exit.ts';
import { dupMm } from './mm_fork.ts';
import { mapRange, protectRange, unmapRange } from './mmap.ts';
import { charge, PRICE_MM } from './price.ts';
import { ShmemMapping } from './shmem.ts';
import { existingSpace } from './space_table.ts';
import { VM_GROWSDOWN, VM_SHARED } from './vma.ts';

const RW = 3;
const PAGE = 4096;

function bare(maxFrame = 4096): Kernel {
  const kernel = { platform: fakePlatform(maxFrame) } as unknown as { platform: unknown; memory: Memory };
  kernel.memory = new Memory(kernel as unknown as Kernel);
  return kernel as unknown as Kernel;
}

function space(kernel: Kernel): Mm {
  charge(kernel, kernel.memory.root, PRICE_MM);
  const mm = new Mm(kernel, kernel.memory.root);
  mm.mmapBase = 0x78000;
  return mm;
}

const anon = (mm: Mm, pages: number, prot = RW, flags = 0): number => mapRange(mm, { page: 0, pages, prot, flags, fixed: 'hint' }) * PAGE;
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

/** Every frame is free again but the zero frame. */
const expectNothingLeft = (kernel: Kernel): void => {
  expect(kernel.memory.frames.used).toBe(1);
  expect(kernel.memory.root.usage).toBe(PAGE);
  expect(kernel.memory.committed).toBe(0);
};

it('uses every frame but those of the machine', () => {
  const { platform, memory } = bare(64);
  const { firstFrame, holeFrame, holeEnd, maxFrame } = platform.machine.ram;
  const all = new Set<number>([memory.zeroFrame]);
  while (memory.frames.used < memory.frames.limit) all.add(memory.frames.alloc(memory.root));
  expect(all.size).toBe(maxFrame - firstFrame - (holeEnd - holeFrame));
  for (const frame of all) expect(frame >= firstFrame && frame < maxFrame && !(frame >= holeFrame && frame < holeEnd)).toBe(true);
});

describe('Mm', () => {
  it('copies to and from anonymous memory across pages', () => {
    const kernel = bare();
    const mm = space(kernel);
    const at = anon(mm, 4) + PAGE - 3;
    expect(mm.copyOut(at, text('hello world\0'))).toBe(0);
    expect(mm.readString(at, 100)).toBe('hello world');
    expect(mm.readString(at, 10)).toBe(-36);
    expect(mm.readString(at, 11)).toBe('hello world');
    expect(mm.peekString(at, 5)).toBe('hello');
    expect(mm.copyIn(at, 5)).toEqual(text('hello'));
    expect(mm.writeU64(at + 1, 0x11223344, 0x55667788)).toBe(0);
    expect(mm.readU64(at + 1)).toBe(0);
    expect([mm.low, mm.high]).toEqual([0x11223344, 0x55667788]);
    expect(mm.copyIn(0, 1)).toBe(-14);
    expect(mm.faultIn(at, 5 * PAGE, true)).toBe(3 * PAGE + 3);
    exitMmap(mm);
    expectNothingLeft(kernel);
  });

  it('reads untouched memory through one frame of zeros', () => {
    const kernel = bare();
    const mm = space(kernel);
    const at = anon(mm, 1000);
    const used = kernel.memory.frames.used;
    expect(mm.faultIn(at, 1000 * PAGE, false)).toBe(1000 * PAGE);
    expect(kernel.memory.frames.used).toBe(used);
    expect(mm.writeU32(at, 7)).toBe(0);
    expect(mm.readU32(at)).toBe(7);
    expect(mm.readU32(at + PAGE)).toBe(0);
    exitMmap(mm);
    expectNothingLeft(kernel);
  });

  it('copies on write after fork, in both directions', () => {
    const kernel = bare();
    const parent = space(kernel);
    const at = anon(parent, 2);
    parent.writeU32(at, 1);
    expect(fault(parent, at, ACCESS_WRITE)).toBe(FAULT_OK);
    const child = dupMm(parent) as Mm;
    expect((existingSpace(parent) as FakeSpace).pages.get(at / PAGE)!.access).toBe(ACCESS_READ);
    const before = kernel.memory.frames.used;
    expect(child.readU32(at)).toBe(1);
    child.writeU32(at, 2);
    expect(parent.readU32(at)).toBe(1);
    parent.writeU32(at, 3);
    expect(child.readU32(at)).toBe(2);
    expect(kernel.memory.frames.used).toBe(before + 1);
    exitMmap(child);
    exitMmap(parent);
    expectNothingLeft(kernel);
  });

  it('says which signal a fault means', () => {
    const kernel = bare();
    const mm = space(kernel);
    const at = anon(mm, 1, 1);
    expect(fault(mm, at, ACCESS_WRITE)).toBe(FAULT_ACCERR);
    expect(fault(mm, at + PAGE, ACCESS_READ)).toBe(FAULT_MAPERR);
    expect(fault(mm, 2 ** 55, ACCESS_READ)).toBe(FAULT_MAPERR);
    expect(fault(mm, 0x5a * 2 ** 56 + at, ACCESS_READ)).toBe(FAULT_OK);
    const host = { size: PAGE + 1 };
    const mapping = new ShmemMapping(kernel, host);
    const file = mapRange(mm, { page: 0, pages: 3, prot: RW, flags: VM_SHARED, fixed: 'hint', mapping }) * PAGE;
    expect(fault(mm, file + PAGE, ACCESS_WRITE)).toBe(FAULT_OK);
    expect(fault(mm, file + 2 * PAGE, ACCESS_WRITE)).toBe(FAULT_BUS);
    mapping.truncate(10);
    expect(fault(mm, file + PAGE, ACCESS_WRITE)).toBe(FAULT_BUS);
    exitMmap(mm);
    mapping.release();
    expectNothingLeft(kernel);
  });

  it('grows a stack down to its limit and keeps the guard gap', () => {
    const kernel = bare();
    const mm = space(kernel);
    mm.limits = { softLimit: (resource) => (resource === 3 ? 16 * PAGE : Number.POSITIVE_INFINITY) };
    mapRange(mm, { page: 0x7fff0, pages: 2, prot: RW, flags: VM_GROWSDOWN, fixed: 'fixed' });
    expect(fault(mm, 0x7ffe8 * PAGE, ACCESS_WRITE)).toBe(FAULT_OK);
    expect(fault(mm, 0x7ffe0 * PAGE, ACCESS_WRITE)).toBe(FAULT_MAPERR);
    expect(mm.counts.stack).toBe(10);
    exitMmap(mm);
    expectNothingLeft(kernel);
  });

  it('splits and merges ranges under mprotect and munmap', () => {
    const kernel = bare();
    const mm = space(kernel);
    const page = anon(mm, 10) / PAGE;
    mm.copyOut(page * PAGE, new Uint8Array(10 * PAGE).fill(7));
    expect(protectRange(mm, page + 3, page + 5, 1, false)).toBe(0);
    expect(mm.vmas.length).toBe(3);
    expect(mm.writeU32((page + 3) * PAGE, 1)).toBe(-14);
    expect(mm.readU32((page + 3) * PAGE)).toBe(0x07070707);
    expect(protectRange(mm, page + 3, page + 5, RW, false)).toBe(0);
    expect(mm.vmas.length).toBe(1);
    expect(mm.writeU32((page + 3) * PAGE, 1)).toBe(0);
    expect(unmapRange(mm, page + 4, page + 6)).toBe(0);
    expect(mm.vmas.length).toBe(2);
    expect(protectRange(mm, page, page + 8, 1, false)).toBe(-12);
    expect(mm.counts.total).toBe(8);
    exitMmap(mm);
    expectNothingLeft(kernel);
  });

  it('puts giants past 4 GiB and costs nothing for them', () => {
    const kernel = bare();
    const mm = space(kernel);
    const at = anon(mm, 2 ** 24, 0);
    expect(at).toBe(2 ** 31);
    const high = at + 2 ** 35 + 123;
    expect(protectRange(mm, Math.floor(high / PAGE), Math.floor(high / PAGE) + 1, RW, false)).toBe(0);
    expect(mm.copyOut(high, text('far'))).toBe(0);
    expect(mm.readString(high, 10)).toBe('far');
    const child = dupMm(mm) as Mm;
    expect(child.readString(high, 10)).toBe('far');
    expect(unmapRange(mm, at / PAGE, at / PAGE + 2 ** 24)).toBe(0);
    exitMmap(mm);
    exitMmap(child);
    expectNothingLeft(kernel);
  });

  it('moves the heap', () => {
    const kernel = bare();
    const mm = space(kernel);
    mm.layout.startBrk = mm.layout.brk = 0x500010;
    expect(setBrk(mm, 0x520000)).toBe(0x520000);
    expect(mm.copyOut(0x500010, text('x'))).toBe(-14);
    expect(mm.copyOut(0x501010, text('x'))).toBe(0);
    expect(setBrk(mm, 0x400000)).toBe(0x520000);
    expect(setBrk(mm, 0x500800)).toBe(0x500800);
    expect(mm.vmas.length).toBe(0);
    exitMmap(mm);
    expectNothingLeft(kernel);
  });
});

describe('PageMapping', () => {
  it('holds a sparse file and moves bytes between files and user memory', () => {
    const kernel = bare();
    const mm = space(kernel);
    const at = anon(mm, 4);
    const host = { size: 0 };
    const mapping = new ShmemMapping(kernel, host);
    mapping.truncate(2 ** 30);
    mm.copyOut(at, text('0123456789'));
    expect(mapping.writeFrom(IovIter.user(mm, at, 10), 2 ** 29 - 5)).toBe(10);
    expect(mapping.residentPages).toBe(2);
    expect(mapping.nextData(0, 2 ** 18)).toBe(2 ** 17 - 1);
    expect(mapping.readInto(IovIter.user(mm, at + 100, 3 * PAGE), 2 ** 29 - PAGE - 5)).toBe(3 * PAGE);
    expect(mm.readString(at + 100 + PAGE, 100)).toBe('0123456789');
    const bytes = new Uint8Array(20);
    expect(mapping.readInto(IovIter.kernel(bytes), 2 ** 29 - 5)).toBe(20);
    expect(bytes.subarray(0, 11)).toEqual(text('0123456789\0'));
    mapping.punchHole(2 ** 29 - 2, 2 ** 29 + 2);
    mapping.readInto(IovIter.kernel(bytes), 2 ** 29 - 5);
    expect(bytes.subarray(0, 11)).toEqual(text('012\0\0\0\x00789\0'));
    mapping.truncate(2 ** 29 - 4);
    mapping.truncate(2 ** 29 + 4);
    mapping.readInto(IovIter.kernel(bytes), 2 ** 29 - 5);
    expect(bytes.subarray(0, 9)).toEqual(text('0\0\0\0\0\0\0\0\0'));
    mapping.release();
    exitMmap(mm);
    expectNothingLeft(kernel);
  });
});
