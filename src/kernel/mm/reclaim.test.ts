import { describe, expect, it } from 'vitest';
import { fakePlatform } from '../../../tests/support/fake_machine.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { CgroupRoot } from '../cgroup/cgroup_root.ts';
import { createCgroup, removeCgroup, setSubtreeControl } from '../cgroup/hierarchy.ts';
import type { Kernel } from '../kernel.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import { FAULT_OOM, fault } from './fault.ts';
import { Memory } from './memory.ts';
import type { MemoryGroup } from './memory_group.ts';
import { Mm } from './mm.ts';
import { exitMmap } from './mm_exit.ts';
import { mapRange } from './mmap.ts';
import { PageMapping } from './page_mapping.ts';
import { charge, PRICE_MM, uncharge } from './price.ts';

const PAGE = 4096;

/** A file whose page i is full of i, which counts how often it is read and remembers what is stored. */
class CountingMapping extends PageMapping {
  fills = 0;
  readonly stored: number[] = [];
  override get tracksDirty(): boolean {
    return true;
  }
  protected override get readAhead(): number {
    return 4;
  }
  protected override fill(offset: number, target: Uint8Array): number {
    this.fills++;
    for (let at = 0; at < target.length; at += PAGE) target.fill((offset + at) / PAGE, at, at + PAGE);
    return 0;
  }
  protected override store(offset: number): number {
    this.stored.push(offset);
    return 0;
  }
}

function bare(): Kernel & { memory: Memory } {
  const kernel = { platform: fakePlatform(4096), initialPidNs: { list: () => [] }, scheduler: { current: null } } as unknown as Kernel & {
    memory: Memory;
  };
  kernel.memory = new Memory(kernel);
  Object.assign(kernel, { cgroups: new CgroupRoot(kernel) });
  return kernel;
}

function space(kernel: Kernel, group: MemoryGroup): Mm {
  charge(kernel, group, PRICE_MM);
  const mm = new Mm(kernel, group);
  mm.mmapBase = 0x78000;
  return mm;
}

