/**
 * Looks at every way through a program before it may be loaded: it ends, reads only what it has written or what the context holds, writes only
 * to its stack, and answers 0 or 1. Linux: kernel/bpf/verifier.c.
 */

import * as b from '../../abi/bpf.ts';
import { E2BIG, EACCES, EINVAL } from '../../abi/errno.ts';
import { compare, compute } from './alu.ts';
import { type Insn, insnAt } from './bpf_program.ts';
import { checkInsns, successors } from './check_insns.ts';
import { STACK_SIZE } from './interpreter.ts';
import type { MayReadContext } from './program_types.ts';
import * as t from './tnum.ts';
import { REGISTERS, type Reg, VerifierState } from './verifier_state.ts';

export interface Verdict {
  /** 0 or a negative errno. */
  readonly error: number;
  /** Instructions that were looked at. */
  readonly processed: number;
  /** What is wrong. */
  readonly log: string;
}

/** Instructions that are looked at before a program counts as too large. */
export const COMPLEXITY_LIMIT = 32768;
const SIZES: Readonly<Record<number, number>> = { [b.BPF_B]: 1, [b.BPF_H]: 2, [b.BPF_W]: 4, [b.BPF_DW]: 8 };
const numberOf = (bits: t.Tnum): Reg => ({ kind: 'number', bits });
const SOME: Reg = numberOf(t.UNKNOWN);

/** Why a program is refused. */
interface Refusal {
  readonly error: number;
  readonly why: string;
}
const refuse = (error: number, why: string): Refusal => ({ error: -error, why });
const isRefusal = (value: object | null): value is Refusal => value !== null && 'why' in value;

/** A state that was seen at a place to which jumps lead, and how it was come by. */
interface Visit {
  readonly parent: Visit | null;
  /** Ways from here that have not been gone to their end. */
  open: number;
}

/** A way still to be gone. */
interface Branch {
  readonly at: number;
  readonly state: VerifierState;
  readonly from: Visit | null;
}

class Verifier {
  processed = 0;
  private readonly words: Int32Array;
  private readonly mayRead: MayReadContext;
  /** Instructions to which jumps lead: only there states are compared. */
  private readonly targets: Uint8Array;
  private readonly seen: Map<number, Map<string, Visit>> = new Map();
  private readonly branches: Branch[] = [];
  /** Where the present way was last compared. */
  private visit: Visit | null = null;

  constructor(words: Int32Array, mayRead: MayReadContext) {
    this.words = words;
    this.mayRead = mayRead;
    this.targets = new Uint8Array(words.length / 2);
    for (let at = 0; at < this.targets.length; at++) {
      const next = successors(words, at);
      const last = next[next.length - 1];
      if ((words[2 * at]! & 7) === b.BPF_LD) at++;
      else if (last !== undefined && last !== at + 1) this.targets[last] = 1;
    }
  }

  run(): Refusal | null {
    const registers = new Array<Reg>(REGISTERS).fill(null);
    registers[1] = { kind: 'context', offset: 0 };
    registers[10] = { kind: 'stack', offset: 0 };
    this.branches.push({ at: 0, state: new VerifierState(registers), from: null });
    for (let branch = this.branches.pop(); branch !== undefined; branch = this.branches.pop()) {
      this.visit = branch.from;
      const refused = this.follow(branch);
      if (refused !== null) return refused;
      for (let visit: Visit | null = this.visit; visit !== null && --visit.open === 0; visit = visit.parent);
    }
    return null;
  }

  /** To an end, or to where everything is as it was before. */
  private follow({ at: start, state }: Branch): Refusal | null {
    for (let at = start; ; ) {
      if (++this.processed > COMPLEXITY_LIMIT) return refuse(E2BIG, `BPF program is too large. Processed ${this.processed} insn`);
      if (this.targets[at] === 1) {
        const before = this.note(at, state);
        if (before !== null) return before.open > 0 ? refuse(EINVAL, `infinite loop detected at insn ${at}`) : null;
      }
      const next = this.step(at, state);
      if (next === null) return null;
      if (typeof next !== 'number') return next;
      at = next;
    }
  }

  /** The earlier visit with the same knowledge, if there was one; otherwise this is one. */
  private note(at: number, state: VerifierState): Visit | null {
    const { key } = state;
    let visits = this.seen.get(at);
    if (visits === undefined) {
      visits = new Map();
      this.seen.set(at, visits);
    }
    const before = visits.get(key);
    if (before !== undefined) return before;
    this.visit = { parent: this.visit, open: 1 };
    visits.set(key, this.visit);
    return null;
  }

