/** Random programs: blocks of random instructions, joined by branches of all kinds, loops, calls and code that changes itself. */

import type { Operation } from '../../../src/isa/operation.ts';
import { isRegisterField } from '../../../src/isa/pattern.ts';
import { type Random, randomWord } from '../random_state.ts';
import { decoder, operations } from '../subject.ts';
import { BASE, CODE, CODE_PAGES, COUNTER, EDGE, INDEX, LINK, SP, ZERO } from './layout.ts';

export interface Program {
  /** The code pages. */
  readonly words: Uint32Array;
  /** Addresses of blocks; execution begins at the first one. */
  readonly starts: readonly number[];
}

const NOP = 0xd503201f;
const SVC = 0xd4000001;
const ISB = 0xd5033fdf;
const DSB = 0xd5033b9f;
const DC_CVAU = 0xd50b7b20;
const IC_IVAU = 0xd50b7520;

/** Never in the middle of a block: they go elsewhere, or need what `blockEnd` and `snippet` arrange. */
const CONTROL = /^(b|bl|b_cond|cbn?z|tbn?z|br|blr|ret|svc|brk|ic_ivau|yield|wf[ei])$/;

/** What programs consist of: names of rows and how often they are chosen. */
const MIX: readonly (readonly [weight: number, names: RegExp])[] = [
  [
    25,
    /^(adrp?|(add|sub|and|orr|orn|eor|eon|bic)_.*|mov[nzk]|[su]?bfm|extr|(lsl|lsr|asr|ror)v|[su]div|r(bit|ev.*)|cl[sz]|.*(add|sub)l?|.mulh|crc.*)$/,
  ],
  [14, /^((add|sub|and|bic)s_.*|adcs?|sbcs?|ccm[np]_.*|fccmpe?|fcmpe?(_zero)?|m(rs|sr)_nzcv)$/],
  [9, /^(cs.*|fcsel|adcs?|sbcs?|ccm[np]_.*)$/],
  [24, /^((ld|st)u?t?r(s?[bhw]|)_[wx]_.*|(ld|st)n?p(sw)?_[wx]_.*)$/],
  [8, /^(ld|st)(ur|r|p|np)_(post_|pre_|lsl_|[su]xt[wx]_)?[bhsdq]$/],
  [2, /^(ld|st)[1-4].*$/],
  [7, /^f.*(scalar|add|sub|_general|_fixed|_[swdx])$/],
  [7, /vector|element|_scalar|[us]mov|dup|ins|tb[lx]|zip|uzp|trn|ext_|v$/],
  [4, /^(ld|st)(a|l|x|xr|axr|lxr|apr|lr|axp|lxp|xp|add|clr|eor|set|[su]max|[su]min)+r?_\d$|^(cas|swp)p?_\d$/],
  [2, /^(mrs|msr|hint|clrex|d[sm]b|isb|dc_|prf)/],
  [3, /./],
];

const inBlocks = operations.filter(({ template }) => !CONTROL.test(template.row.name));
const mix = MIX.map(([weight, names]) => [weight, inBlocks.filter(({ template }) => names.test(template.row.name))] as const);
const total = mix.reduce((sum, [weight]) => sum + weight, 0);

function pickOperation(random: Random): Operation {
  let at = random.below(total);
  for (const [weight, candidates] of mix) {
    if (at < weight) return random.pick(candidates);
    at -= weight;
  }
  throw new Error('weights');
}

/** How a program uses registers: a few of them, so that values meet again. */
interface Style {
  readonly registers: number;
  readonly edge: number;
  /** How often blocks have a gap before them, if they can: then they are on different pages. */
  readonly apart: number;
  readonly wild: number;
}

/** A random instruction that mostly leaves alone what addresses are made of. */
export function randomInstruction(random: Random, style: Pick<Style, 'registers' | 'edge' | 'wild'>): number {
  for (;;) {
    const operation = pickOperation(random);
    const { pattern, operands, row } = operation.template;
    let word = randomWord(random, decoder, operation);
    if (word === undefined) continue;
    if (random.chance(style.wild)) return word;
    const cached = row.name.startsWith('dc_');
    const memory = operands.some((slot) => slot.base);
    for (const { name, low, width } of pattern.fields) {
      const mask = 2 ** width - 1;
      const old: number = (word >>> low) & mask;
      let value: number = old;
      if (name in operation.variants) continue;
      if (isRegisterField(name)) {
        if ((memory && name === 'rn') || (cached && name === 'rt'))
          value = random.chance(style.edge) ? EDGE : random.chance(15) ? SP : BASE;
        else if (memory && name === 'rm' && old !== ZERO) value = INDEX;
        else if (old !== ZERO || random.chance(60)) value = old % style.registers;
      } else if (memory && (name === 'imm12' || name === 'imm7') && random.chance(85)) value = old & 7;
      else if (name === 'imm19') value = random.below(64);
      word = (word & ~(mask << low)) | (value << low);
    }
    if (decoder.decode(word)?.operation === operation) return word;
  }
}

