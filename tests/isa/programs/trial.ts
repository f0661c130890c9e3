/**
 * Runs a random program in several worlds at once, under a little kernel that pages in, copies on write, remaps, preempts and changes
 * code; after every trap the worlds must be equal.
 */

import {
  ACCESS_EXEC,
  ACCESS_READ,
  ACCESS_WRITE,
  TRAP_ALIGNMENT,
  TRAP_FAULT,
  TRAP_FUEL,
  TRAP_PC_ALIGNMENT,
  TRAP_STEP,
  type Trap,
} from '../../../src/platform/cpu.ts';
import { REG_NZCV, REG_PC, REG_WORDS } from '../../../src/platform/registers.ts';
import { Random, randomRegisters, setRegister } from '../random_state.ts';
import { generateProgram, type Program, randomInstruction } from './generate.ts';
import { BASE, CODE, CODE_ALIASES, CODE_PAGES, COUNTER, DATA, EDGE, HIGH, INDEX, LINK, SP, STACK } from './layout.ts';
import { FRAMES, SPACES, type World } from './world.ts';

const NOP = 0xd503201f;
const RW = ACCESS_READ | ACCESS_WRITE;
const RX = ACCESS_READ | ACCESS_EXEC;
const RWX = RW | ACCESS_EXEC;

/** Frames of code, spare ones for copies of it, data, stack, high memory. */
const [SPARE, DATA_FRAME, STACK_FRAME, HIGH_FRAME] = [CODE_PAGES, 6, 12, 14];
const DATA_ACCESS: readonly number[] = [RW, RW, RW, RW, ACCESS_READ, RW];

interface Mapping {
  readonly frame: number;
  readonly access: number;
}

export interface TrialOptions {
  readonly turns?: number;
  /** Fuel of a turn at most. */
  readonly fuel?: number;
  /** Words of the program that are replaced by NOP. */
  readonly without?: ReadonlySet<number>;
}

export interface Result {
  /** undefined: the worlds agreed. */
  readonly failure: string | undefined;
  readonly program: Program;
  /** Traps by kind. */
  readonly traps: ReadonlyMap<number, number>;
  /** What happened, turn by turn. */
  readonly log: readonly string[];
}

class Trial {
  readonly program: Program;
  readonly traps = new Map<number, number>();
  readonly log: string[] = [];
  private readonly worlds: readonly World[];
  private readonly random: Random;
  /** What is mapped, by space and page; the worlds' spaces are caches of it. */
  private readonly pages: Map<number, Mapping>[] = [];
  private space = 0;
  private spare = SPARE;

  constructor(worlds: readonly World[], seed: number, without: ReadonlySet<number> | undefined) {
    this.worlds = worlds;
    this.random = new Random(seed);
    for (let i = 0; i < 4; i++) this.random.u32();
    this.program = generateProgram(this.random);
    for (const at of without ?? []) this.program.words[at] = NOP;
  }

  private get first(): World {
    return this.worlds[0]!;
  }

  private each(act: (world: World) => void): void {
    for (const world of this.worlds) act(world);
  }

  private start(): void {
    const { random, program } = this;
    const memory = new Uint32Array(FRAMES * 1024);
    for (let i = 0; i < memory.length; i++) memory[i] = random.u32();
    memory.set(program.words, 0);
    const bytes = new Uint8Array(memory.buffer);
    const block = new Int32Array(REG_WORDS);
    randomRegisters(random, block);
    this.each((world) => {
      world.memory.set(bytes);
      world.registers.set(block);
      for (let frame = 0; frame < FRAMES; frame++) world.invalidateCode(frame);
      for (let space = 0; space < SPACES; space++) world.clear(space, false);
    });
    const code = random.chance(80) ? RWX : RX;
    for (let space = 0; space < SPACES; space++) {
      const pages = new Map<number, Mapping>();
      for (let i = 0; i < CODE_PAGES; i++) {
        pages.set(CODE / 4096 + i, { frame: i, access: code });
        pages.set(CODE_ALIASES[space]! / 4096 + i, { frame: i, access: RX });
      }
      DATA_ACCESS.forEach((access, i) => {
        pages.set(DATA / 4096 + i, { frame: DATA_FRAME + i, access });
      });
      for (let i = 0; i < 2; i++) pages.set(STACK / 4096 + i, { frame: STACK_FRAME + i, access: RW });
      pages.set(Math.floor(HIGH / 4096), { frame: HIGH_FRAME, access: RW });
      this.pages[space] = pages;
    }
    this.pointRegisters();
    this.goTo(program.starts[0]!);
    this.setX(LINK, this.someStart());
    this.each((world) => {
      world.fuel = 0;
    });
  }

  private setX(register: number, value: number): void {
    this.each((world) => setRegister(world.registers, register, BigInt(value)));
  }