  /** One instruction: the number of the next, null at the end. */
  private step(at: number, state: VerifierState): number | Refusal | null {
    const insn = insnAt(this.words, at);
    switch (insn.code & 7) {
      case b.BPF_ALU:
      case b.BPF_ALU64:
        return this.alu(state, insn) ?? at + 1;
      case b.BPF_LD: {
        const high = BigInt(this.words[2 * at + 3]! >>> 0);
        return set(state, insn.dst, numberOf(t.known((high << 32n) | BigInt(insn.imm >>> 0)))) ?? at + 2;
      }
      case b.BPF_LDX:
        return load(state, insn, this.mayRead) ?? at + 1;
      case b.BPF_ST:
      case b.BPF_STX:
        return store(state, insn) ?? at + 1;
      default:
        return this.jump(at, state, insn);
    }
  }

  private alu(state: VerifierState, insn: Insn): Refusal | null {
    const { code, dst, src, imm } = insn;
    const op = code & 0xf0;
    const wide = (code & 7) === b.BPF_ALU64;
    const unary = op === b.BPF_NEG || op === b.BPF_END;
    const y = (code & b.BPF_X) !== 0 && !unary ? read(state, src) : numberOf(t.known(BigInt(imm)));
    if (isRefusal(y)) return y;
    if (op === b.BPF_MOV) {
      if (y!.kind !== 'number') return wide && insn.off === 0 ? set(state, dst, y) : refuse(EACCES, `R${src} partial copy of pointer`);
      return set(state, dst, numberOf(move(y!.bits, insn, wide)));
    }
    const x = read(state, dst);
    if (isRefusal(x)) return x;
    if (x!.kind === 'number' && y!.kind === 'number') return set(state, dst, numberOf(arithmetic(x!.bits, y!.bits, insn, wide)));
    return set(
      state,
      dst,
      pointer(x, y, op, wide) ?? refuse(EACCES, `R${dst} pointer arithmetic with ${op.toString(16)} operator prohibited`),
    );
  }

  private jump(at: number, state: VerifierState, insn: Insn): number | Refusal | null {
    const { code, dst, src, off, imm } = insn;
    const op = code & 0xf0;
    const wide = (code & 7) === b.BPF_JMP;
    switch (op) {
      case b.BPF_EXIT:
        return answers(state);
      case b.BPF_CALL:
        state.registers[0] = SOME;
        state.registers.fill(null, 1, 6);
        return at + 1;
      case b.BPF_JA:
        return at + 1 + (wide ? off : imm);
    }
    const x = read(state, dst);
    if (isRefusal(x)) return x;
    const y = (code & b.BPF_X) !== 0 ? read(state, src) : numberOf(t.known(BigInt(imm)));
    if (isRefusal(y)) return y;
    if (x!.kind === 'number' && y!.kind === 'number' && t.isKnown(x!.bits) && t.isKnown(y!.bits)) {
      const width = wide ? 64 : 32;
      const taken = compare(op, BigInt.asUintN(width, x!.bits.value), BigInt.asUintN(width, y!.bits.value), width);
      return taken === true ? at + 1 + off : at + 1;
    }
    if (this.visit !== null) this.visit.open++;
    this.branches.push({ at: at + 1 + off, state: state.clone(), from: this.visit });
    return at + 1;
  }
}

/** A register that must have been written. */
function read({ registers }: VerifierState, index: number): Reg | Refusal {
  return registers[index] ?? refuse(EACCES, `R${index} !read_ok`);
}

function set({ registers }: VerifierState, index: number, value: Reg | Refusal): Refusal | null {
  if (isRefusal(value)) return value;
  if (index === 10) return refuse(EACCES, 'frame pointer is read only');
  registers[index] = value;
  return null;
}

/** BPF_MOV: with sign extension if `off` says so. */
function move(bits: t.Tnum, { off }: Insn, wide: boolean): t.Tnum {
  const width = wide ? 64 : 32;
  if (off === 0) return wide ? bits : t.low32(bits);
  if (!t.isKnown(bits)) return wide ? t.UNKNOWN : t.bits(32);
  return t.known(BigInt.asUintN(width, BigInt.asIntN(off, bits.value)));
}

/** What is known of the result of an operation on two numbers. */
function arithmetic(x: t.Tnum, y: t.Tnum, { code, off, imm }: Insn, wide: boolean): t.Tnum {
  const op = code & 0xf0;
  const [a, c] = wide ? [x, y] : [t.low32(x), t.low32(y)];
  const limit = (bits: t.Tnum): t.Tnum => (wide ? bits : t.low32(bits));
  if (op === b.BPF_END) return imm === 64 ? t.UNKNOWN : t.bits(imm);
  if (t.isKnown(a) && t.isKnown(c)) return t.known(compute(op, a.value, c.value, wide ? 64 : 32, off) ?? 0n);
  switch (op) {
    case b.BPF_ADD:
      return limit(t.add(a, c));
    case b.BPF_SUB:
      return limit(t.sub(a, c));
    case b.BPF_AND:
      return t.and(a, c);
    case b.BPF_OR:
      return t.or(a, c);
    case b.BPF_XOR:
      return t.xor(a, c);
    case b.BPF_LSH:
      return t.isKnown(c) ? limit(t.shiftLeft(a, c.value & (wide ? 63n : 31n))) : limit(t.UNKNOWN);
    case b.BPF_RSH:
      return t.isKnown(c) ? t.shiftRight(a, c.value & (wide ? 63n : 31n)) : limit(t.UNKNOWN);
  }
  return limit(t.UNKNOWN);
}

