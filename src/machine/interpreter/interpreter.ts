/** The processor: the generated interpreter, its imports, and what the kernel sees of it. */

import type { Decoder } from '../../isa/decoder.ts';
import {
  ACCESS_EXEC,
  ACCESS_READ,
  ACCESS_WRITE,
  type Cpu,
  type Space,
  TRAP_FAULT,
  TRAP_FUEL,
  TRAP_PC_ALIGNMENT,
  TRAP_STEP,
  type Trap,
} from '../../platform/cpu.ts';
import { REG_PC, REG_WORDS } from '../../platform/registers.ts';
import { Jit, type JitOptions } from '../jit/jit.ts';
import {
  AT_ASID,
  AT_BOUNCE,
  AT_CODE_TABLE,
  AT_ENTRY_RECORD,
  AT_FUEL,
  AT_JUMP,
  AT_PAGE,
  AT_PAGE_RECORDS,
  AT_READ_TABLE,
  AT_RESERVE,
  AT_TARGET,
  AT_TRAP,
  AT_TRAP_ACCESS,
  AT_TRAP_ADDRESS,
  AT_TRAP_SYNDROME,
  AT_WRITE_TABLE,
  RECORD_BYTES,
  REGISTERS,
  TABLE_BYTES,
} from '../layout.ts';
import type { LinearRam, MachineLayout } from '../ram.ts';
import type { SoftSpace } from '../space.ts';
import { CodeCache } from './code_cache.ts';
import { ENTER, REGION, UNDECODED } from './forms.ts';
import type { InterpreterImage } from './image.ts';
import { Predecoder } from './predecode.ts';
import { JUMP, STOP, STOP_AFTER } from './target.ts';

/** CTR_EL0 announces cache lines of 64 bytes. */
const LINE = 64;

export class Interpreter implements Cpu {
  singleStep = false;
  registers: Int32Array;
  readonly cache: CodeCache;
  private readonly ram: LinearRam;
  private readonly predecoder: Predecoder;
  private readonly trap: Trap = { kind: 0, address: 0, access: 0, syndrome: 0 };
  private readonly runLoop: () => void;
  readonly jit: Jit;
  private readonly stepForm: (record: number, number: number) => number;
  private space: SoftSpace | undefined;
  /** Fuel that translated code does not get yet. */
  private held = 0;
  /** Where the bytes of the bounce buffer belong: two places in RAM. */
  private readonly bounce = { first: 0, second: 0, split: 0, bytes: 0 };

  constructor(
    ram: LinearRam,
    layout: MachineLayout,
    decoder: Decoder,
    image: InterpreterImage,
    helpers: Readonly<Record<string, unknown>>,
    jit: JitOptions,
    now: () => number,
  ) {
    this.ram = ram;
    this.registers = this.block();
    this.cache = new CodeCache(ram, layout);
    this.predecoder = new Predecoder(ram, decoder, image.numbers, this.cache);
    this.jit = new Jit(ram, this.cache, decoder, jit, now, (record) => this.predecoder.decode(record));
    const instance = new WebAssembly.Instance(new WebAssembly.Module(image.code), {
      machine: {
        ...helpers,
        memory: ram.memory,
        regions: this.jit.translations.table,
        enter: (record: number) => this.enter(record),
        original: (record: number) => this.jit.translations.original(record),
        recognise: (low: number, high: number) => this.jit.translations.recognise(this.space!, (low >>> 0) + high * 2 ** 32),
        fetch: (low: number, high: number) => this.fetch(low, high),
        decode: (record: number) => {
          this.predecoder.decode(record);
          return record;
        },
        translate: (low: number, high: number, bytes: number, access: number) => this.translate(low, high, bytes, access),
        commit: () => this.commit(),
        invalidateCode: (address: bigint) => this.invalidateLine(address),
      },
    });
    this.runLoop = instance.exports['run'] as () => void;
    this.stepForm = instance.exports['step'] as (record: number, number: number) => number;
    this.jit.connect(instance.exports);
    ram.views.u16[AT_ENTRY_RECORD >> 1] = ENTER;
  }

  get fuel(): number {
    const { i32 } = this.ram.views;
    return i32[AT_FUEL >> 2]! + i32[AT_RESERVE >> 2]! + this.held;
  }