  /** Every register that has a role gets a sensible value. */
  private pointRegisters(): void {
    const { random } = this;
    const border = DATA + 4096 * (1 + random.below(2));
    this.setX(BASE, random.chance(30) ? border - random.below(80) : border + 16 * random.below(128));
    this.setX(INDEX, random.below(64) * random.pick([1, 8]));
    this.setX(COUNTER, random.below(10));
    this.setX(SP, STACK + 4096 + 16 * (random.below(60) - 30));
    const edges = [
      DATA + 0x4000 - 24,
      DATA + 0x4800,
      DATA + 0x6000 - 40,
      HIGH + 0x100,
      HIGH - 16,
      0,
      STACK + 0x2000 - 8,
      CODE_ALIASES[0]! + 64,
    ];
    this.setX(EDGE, random.pick(edges));
  }

  private someStart(): number {
    const alias = this.random.chance(15) ? CODE_ALIASES[this.space]! - CODE : 0;
    return this.random.pick(this.program.starts) + alias;
  }

  private goTo(pc: number): void {
    this.each((world) => {
      world.registers[REG_PC] = pc;
      world.registers[REG_PC + 1] = Math.floor(pc / 2 ** 32);
    });
  }

  run(turns: number, most: number): string | undefined {
    const { random } = this;
    this.start();
    for (let turn = 0; turn < turns; turn++) {
      if (random.chance(50)) {
        const fuel = Math.min(most, random.pick([0, 1, 2, 3, 7, 20, 50, 200, 1000]));
        this.each((world) => {
          world.fuel = fuel;
        });
      } else if (this.first.fuel < 0) {
        this.each((world) => {
          world.fuel = Math.min(most, 100);
        });
      }
      const step = random.chance(4);
      const outcomes = this.worlds.map((world) => {
        world.singleStep = step;
        return { ...world.run(this.space) };
      });
      const [trap] = outcomes as [Trap, ...Trap[]];
      this.log.push(`${turn}: ${step ? 'step: ' : ''}${show(trap)} at ${pcOf(this.first)}, fuel ${this.first.fuel}`);
      this.traps.set(trap.kind, (this.traps.get(trap.kind) ?? 0) + 1);
      for (let i = 1; i < this.worlds.length; i++) {
        const difference = this.compare(trap, outcomes[i]!, this.worlds[i]!);
        if (difference) return `turn ${turn}: ${difference}`;
      }
      this.serve(trap);
      if (random.chance(12)) this.happen();
    }
    return undefined;
  }

  private compare(expected: Trap, actual: Trap, world: World): string | undefined {
    const { first } = this;
    const about = `${world.name} against ${first.name}, ${show(actual)} at ${pcOf(world)}`;
    if (actual.kind !== expected.kind || pcOf(world) !== pcOf(first)) return `${about}: not ${show(expected)} at ${pcOf(first)}`;
    const located = expected.kind === TRAP_FAULT || expected.kind === TRAP_ALIGNMENT;
    if (located && (actual.address !== expected.address || (expected.kind === TRAP_FAULT && actual.access !== expected.access)))
      return `${about}: not ${show(expected)}`;
    if (!located && actual.syndrome !== expected.syndrome) return `${about}: syndrome ${actual.syndrome}, not ${expected.syndrome}`;
    if (world.fuel !== first.fuel) return `${about}: fuel ${world.fuel}, not ${first.fuel}`;
    for (let i = 0; i < REG_WORDS; i++) {
      if (world.registers[i] === first.registers[i] || (i === REG_NZCV && mayBeStale(expected))) continue;
      return `${about}: register word ${i} is ${hex(world.registers[i]!)}, not ${hex(first.registers[i]!)}`;
    }
    if (Buffer.compare(world.memory, first.memory) === 0) return undefined;
    const at = world.memory.findIndex((byte, i) => byte !== first.memory[i]);
    return `${about}: byte ${at % 4096} of frame ${Math.floor(at / 4096)} is ${world.memory[at]}, not ${first.memory[at]}`;
  }

  /** What a kernel does about a trap. */
  private serve({ kind, address, access }: Trap): void {
    const { random } = this;
    if (kind === TRAP_FUEL || kind === TRAP_STEP) return;
    if (kind === TRAP_FAULT) {
      const page = Math.floor(address / 4096);
      const mapping = this.pages[this.space]!.get(page);
      if (mapping && mapping.access & access) {
        this.each((world) => world.map(this.space, page, mapping.frame, mapping.access));
        return;
      }
    }
    if ((kind === TRAP_FAULT && access === ACCESS_EXEC) || kind === TRAP_PC_ALIGNMENT) {
      this.goTo(this.someStart());
      this.setX(LINK, this.someStart());
      return;
    }
    // As a signal handler that goes on after the instruction.
    const pc = this.first.registers[REG_PC]! + 4;
    this.each((world) => {
      world.registers[REG_PC] = pc;
    });
    if (kind === TRAP_FAULT || kind === TRAP_ALIGNMENT) this.pointRegisters();
    else if (random.chance(10)) this.goTo(this.someStart());
  }