/** An instruction that knows where it will be: a word, or how it is made from its address and the addresses of blocks. */
type Item = number | ((pc: number, starts: readonly number[]) => number);

/** An encoding that nothing has. */
const UNALLOCATED = 0x0000dead;

const field = (value: number, width: number, low: number): number => (value & (2 ** width - 1)) << low;
const adr = (rd: number, distance: number): number => 0x10000000 | field(distance >> 2, 19, 5) | field(distance, 2, 29) | rd;
const movk16 = (rd: number, value: number): number => 0xf2a00000 | (value << 5) | rd;
const movz = (rd: number, value: number): number => 0xd2800000 | (value << 5) | rd;

class Generator {
  private readonly random: Random;
  private readonly style: Style;
  private readonly blocks: Item[][] = [];
  /** Never overwritten: without IC IVAU, what is executed would be open. */
  private readonly fixed = new Set<Item>();
  /** Branches after which nothing follows. */
  private readonly last = new Set<Item>();

  constructor(random: Random) {
    this.random = random;
    this.style = {
      registers: random.pick([2, 4, 8, 16, 25]),
      edge: random.pick([0, 0, 5, 20]),
      apart: random.pick([0, 20, 90]),
      wild: random.pick([0, 0, 1, 5]),
    };
  }

  program(): Program {
    const { random, blocks } = this;
    const count = 1 + random.below(random.pick([3, 8, 24]));
    for (let i = 0; i < count; i++) {
      const block: Item[] = [];
      const length = random.below(random.pick([2, 6, 12, 30]));
      for (let k = 0; k < length; k++) {
        if (random.chance(3)) block.push(...this.snippet());
        else if (random.chance(1)) block.push(UNALLOCATED);
        else block.push(randomInstruction(random, this.style));
      }
      if (random.chance(25)) block.push(movz(COUNTER, random.below(12)));
      block.push(...this.blockEnd(i, count));
      blocks.push(block);
    }
    blocks.push([SVC]);
    return this.layOut();
  }

  /** Puts blocks one after another; sometimes there is a gap, and often a border of pages in the middle. */
  private layOut(): Program {
    const { random, blocks } = this;
    const words = new Uint32Array(CODE_PAGES * 1024).fill(SVC);
    const size = blocks.reduce((sum, block) => sum + block.length, 0);
    const room = words.length - size;
    let at = random.chance(60) ? Math.max(0, 1024 - random.below(size + 1)) : random.below(1000);
    let gaps = room - at;
    const starts: number[] = [];
    blocks.forEach((block, i) => {
      if (i > 0 && this.leaves(blocks[i - 1]!) && random.chance(this.style.apart)) {
        const gap = random.below(Math.max(1, Math.min(gaps, 1100)));
        gaps -= gap;
        at += gap;
      }
      starts.push(CODE + 4 * at);
      at += block.length;
    });
    blocks.forEach((block, i) => {
      block.forEach((item, k) => {
        const pc = starts[i]! + 4 * k;
        words[(pc - CODE) / 4] = typeof item === 'number' ? item : item(pc, starts);
      });
    });
    return { words, starts };
  }

  /** What follows a block is not reached from it. */
  private leaves(block: readonly Item[]): boolean {
    const last = block.at(-1);
    return last !== undefined && (this.last.has(last) || (typeof last === 'number' && last >>> 25 === 0b1101011));
  }

  /** Another block, near in most cases. */
  private target(index: number, count: number): number {
    const { random } = this;
    if (random.chance(70)) return Math.max(0, Math.min(count, index - 3 + random.below(8)));
    return random.below(count + 1);
  }

  private to(index: number, bits: number, low: number, word: number): Item {
    return (pc, starts) => word | field((starts[index]! - pc) / 4, bits, low);
  }