/** A pointer and a known number added or subtracted; null when that is not allowed. */
function pointer(x: Reg, y: Reg, op: number, wide: boolean): Reg {
  if (!wide || (op !== b.BPF_ADD && op !== b.BPF_SUB)) return null;
  const [base, by] = x!.kind === 'number' && op === b.BPF_ADD ? [y!, x!] : [x!, y!];
  if (base.kind === 'number' || by.kind !== 'number' || !t.isKnown(by.bits)) return null;
  const number = BigInt.asIntN(64, by.bits.value);
  if (number > 0x7fffffffn || number < -0x7fffffffn) return null;
  return { kind: base.kind, offset: base.offset + (op === b.BPF_ADD ? 1 : -1) * Number(number) };
}

/** Where an access to the stack begins, counted from its low end; or why it is not allowed. */
function stackOffset(offset: number, size: number, register: number): number | Refusal {
  if (offset < -STACK_SIZE || offset + size > 0) return refuse(EACCES, `invalid stack off=${offset} size=${size} via R${register}`);
  return offset % size !== 0 ? refuse(EACCES, `misaligned stack access off ${offset} size ${size}`) : STACK_SIZE + offset;
}

function load(state: VerifierState, { code, dst, src, off }: Insn, mayRead: MayReadContext): Refusal | null {
  const size = SIZES[code & 0x18]!;
  const base = read(state, src);
  if (isRefusal(base)) return base;
  const extended = (code & 0xe0) === b.BPF_MEMSX;
  const value = numberOf(extended || size === 8 ? t.UNKNOWN : t.bits(8 * size));
  if (base!.kind === 'number') return refuse(EACCES, `R${src} invalid mem access 'scalar'`);
  if (base!.kind === 'context') {
    if (base!.offset !== 0) return refuse(EACCES, `dereference of modified ctx ptr R${src} off=${base!.offset} disallowed`);
    if (extended || !mayRead(off, size)) return refuse(EACCES, `invalid bpf_context access off=${off} size=${size}`);
    return set(state, dst, value);
  }
  const at = stackOffset(base!.offset + off, size, src);
  if (typeof at !== 'number') return at;
  const found = state.read(at, size);
  if (found === null) return refuse(EACCES, `invalid read from stack off ${base!.offset + off} size ${size}`);
  if (found === undefined && state.holdsPointer(at, size)) return refuse(EACCES, 'corrupted spill memory');
  return set(state, dst, extended ? value : (found ?? value));
}

function store(state: VerifierState, { code, dst, src, off, imm }: Insn): Refusal | null {
  const size = SIZES[code & 0x18]!;
  const value = (code & 7) === b.BPF_STX ? read(state, src) : numberOf(t.known(BigInt(imm)));
  if (isRefusal(value)) return value;
  const base = read(state, dst);
  if (isRefusal(base)) return base;
  if (base!.kind === 'number') return refuse(EACCES, `R${dst} invalid mem access 'scalar'`);
  if (base!.kind === 'context') return refuse(EACCES, `invalid bpf_context access off=${off} size=${size}`);
  if (value!.kind !== 'number' && size !== 8) return refuse(EACCES, 'invalid size of register spill');
  const at = stackOffset(base!.offset + off, size, dst);
  if (typeof at !== 'number') return at;
  state.write(at, size, value);
  return null;
}

/** The program ends: null if r0 is 0 or 1. Linux: check_return_code. */
function answers(state: VerifierState): Refusal | null {
  const answer = read(state, 0);
  if (isRefusal(answer)) return answer;
  if (answer!.kind !== 'number') return refuse(EINVAL, 'At program exit the register R0 is not a known value');
  return t.greatest(answer!.bits) > 1n
    ? refuse(EINVAL, 'At program exit the register R0 has unknown scalar value should have been in [0, 1]')
    : null;
}

/** Whether the program may be loaded; `mayRead` tells what its context is like. */
export function verify(words: Int32Array, mayRead: MayReadContext): Verdict {
  const wrong = checkInsns(words);
  if (wrong !== null) return { error: -EINVAL, processed: 0, log: wrong };
  const verifier = new Verifier(words, mayRead);
  const refused = verifier.run();
  return { error: refused?.error ?? 0, processed: verifier.processed, log: refused?.why ?? '' };
}