  set fuel(value: number) {
    const { i32 } = this.ram.views;
    i32[AT_FUEL >> 2] = value;
    i32[AT_RESERVE >> 2] = 0;
    this.held = 0;
  }

  /** RAM has grown. */
  refresh(): void {
    this.registers = this.block();
  }

  run(space: Space): Trap {
    this.space = space as SoftSpace;
    const table = this.space.table();
    const { i32 } = this.ram.views;
    i32[AT_READ_TABLE >> 2] = table;
    i32[AT_WRITE_TABLE >> 2] = table + TABLE_BYTES;
    i32[AT_CODE_TABLE >> 2] = table + 2 * TABLE_BYTES;
    i32[AT_ASID >> 2] = this.cache.asid(this.space) << 2;
    i32[AT_TRAP_SYNDROME >> 2] = 0;
    if (this.singleStep) this.step();
    else this.runPortions();
    return this.report();
  }

  /** The quantum's fuel is spent in portions; where the guest is after each of them is a sample of what it executes. */
  private runPortions(): void {
    const { eager, quantum } = this.jit.options;
    if (eager) this.sample(0);
    for (;;) {
      const { i32 } = this.ram.views;
      const { fuel } = this;
      const given = Math.min(fuel, quantum);
      const portion = Math.min(given, this.jit.portion());
      this.held = fuel - given;
      i32[AT_RESERVE >> 2] = given - portion;
      i32[AT_JUMP >> 2] = 0;
      i32[(AT_JUMP >> 2) + 1] = 0;
      // Going to the first instruction is no transfer of the guest's.
      i32[AT_FUEL >> 2] = portion + 1;
      this.runLoop();
      const views = this.ram.views.i32;
      if (views[AT_TRAP >> 2] !== TRAP_FUEL || views[AT_FUEL >> 2]! >= 0 || this.fuel < 0) return;
      this.sample(this.jumped());
    }
  }

  /** Where the guest jumped from; 0: it did not jump to where it is. */
  private jumped(): number {
    const { u32 } = this.ram.views;
    return u32[AT_JUMP >> 2]! + u32[(AT_JUMP >> 2) + 1]! * 2 ** 32;
  }

  private sample(jump: number): void {
    this.jit.sample(this.space!, this.registers[REG_PC]!, this.registers[REG_PC + 1]!, jump);
  }

  private report(): Trap {
    const { i32 } = this.ram.views;
    const { trap } = this;
    trap.kind = i32[AT_TRAP >> 2]!;
    trap.access = i32[AT_TRAP_ACCESS >> 2]!;
    trap.syndrome = i32[AT_TRAP_SYNDROME >> 2]!;
    trap.address = (i32[AT_TRAP_ADDRESS >> 2]! >>> 0) + (i32[(AT_TRAP_ADDRESS >> 2) + 1]! >>> 0) * 2 ** 32;
    return trap;
  }

  private block(): Int32Array {
    return new Int32Array(this.ram.memory.buffer, REGISTERS, REG_WORDS);
  }

  private step(): void {
    const low = this.registers[REG_PC]!;
    const high = this.registers[REG_PC + 1]!;
    const records = this.fetch(low, high);
    if (records === 0) return;
    const { i32, u16 } = this.ram.views;
    const record = records + ((low & 4095) / 4) * RECORD_BYTES;
    i32[AT_PAGE >> 2] = low & ~4095;
    i32[(AT_PAGE >> 2) + 1] = high;
    i32[AT_PAGE_RECORDS >> 2] = records;
    if (u16[record >> 1] === UNDECODED) this.predecoder.decode(record);
    i32[AT_TRAP >> 2] = TRAP_STEP;
    const number = u16[record >> 1]!;
    const fuel = i32[AT_FUEL >> 2]!;
    const next = this.stepForm(record, number === REGION ? this.jit.translations.original(record) : number);
    // Single steps take none.
    i32[AT_FUEL >> 2] = fuel;
    if (next === STOP) return;
    if (next === JUMP) {
      this.registers[REG_PC] = i32[AT_TARGET >> 2]!;
      this.registers[REG_PC + 1] = (i32[(AT_TARGET >> 2) + 1]! << 8) >> 8;
      return;
    }
    const distance = next === STOP_AFTER ? RECORD_BYTES : next - record;
    const pc = (low >>> 0) + distance / 4;
    this.registers[REG_PC] = pc;
    if (pc >= 2 ** 32) this.registers[REG_PC + 1] = high + 1;
  }