  private address(rd: number, index: number): Item {
    return (pc, starts) => adr(rd, starts[index]! - pc);
  }

  private blockEnd(index: number, count: number): Item[] {
    const { random } = this;
    const target = this.target(index, count);
    const register = random.below(this.style.registers);
    const scratch = 16 + random.below(2);
    const goTo26 = this.to(target, 26, 0, 0x14000000);
    const goTo = (base: number): Item => this.to(target, 19, 5, base);
    switch (random.below(16)) {
      case 0:
        this.last.add(goTo26);
        return [goTo26];
      case 1:
      case 2:
      case 3:
        return [goTo(0x54000000 | random.below(16))];
      case 4:
        return [goTo(0x34000000 | (random.below(2) << 31) | (random.below(2) << 24) | register)];
      case 5:
        return [
          this.to(target, 14, 5, 0x36000000 | (random.below(2) << 24) | (random.below(2) << 31) | (random.below(32) << 19) | register),
        ];
      case 6:
      case 7: {
        // subs, b.ne: a loop of so many rounds as the counter says.
        const subs = 0xf1000400 | (COUNTER << 5) | COUNTER;
        return [subs, this.to(Math.max(0, index - random.below(4)), 19, 5, 0x54000001)];
      }
      case 8:
        return [this.to(target, 26, 0, 0x94000000)];
      case 9: {
        // stp x29, x30, [sp, -16]!; bl; ldp x29, x30, [sp], 16
        return [0xa9bf7bfd, this.to(target, 26, 0, 0x94000000), 0xa8c17bfd];
      }
      case 10:
        return [this.address(scratch, target), 0xd63f0000 | (scratch << 5)];
      case 11:
        return [this.address(scratch, target), 0xd61f0000 | (scratch << 5)];
      case 12: {
        // One of two blocks, by a condition.
        const select = 0x9a800000 | (17 << 16) | (random.below(14) << 12) | (16 << 5) | 16;
        const jump = random.chance(50) ? 0xd61f0000 : 0xd63f0000;
        return [this.address(16, target), this.address(17, this.target(index, count)), select, jump | (16 << 5)];
      }
      case 13:
      case 14:
        return [0xd65f0000 | ((random.chance(90) ? LINK : register) << 5)];
      default:
        return random.chance(70) ? [] : [random.pick([SVC, 0xd4200000, 0xd503203f, 0x0000dead])];
    }
  }

  /** Instructions that belong together. */
  private snippet(): Item[] {
    const { random, blocks } = this;
    const register = random.below(this.style.registers);
    switch (random.below(4)) {
      case 0:
        // An exclusive pair: ldxr w16, [BASE]; add w16, w16, 1; stxr w17, w16, [BASE]
        return [0x885f7c00 | (BASE << 5) | 16, 0x11000610, 0x88117c00 | (BASE << 5) | 16];
      case 1:
        // A flag as a number, and back: cset; cmp
        return [0x9a9f07e0 | (random.below(14) << 12) | register, 0xf100041f | (register << 5)];
      case 2:
        // The top byte of an address is ignored: mov x16, BASE; movk x16, 0x5a00, lsl 48; ldr x, [x16]
        return [0xaa0003e0 | (BASE << 16) | 16, 0xf2e00000 | (0x5a00 << 5) | 16, 0xf9400000 | (16 << 5) | register];
      default: {
        // Code that changes itself: an instruction is written over another one, but not over one of such a sequence.
        const word = random.pick([randomInstruction(random, this.style), NOP, SVC, 0xd65f03c0]);
        const victim = random.below(blocks.length + 2);
        const places = (blocks[victim] ?? []).flatMap((item, i) => (this.fixed.has(item) ? [] : [4 * i]));
        const skip = places.length > 0 ? random.pick(places) : 0;
        const fixed = [0xb9000000 | (17 << 5) | 16, DC_CVAU | 17, DSB, IC_IVAU | 17, ISB].map(
          (one): Item =>
            () =>
              one,
        );
        for (const item of fixed) this.fixed.add(item);
        return [movz(16, word & 0xffff), movk16(16, word >>> 16), (pc, starts) => adr(17, starts[victim]! - pc + skip), ...fixed];
      }
    }
  }
}

export const generateProgram = (random: Random): Program => new Generator(random).program();