  private remap(page: number, mapping: Mapping): void {
    this.pages[this.space]!.set(page, mapping);
    const eagerly = this.random.chance(50);
    this.each((world) => {
      if (eagerly) world.map(this.space, page, mapping.frame, mapping.access);
      else world.unmap(this.space, page, 1);
    });
  }

  /** Something that other tasks or the kernel do meanwhile. */
  private happen(): void {
    const { random } = this;
    const pages = this.pages[this.space]!;
    const codePage = random.pick([CODE, CODE, CODE_ALIASES[this.space]!]) / 4096 + random.below(CODE_PAGES);
    const code = pages.get(codePage);
    const dataPage = DATA / 4096 + random.below(DATA_ACCESS.length);
    const data = pages.get(dataPage)!;
    // Flags that are dead where the code is as it was need not be so in another.
    const nzcv = this.first.registers[REG_NZCV]!;
    this.each((world) => {
      world.registers[REG_NZCV] = nzcv;
    });
    const event = random.below(12);
    this.log.push(`event ${event}: code page ${codePage.toString(16)}, frame ${code?.frame}`);
    switch (event) {
      case 0:
      case 1:
        this.space = 1 - this.space;
        return;
      case 2:
        this.each((world) => world.writeProtect(this.space, dataPage, 2));
        return;
      case 3:
        this.each((world) => world.unmap(this.space, dataPage, 3));
        return;
      case 4:
        if (code) this.each((world) => world.unmap(this.space, codePage, 2));
        return;
      case 5:
        // A copy on write.
        if (code) {
          const frame = this.spareFrame();
          this.each((world) => {
            world.memory.copyWithin(frame * 4096, code.frame * 4096, code.frame * 4096 + 4096);
            world.invalidateCode(frame);
          });
          this.remap(codePage, { frame, access: code.access });
        }
        return;
      case 6:
        // Other code in the same place: a file mapped over it.
        if (code) this.remap(codePage, { frame: random.below(CODE_PAGES), access: code.access });
        return;
      case 7:
      case 8:
        if (code) this.write(code.frame);
        return;
      case 9:
        if (code) this.remap(codePage, { frame: code.frame, access: random.pick([code.access, code.access, RX, ACCESS_READ]) });
        return;
      case 10: {
        const release = random.chance(50);
        this.each((world) => world.clear(this.space, release));
        return;
      }
      default:
        this.remap(dataPage, { frame: DATA_FRAME + random.below(DATA_ACCESS.length), access: data.access });
    }
  }

  private spareFrame(): number {
    this.spare = this.spare === DATA_FRAME - 1 ? SPARE : this.spare + 1;
    for (const pages of this.pages) for (const [page, { frame }] of pages) if (frame === this.spare) pages.delete(page);
    for (let space = 0; space < SPACES; space++) this.each((world) => world.clear(space, false));
    return this.spare;
  }

  /** The kernel writes code, as read(2) into a text page or ptrace(2) does. */
  private write(frame: number): void {
    const { random, program } = this;
    const start = random.pick(program.starts);
    const at = ((start / 4) & 1023) * 4 + 4 * random.below(4);
    if (at >= 4096) return;
    const old = new DataView(this.first.memory.buffer, this.first.memory.byteOffset).getUint32(frame * 4096 + at, true);
    // Not over what code that changes itself needs.
    if (/^(7508b7|d50)/.test(hex(old)) || (old & 0xffffffe0) >>> 0 === 0xb9000220) return;
    const word = random.chance(30) ? NOP : randomInstruction(random, { registers: 8, edge: 5, wild: 5 });
    this.log.push(`  word ${hex(word)} at ${at.toString(16)}`);
    this.each((world) => {
      new DataView(world.memory.buffer, world.memory.byteOffset).setUint32(frame * 4096 + at, word >>> 0, true);
      world.invalidateCode(frame);
    });
  }
}

/** Translated code keeps no flags that nothing would read; a fault or the end of fuel may show older ones. */
const mayBeStale = ({ kind, access }: Trap): boolean =>
  kind === TRAP_FUEL || kind === TRAP_ALIGNMENT || kind === TRAP_STEP || (kind === TRAP_FAULT && access !== ACCESS_EXEC);

const hex = (value: number): string => (value >>> 0).toString(16);
const pcOf = ({ registers }: World): string =>
  hex(registers[REG_PC]!) + (registers[REG_PC + 1] ? ` and ${hex(registers[REG_PC + 1]!)} above` : '');
const show = ({ kind, address, access }: Trap): string =>
  `trap ${kind}${kind === TRAP_FAULT ? ` (${address.toString(16)}, ${access})` : ''}`;

export function tryProgram(worlds: readonly World[], seed: number, { turns = 40, fuel = Infinity, without }: TrialOptions = {}): Result {
  const trial = new Trial(worlds, seed, without);
  return { failure: trial.run(turns, fuel), program: trial.program, traps: trial.traps, log: trial.log };
}