  private stop(kind: number, low: number, high: number, access: number): 0 {
    const { i32 } = this.ram.views;
    i32[AT_TRAP >> 2] = kind;
    i32[AT_TRAP_ADDRESS >> 2] = low;
    i32[(AT_TRAP_ADDRESS >> 2) + 1] = high;
    i32[AT_TRAP_ACCESS >> 2] = access;
    return 0;
  }

  /** Whether the translated code that begins at a record of the running page can be run here. */
  private enter(record: number): number {
    const { i32 } = this.ram.views;
    const distance = (record - i32[AT_PAGE_RECORDS >> 2]!) / 4;
    const page = (i32[AT_PAGE >> 2]! >>> 0) + i32[(AT_PAGE >> 2) + 1]! * 2 ** 32;
    return this.jit.translations.enter(this.space!, record, page + distance);
  }

  /** A frame's contents have changed. */
  invalidate(frame: number): void {
    this.jit.invalidate(frame);
    this.cache.invalidate(frame);
  }

  /** Looks up the records of the page of an instruction address; 0 with a trap recorded if it cannot be executed. */
  private fetch(low: number, high: number): number {
    if (low & 3) return this.stop(TRAP_PC_ALIGNMENT, low, high, ACCESS_EXEC);
    const space = this.space!;
    const frame = space.codeFrame(pageOf(low, high));
    if (frame === undefined) return this.stop(TRAP_FAULT, low, high, ACCESS_EXEC);
    const records = this.cache.records(frame);
    this.cache.enter(low, high, this.cache.asid(space), records);
    return records;
  }

  /** The slow path of memory accesses: addresses above 4 GiB, tagged ones, page crossings, faults. */
  private translate(low: number, taggedHigh: number, bytes: number, access: number): number {
    const high = (taggedHigh << 8) >> 8;
    const page = pageOf(low, high);
    const offset = low & 4095;
    const split = Math.min(bytes, 4096 - offset);
    const first = this.frames(page, access);
    if (first < 0) return this.stop(TRAP_FAULT, low, high, -first);
    if (split === bytes) return first * 4096 + offset - 1;
    const second = this.frames(page + 1, access);
    if (second < 0) {
      const nextLow = ((low & ~4095) + 4096) | 0;
      return this.stop(TRAP_FAULT, nextLow, nextLow === 0 ? high + 1 : high, -second);
    }
    const { bounce } = this;
    bounce.first = first * 4096 + offset;
    bounce.second = second * 4096;
    bounce.split = split;
    bounce.bytes = bytes;
    const { u8 } = this.ram.views;
    u8.copyWithin(AT_BOUNCE, bounce.first, bounce.first + split);
    u8.copyWithin(AT_BOUNCE + split, bounce.second, bounce.second + bytes - split);
    return AT_BOUNCE - 1;
  }

  /** The frame of a page for a union of accesses; the first access that it does not allow, negated, if there is none. */
  private frames(page: number, access: number): number {
    const space = this.space!;
    let frame = -1;
    for (const wanted of [ACCESS_READ, ACCESS_WRITE]) {
      if (!(access & wanted)) continue;
      frame = space.frame(page, wanted);
      if (frame < 0) return -wanted;
    }
    return frame;
  }

  private commit(): void {
    const { first, second, split, bytes } = this.bounce;
    const { u8 } = this.ram.views;
    u8.copyWithin(first, AT_BOUNCE, AT_BOUNCE + split);
    u8.copyWithin(second, AT_BOUNCE + split, AT_BOUNCE + bytes);
  }

  private invalidateLine(address: bigint): void {
    const low = Number(BigInt.asIntN(32, address));
    const high = Number(BigInt.asIntN(24, address >> 32n));
    const frame = this.space!.frame(pageOf(low, high), ACCESS_READ);
    if (frame < 0) return;
    this.jit.invalidate(frame);
    this.cache.invalidateWords(frame, (low & 4095 & -LINE) / 4, LINE / 4);
  }
}

/** Page number of an address given by its halves. */
const pageOf = (low: number, high: number): number => (low >>> 12) + (high >>> 0) * 0x100000;
