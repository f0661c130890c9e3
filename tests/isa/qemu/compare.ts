/** Cases for qemu-aarch64, single instructions and random programs, and how outcomes are compared. */

import type { Operation } from '../../../src/isa/operation.ts';
import { isRegisterField } from '../../../src/isa/pattern.ts';
import { buildInterpreter } from '../../../src/machine/machine.ts';
import { TRAP_ALIGNMENT, TRAP_BREAKPOINT, TRAP_UNDEFINED } from '../../../src/platform/cpu.ts';
import { REG_FPCR, REG_FPSR, REG_NZCV, REG_PC, REG_SP, REG_V, REG_WORDS } from '../../../src/platform/registers.ts';
import { type Random, randomRegisters, randomWord, setRegister } from '../random_state.ts';
import { CODE, DATA, DATA_BYTES, decoder, operations, pointBases, Subject } from '../subject.ts';
import { fill, PROGRAM, type Qemu, type Request, type Response, SLOT, sum } from './qemu.ts';

/** Depend on where they are, or on the machine rather than the architecture. */
const ELSEWHERE =
  /^(b|bl|b_cond|cbn?z|tbn?z|br|blr|ret|adrp?|svc|brk|mrs_(cnt|ctr|dczid|tpidr|id).*|msr_(tpidr_el0|fpcr)|.*literal.*|yield|wf[ei]|clrex|ic_ivau)$/;
/** … of these, what programs can try all the same. */
const FORWARD = /^(b|b_cond|cbn?z|tbn?z)$/;

/** qemu's user emulation checks less than Linux on a processor: alignment (of sp, for one), the address of cache operations and failing exclusive stores. */
function unchecked(name: string, trap: string): boolean {
  return trap.startsWith(`trap ${TRAP_ALIGNMENT}`) || (trap.startsWith('fault') && /^(dc_|stl?x)/.test(name));
}

/** Encodings whose result the manual leaves open: a base register that is also loaded, stored or written otherwise. */
function unpredictable(operation: Operation, word: number): boolean {
  const { name, pattern } = operation.template.row;
  const rt = word & 31;
  const rn = (word >>> 5) & 31;
  const rt2 = (word >>> 10) & 31;
  const rs = (word >>> 16) & 31;
  if (/_(post|pre)$/.test(name) && !/ v[dt]/.test(pattern)) {
    if (rt === rn && rn !== 31) return true;
    if (/p(sw)?_/.test(name) && rt2 === rn && rn !== 31) return true;
  }
  if (/^(ldn?p|ldpsw|ldxp|ldaxp)/.test(name) && rt === rt2) return true;
  if (/^(stl?x[rp])/.test(name) && (rs === rt || rs === rn || (name.includes('p') && rs === rt2))) return true;
  return false;
}

export interface Case extends Request {
  /** What is tried, for messages. */
  readonly about: string;
  readonly name: string;
}

const SIGNALS: Readonly<Record<number, number>> = { [TRAP_ALIGNMENT]: 7, [TRAP_UNDEFINED]: 4, [TRAP_BREAKPOINT]: 5 };
const signalOf = (trap: string): number => {
  if (trap === 'none') return 0;
  return trap.startsWith('fault') ? 11 : SIGNALS[Number(trap.split(' ')[1])]!;
};

/** Register words that are compared: everything a program sees, but the pc, tpidr and the monitor. */
const COMPARED: readonly number[] = [
  ...Array(62).keys(),
  ...[REG_SP, REG_SP + 1, REG_NZCV, REG_FPCR, REG_FPSR],
  ...Array.from({ length: 128 }, (_, i) => REG_V + i),
];

export const hex: (value: number) => string = (value: number): string => (value >>> 0).toString(16);

/** How a subject runs a case whose words are at `index` of the page; by default they are put there. */
interface Way {
  readonly step: boolean;
  readonly index?: number;
}

export function check(
  subject: Subject,
  { about, name, words, seed, block }: Case,
  response: Response,
  { step, index }: Way,
): string | undefined {
  if (index === undefined) subject.code(words, SLOT);
  const at = index ?? SLOT;
  block[REG_PC] = CODE + 4 * at;
  const outcome = subject.run(block, seed ? fill(seed) : new Uint8Array(DATA_BYTES), step, index === undefined);
  const ours = signalOf(outcome.trap);
  if (unchecked(name, outcome.trap)) return undefined;
  if (ours !== response.signal) return `${about}: ${outcome.trap}, but signal ${response.signal}`;
  if (ours !== 0) {
    const pc = (outcome.registers[REG_PC]! >>> 0) - 4 * (at - SLOT);
    if (pc !== response.pc) return `${about}: ${outcome.trap} at ${hex(pc)}, not ${hex(response.pc)}`;
    const address = Number.parseInt(outcome.trap.split(' ')[1]!, 16);
    // qemu gives no address for those that no user program has.
    return ours === 11 && address < 2 ** 47 && address !== response.address
      ? `${about}: ${outcome.trap}, but address ${response.address.toString(16)}`
      : undefined;
  }
  for (const i of COMPARED) {
    const [own, theirs] = [outcome.registers[i]!, response.block[i]!];
    if (own !== theirs)
      return `${about}: register word ${i} is ${hex(own)}, not ${hex(theirs)} (was ${hex(block[i]!)}, fpcr ${hex(block[REG_FPCR]!)})`;
  }
  return seed && sum(outcome.memory) !== response.memory ? `${about}: memory differs` : undefined;
}

