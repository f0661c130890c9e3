/** The machine: RAM, address spaces and the processor, put together. */

import { arm64 } from '../isa/arm64/table.ts';
import { Decoder } from '../isa/decoder.ts';
import { InsnTable } from '../isa/insn_table.ts';
import type { Clock } from '../platform/clock.ts';
import type { Cpu, CpuFeatures, Machine, Space } from '../platform/cpu.ts';
import { features } from './features.ts';
import { generateInterpreter } from './interpreter/generate.ts';
import { type MachineImage, packImage, unpackImage } from './interpreter/image.ts';
import { Interpreter } from './interpreter/interpreter.ts';
import { JIT_DEFAULTS, type JitOptions } from './jit/jit.ts';
import { LinearRam, layOut } from './ram.ts';
import { exactFloat } from './softfloat/exact.ts';
import { SlotPool, SoftSpace, type SpaceHost } from './space.ts';
import { buildVdso } from './vdso/vdso.ts';

export interface MachineOptions {
  readonly clock: Clock;
  /** Size to which the linear memory may grow, at most 4 GiB; a few hundred MiB of it are the machine's own when several programs run (mostly untouched). */
  readonly maxBytes?: number;
  /** Pages whose decoded instructions are kept. */
  readonly codeBlocks?: number;
  /** Of these, how many have room from the start; the others when they are needed. */
  readonly firstBlocks?: number;
  /** Address spaces that keep their translation tables. */
  readonly slots?: number;
  readonly jit?: Partial<JitOptions>;
  /** What `buildInterpreter` returned earlier. It is ignored if it belongs to another instruction table. */
  readonly interpreter?: Uint8Array | undefined;
}

class SoftMachine implements Machine, SpaceHost {
  readonly ram: LinearRam;
  readonly cpu: Cpu;
  readonly features: CpuFeatures = features;
  readonly vdso: Uint8Array;
  readonly slots: SlotPool;
  private readonly interpreter: Interpreter;

  constructor(options: MachineOptions) {
    const maxBytes = options.maxBytes ?? 2 ** 32;
    const layout = layOut(options.codeBlocks ?? 4096, options.slots ?? 32, maxBytes, options.firstBlocks);
    this.ram = new LinearRam(layout, maxBytes, () => this.interpreter.refresh());
    this.slots = new SlotPool(this.ram, layout);
    const kept = options.interpreter ? unpackImage(options.interpreter, arm64) : undefined;
    const table = new InsnTable(arm64, kept?.index);
    const image = kept ?? makeImage(table);
    this.vdso = image.vdso;
    const counter = (): bigint => BigInt(options.clock.monotonic());
    this.interpreter = new Interpreter(
      this.ram,
      layout,
      new Decoder(table),
      image,
      {
        counter,
        floatExact: exactFloat(() => this.cpu.registers),
      },
      { ...JIT_DEFAULTS, ...options.jit },
      () => options.clock.monotonic(),
    );
    this.cpu = this.interpreter;
  }

  createSpace(): Space {
    return new SoftSpace(this);
  }

  invalidateCode(frame: number): void {
    this.interpreter.invalidate(frame);
  }

  forgetCode(space: SoftSpace, page: number | undefined): void {
    const { cache } = this.interpreter;
    if (page === undefined) cache.forgetSpace(space);
    else cache.forgetPage(space, page);
  }
}

const makeImage = (table: InsnTable): MachineImage => ({ ...generateInterpreter(table), vdso: buildVdso(table) });

/** Generates the interpreter and the vDSO, which takes a good part of a second, to be given to `createMachine` later. */
export function buildInterpreter(): Uint8Array {
  return packImage(makeImage(new InsnTable(arm64)), arm64);
}

export function createMachine(options: MachineOptions): Machine {
  return new SoftMachine(options);
}
