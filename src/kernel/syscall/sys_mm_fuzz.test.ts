import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fakePlatform } from '../../../tests/support/fake_machine.ts';
import { REG_X } from '../../platform/registers.ts';
import { createKernel } from '../api/create.ts';
import type { Kernel } from '../kernel.ts';
import { Mm } from '../mm/mm.ts';
import { charge, PRICE_MM } from '../mm/price.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import { openAt } from '../vfs/open.ts';
import type { Syscall } from './define.ts';
import { memfdCalls } from './sys_memfd.ts';
import { mmCalls } from './sys_mm.ts';
import { mmAdviceCalls } from './sys_mm_advice.ts';
import { processVmCalls } from './sys_process_vm.ts';

const PAGE = 4096;
const calls: readonly Syscall[] = [...mmCalls, ...mmCalls, ...mmAdviceCalls, ...memfdCalls, ...processVmCalls];

/** Addresses and lengths that are often right, sometimes nearly right, and sometimes anything. */
const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0x400, max: 0x440 }).map((page) => BigInt(page * PAGE)) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 16 }).map((pages) => BigInt(pages * PAGE)) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 64 }).map(BigInt) },
  { weight: 2, arbitrary: fc.constantFrom(0x12n, 0x22n, 0x32n, 0x11n, 0x100022n, 0x1n, 0x2n) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) },
  { weight: 1, arbitrary: fc.nat(47).map((bit) => (1n << BigInt(bit + 16)) - 4096n) },
);
const call = fc.record({ index: fc.nat(calls.length - 1), args: fc.tuple(value, value, value, value, value, value) });

it('survives random arguments and leaks nothing', () => {
  const platform = Object.assign(fakePlatform(8192), { layers: { layer: () => null }, trace: () => undefined });
  const kernel: Kernel = createKernel(platform);
  const task = kernel.firstTask;
  kernel.scheduler.current = task;
  const { memory } = kernel;
  const before = memory.frames.used;
  // The file's name stays in the cache once it is known.
  let price = 0;
  fc.assert(
    fc.property(fc.array(call, { minLength: 10, maxLength: 60 }), (list) => {
      charge(kernel, memory.root, PRICE_MM);
      const mm = new Mm(kernel, memory.root);
      task.mm = mm;
      mm.limits = task.group;
      mm.mmapBase = 0x78000;
      mm.layout.startBrk = mm.layout.brk = 0x430 * PAGE;
      const file = openAt(task, -100, '/file', { flags: 0o102, mode: 0o644, resolve: 0 });
      if (typeof file === 'number') throw new Error(`open: ${file}`);
      file.write(task, IovIter.kernel(new Uint8Array(5 * PAGE + 100).fill(3)), 0);
      task.files!.install(0, file, false);
      for (const { index, args } of list) {
        args.forEach((arg, i) => {
          task.words[REG_X + 2 * i] = Number(BigInt.asIntN(32, arg));
          task.words[REG_X + 2 * i + 1] = Number(BigInt.asIntN(32, arg >> 32n));
        });
        const result = calls[index]!.invoke(task);
        expect(Number.isInteger(result)).toBe(true);
        task.progress = null;
      }
      let total = 0;
      for (let i = 0; i < mm.vmas.length; i++) {
        total += mm.vmas.at(i)!.pages;
        if (i > 0) expect(mm.vmas.at(i)!.start).toBeGreaterThanOrEqual(mm.vmas.at(i - 1)!.end);
      }
      expect(mm.counts.total).toBe(total);
      expect(mm.committed).toBeGreaterThanOrEqual(0);
      mm.put();
      task.mm = null;
      file.inode.setattr(task, { size: 0 });
      for (const fd of [...task.files!.descriptors()]) task.files!.close(task, fd);
      expect(memory.frames.used).toBe(before);
      price ||= memory.root.kernelBytes;
      expect(memory.root.kernelBytes).toBe(price);
      expect(memory.committed).toBe(0);
    }),
    { numRuns: 400 },
  );
});