const only = new RegExp(process.env['HOLM_AGREE_ONLY'] ?? '');
export const tried: readonly Operation[] = operations.filter(
  ({ template }) => !ELSEWHERE.test(template.row.name) && only.test(template.row.name),
);
const accessesMemory = ({ template }: Operation): boolean =>
  template.operands.some((slot) => slot.base) || template.row.name.startsWith('dc_');

export function oneInstruction(random: Random, operation: Operation): Case | undefined {
  const { name } = operation.template.row;
  const word = randomWord(random, decoder, operation);
  if (word === undefined || unpredictable(operation, word)) return undefined;
  const block = new Int32Array(REG_WORDS);
  randomRegisters(random, block);
  pointBases(random, block, operation, word);
  block[REG_PC] = CODE + 4 * SLOT;
  const about = `${name} ${JSON.stringify(operation.variants)} word ${hex(word)}`;
  return { about, name, words: [word], seed: accessesMemory(operation) ? (random.u32() | 1) >>> 0 : 0, block };
}

/** In programs, x28 points into the data, x27 is a small index, and nothing else is done with them. */
const BASE = 28;
const INDEX = 27;
const inPrograms = operations.filter(
  ({ template: { row } }) =>
    (!ELSEWHERE.test(row.name) || FORWARD.test(row.name)) && !/^(dc_|msr_fpcr|stl?x)/.test(row.name) && only.test(row.name),
);

/** An instruction for place `at` of a program: its registers are kept off base and index, its branches go forward. */
function adapted(random: Random, at: number): number {
  for (;;) {
    const operation = random.pick(inPrograms);
    const { pattern, operands, row } = operation.template;
    let word = randomWord(random, decoder, operation);
    if (word === undefined) continue;
    const put = (name: string, value: number): void => {
      const field = pattern.fields.find((one) => one.name === name)!;
      const mask = 2 ** field.width - 1;
      word = (word! & ~(mask << field.low)) | ((value & mask) << field.low);
    };
    const memory = operands.some((slot) => slot.base);
    for (const { name } of pattern.fields) {
      if (!isRegisterField(name)) continue;
      if (memory && name === 'rn') put(name, BASE);
      else if (memory && name === 'rm') put(name, INDEX);
      else {
        const field = pattern.fields.find((one) => one.name === name)!;
        const value = (word >>> field.low) & 31;
        if (name.startsWith('r') && (value === BASE || value === INDEX || value === INDEX - 1)) put(name, value & 15);
      }
    }
    // Mostly near, so that the program goes on.
    const imm12 = pattern.fields.find((field) => field.name === 'imm12');
    if (memory && imm12 && random.chance(95)) put('imm12', (word >>> imm12.low) & 63);
    for (const name of ['imm26', 'imm19', 'imm14']) {
      if (FORWARD.test(row.name) && pattern.fields.some((field) => field.name === name)) put(name, 1 + random.below(PROGRAM - at));
    }
    if (decoder.decode(word)?.operation === operation && !unpredictable(operation, word)) return word;
  }
}

/** A program of as many instructions as fit. */
export function program(random: Random): Case {
  const words = Array.from({ length: PROGRAM }, (_, at) => adapted(random, at));
  const block = new Int32Array(REG_WORDS);
  randomRegisters(random, block);
  setRegister(block, BASE, BigInt(DATA + 0x1000 + 16 * random.below(0x100)));
  setRegister(block, INDEX, BigInt(random.below(256)));
  setRegister(block, 31, BigInt(DATA + 0x1800));
  block[REG_PC] = CODE + 4 * SLOT;
  return { about: `program ${words.map(hex).join(' ')}`, name: 'program', words, seed: (random.u32() | 1) >>> 0, block };
}

/** How many programs are translated together. */
export const TOGETHER = 7;

/** The interpreter, and everything translated at first sight. */
export class Subjects {
  readonly interpreter: Subject;
  readonly translated: Subject;

  constructor() {
    const image = buildInterpreter();
    this.interpreter = new Subject({ interpreter: image });
    this.translated = new Subject({ interpreter: image, jit: { eager: true, threshold: 0, maxRegions: 64 } });
  }

  /** Random programs: what differs, and how many instructions qemu has executed. */
  programs(qemu: Qemu, random: Random, count: number): { readonly failures: string[]; readonly executed: number } {
    const cases = Array.from({ length: count }, () => program(random));
    const responses = qemu.run(cases);
    const failures: string[] = [];
    let executed = 0;
    for (let first = 0; first < count; first += TOGETHER) {
      const group = cases.slice(first, first + TOGETHER);
      const places = this.translated.programs(group.map(({ words }) => words));
      group.forEach((one, i) => {
        const response = responses[first + i]!;
        executed += response.signal === 0 ? PROGRAM : Math.max(0, (response.pc - CODE) / 4 - SLOT);
        const failure =
          check(this.interpreter, one, response, { step: false }) ??
          check(this.translated, one, response, { step: false, index: places[i]! });
        if (failure) failures.push(failure);
      });
    }
    return { failures, executed };
  }
}