describe('reclaim', () => {
  it('drops clean pages of a group at its limit, and reads them again', () => {
    const kernel = bare();
    const group = kernel.memory.createGroup(kernel.memory.root)!;
    group.limit = 40 * PAGE;
    const mm = space(kernel, group);
    const mapping = new CountingMapping(kernel, { size: 200 * PAGE });
    const page = mapRange(mm, { page: 0, pages: 200, prot: 1, flags: 0, fixed: 'hint', mapping });
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 200; i++) expect(mm.readU32((page + i) * PAGE) & 0xff).toBe(i);
    }
    const fresh = mapRange(mm, { page: 0, pages: 8, prot: 3, flags: 0, fixed: 'hint' });
    for (let i = 0; i < 8; i++) {
      mm.writeU32((fresh + i) * PAGE, 1);
      expect(mm.readU32((fresh + i) * PAGE + 8)).toBe(0);
    }
    expect(group.usage).toBeLessThanOrEqual(group.limit);
    expect(mapping.fills).toBeGreaterThan(60);
    expect(mapping.residentPages).toBeLessThan(40);
    exitMmap(mm);
    mapping.release();
    expect(group.usage).toBe(0);
    expect(kernel.memory.evictable.size).toBe(0);
  });

  it('keeps dirty pages before it drops them', () => {
    const kernel = bare();
    const mapping = new CountingMapping(kernel, { size: 10 * PAGE });
    mapping.writeFrom(IovIter.kernel(new Uint8Array(2 * PAGE)), PAGE + 10);
    expect([mapping.dirtyPages, mapping.fills, mapping.residentPages]).toEqual([3, 1, 3]);
    expect(mapping.evict(kernel.memory.root, 100, 0)).toBe(0);
    expect(mapping.stored).toEqual([]);
    expect(kernel.memory.reclaim(kernel.memory.root, 100)).toBe(3);
    expect(mapping.stored).toEqual([PAGE, 2 * PAGE, 3 * PAGE]);
    expect(mapping.residentPages).toBe(0);
  });

  it('fails when nothing can be freed, and recovers', () => {
    const kernel = bare();
    const group = kernel.memory.createGroup(kernel.memory.root)!;
    const mm = space(kernel, group);
    group.limit = group.usage + 8192 + 10 * PAGE;
    const page = mapRange(mm, { page: 0, pages: 100, prot: 3, flags: 0, fixed: 'hint' });
    const results = Array.from({ length: 16 }, (_, i) => fault(mm, (page + i) * PAGE, 2));
    expect(results.slice(-2)).toEqual([FAULT_OOM, FAULT_OOM]);
    expect(group.events.oom).toBeGreaterThan(0);
    mm.zap(page, page + 100, true);
    expect(fault(mm, page * PAGE, 2)).toBe(0);
    exitMmap(mm);
    expect(group.usage).toBe(0);
  });

  it('refuses kernel objects beyond the budget', () => {
    const kernel = bare();
    kernel.memory.kernelBudget = 1000;
    expect(charge(kernel, kernel.memory.root, 900)).toBe(true);
    expect(charge(kernel, kernel.memory.root, 200)).toBe(false);
    const shrink = (): number => {
      uncharge(kernel.memory.root, 100);
      return 1;
    };
    kernel.memory.shrinkers.push({ shrink });
    expect(charge(kernel, kernel.memory.root, 200)).toBe(true);
  });

  it('takes from those first to whom nothing was promised, and never what memory.min keeps', () => {
    const kernel = bare();
    const { memory } = kernel;
    const parent = memory.createGroup(memory.root)!;
    const [kept, preferred, plain] = [memory.createGroup(parent)!, memory.createGroup(parent)!, memory.createGroup(parent)!];
    parent.min = kept.min = 100 * PAGE;
    parent.low = preferred.low = 100 * PAGE;
    for (const group of [kept, preferred, plain]) {
      const mapping = new CountingMapping(kernel, { size: 8 * PAGE });
      for (let index = 0; index < 8; index++) mapping.getPage(index, false, group);
    }
    const sizes = (): number[] => [kept, preferred, plain].map(({ usage }) => usage / PAGE);
    expect(sizes()).toEqual([8, 8, 8]);
    expect(memory.reclaim(parent, 8)).toBe(8);
    expect(sizes()).toEqual([8, 8, 0]);
    expect(memory.reclaim(parent, 8)).toBe(8);
    expect(sizes()).toEqual([8, 0, 0]);
    expect([preferred.events.low, plain.events.low]).toEqual([1, 0]);
    expect(memory.reclaim(parent, 8)).toBe(0);
    expect(memory.reclaim(kept, 8)).toBe(8);
  });

  it('keeps a group whose cgroup is gone until its last frame is', () => {
    const kernel = bare();
    const { memory } = kernel;
    const rootCgroup = kernel.cgroups.cgroup;
    setSubtreeControl(kernel, rootCgroup, -1, 0);
    const cgroup = createCgroup(kernel, rootCgroup, 'a', { mode: 0o755, uid: 0, gid: 0, payer: memory.root }) as Cgroup;
    const group = cgroup.memory;
    const [frame, other] = [memory.frames.alloc(group), memory.frames.alloc(group)];
    expect(removeCgroup(kernel, cgroup)).toBe(0);
    expect([rootCgroup.descendants, rootCgroup.dyingDescendants]).toEqual([0, 1]);
    memory.frames.put(frame);
    expect(memory.groups[group.id]).toBe(group);
    const before = memory.root.usage;
    memory.frames.reparent();
    expect([group.usage, memory.root.usage, rootCgroup.dyingDescendants]).toEqual([0, before, 0]);
    expect(memory.frames.payer(other)).toBe(memory.root);
    expect(memory.createGroup(memory.root)!.id).toBe(group.id);
    memory.frames.put(other);
  });
});
