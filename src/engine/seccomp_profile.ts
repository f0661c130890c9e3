/** Seccomp profiles as docker has them, turned into filters. See "seccomp security profiles" of docker, the `seccomp` field of the OCI runtime specification. */

import * as b from '../abi/bpf_classic.ts';
import { ENOSYS, EPERM } from '../abi/errno.ts';
import * as s from '../abi/seccomp.ts';
import { syscallNumbers } from '../abi/syscall_numbers.ts';
import { capabilityMask } from '../kernel/api/index.ts';
import { HolmError } from './error.ts';

/** A comparison of an argument: `index` 0 to 5; of SCMP_CMP_MASKED_EQ `value` is the mask and `valueTwo` what is left under it. */
export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

/** When a rule counts. */
interface Condition {
  readonly caps?: readonly string[] | null;
  readonly arches?: readonly string[] | null;
  /** `4.8` */
  readonly minKernel?: string | null;
}

/** What happens to calls by name; the first rule without `args` decides. */
export interface SeccompRule {
  readonly names?: readonly string[];
  readonly name?: string;
  readonly action: string;
  readonly errnoRet?: number | null;
  /** All of them have to hold; several of one argument are alternatives. */
  readonly args?: readonly SeccompArgument[] | null;
  readonly includes?: Condition;
  readonly excludes?: Condition;
}

/** What happens to system calls: `SCMP_ACT_` and ALLOW, ERRNO, KILL, KILL_PROCESS, KILL_THREAD, LOG, TRACE or TRAP. Errnos are numbers, 1 (EPERM) unless told. */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number | null;
  readonly syscalls?: readonly SeccompRule[] | null;
}

const ACTIONS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: s.SECCOMP_RET_KILL_THREAD,
  SCMP_ACT_KILL_THREAD: s.SECCOMP_RET_KILL_THREAD,
  SCMP_ACT_KILL_PROCESS: s.SECCOMP_RET_KILL_PROCESS,
  SCMP_ACT_TRAP: s.SECCOMP_RET_TRAP,
  SCMP_ACT_ERRNO: s.SECCOMP_RET_ERRNO,
  SCMP_ACT_TRACE: s.SECCOMP_RET_TRACE,
  SCMP_ACT_LOG: s.SECCOMP_RET_LOG,
  SCMP_ACT_ALLOW: s.SECCOMP_RET_ALLOW,
};
const WITH_DATA: ReadonlySet<string> = new Set(['SCMP_ACT_ERRNO', 'SCMP_ACT_TRACE']);
/** As uname(2) says. */
const KERNEL: readonly [number, number] = [6, 12];
const ARCHES: ReadonlySet<string> = new Set(['arm64', 'aarch64', 'SCMP_ARCH_AARCH64']);

const invalid = (what: string): HolmError => new HolmError('EOPTION', `invalid seccomp profile: ${what}`);

/** Text or parsed JSON. Throws EOPTION when it is not a profile. */
export function parseProfile(text: string): SeccompProfile {
  let profile: SeccompProfile;
  try {
    profile = JSON.parse(text) as SeccompProfile;
  } catch (error) {
    throw invalid((error as Error).message);
  }
  if (typeof profile?.defaultAction !== 'string') throw invalid('it has no defaultAction');
  return profile;
}

/** What a filter returns for an action. */
function result(action: string, errno: number | null | undefined): number {
  const value = ACTIONS[action];
  if (value === undefined) throw invalid(`the action "${action}" is not supported`);
  return WITH_DATA.has(action) ? (value | ((errno ?? EPERM) & s.SECCOMP_RET_DATA)) >>> 0 : value;
}

function holds({ caps, arches, minKernel }: Condition, capabilities: bigint): boolean {
  if (arches?.length && !arches.some((arch) => ARCHES.has(arch))) return false;
  if (caps?.length && !caps.every((name) => ((capabilityMask(name) ?? 0n) & capabilities) !== 0n)) return false;
  const [major = 0, minor = 0] = (minKernel ?? '').split('.').map(Number);
  return major < KERNEL[0] || (major === KERNEL[0] && minor <= KERNEL[1]);
}

/** Whether any part of an exclusion holds. */
const excluded = ({ caps, arches, minKernel }: Condition, capabilities: bigint): boolean =>
  [caps?.length && { caps }, arches?.length && { arches }, minKernel && { minKernel }].some((part) => part && holds(part, capabilities));

const applies = ({ includes, excludes }: SeccompRule, capabilities: bigint): boolean =>
  holds(includes ?? {}, capabilities) && !excluded(excludes ?? {}, capabilities);

/** Instructions of a filter; jumps over what follows are counted when it is known. */
class Assembler {
  private readonly words: (readonly [code: number, jt: number, jf: number, k: number])[] = [];

  get length(): number {
    return this.words.length;
  }

  emit(code: number, k: number, jt = 0, jf = 0): void {
    this.words.push([code, jt, jf, k >>> 0]);
  }

  append(other: Assembler): void {
    this.words.push(...other.words);
  }

  /** An array of struct sock_filter. */
  bytes(): Uint8Array {
    if (this.length > b.BPF_MAXINSNS) throw invalid('it is too long');
    const view = new DataView(new ArrayBuffer(this.length * b.SOCK_FILTER_SIZE));
    for (const [i, [code, jt, jf, k]] of this.words.entries()) {
      view.setUint16(i * b.SOCK_FILTER_SIZE, code, true);
      view.setUint8(i * b.SOCK_FILTER_SIZE + 2, jt);
      view.setUint8(i * b.SOCK_FILTER_SIZE + 3, jf);
      view.setUint32(i * b.SOCK_FILTER_SIZE + 4, k, true);
    }
    return new Uint8Array(view.buffer);
  }
}

const LOAD: number = b.BPF_LD | b.BPF_W | b.BPF_ABS;
const AND: number = b.BPF_ALU | b.BPF_AND | b.BPF_K;
const RETURN: number = b.BPF_RET | b.BPF_K;
const EQUAL: number = b.BPF_JMP | b.BPF_JEQ | b.BPF_K;
const GREATER: number = b.BPF_JMP | b.BPF_JGT | b.BPF_K;
const AT_LEAST: number = b.BPF_JMP | b.BPF_JGE | b.BPF_K;
/** Offsets in struct seccomp_data. */
const NR = 0;
const ARCH = 4;
const argumentAt = (index: number): number => 16 + 8 * index;

const halves = (value: number): readonly [low: number, high: number] => {
  const whole = value >= 2 ** 64 ? 2n ** 64n - 1n : BigInt.asUintN(64, BigInt(value));
  return [Number(whole & 0xffffffffn), Number(whole >> 32n)];
};

/**
 * Go on when the comparison holds; else jump over the `after` instructions behind it. Bits above 2^53 of a value are
 * what JSON leaves of them.
 */
function compare({ index, value, valueTwo = 0, op }: SeccompArgument, after: number): Assembler {
  if (!(index >= 0 && index < 6)) throw invalid(`there is no argument ${index}`);
  const code = new Assembler();
  const [low, high] = halves(op === 'SCMP_CMP_MASKED_EQ' ? valueTwo : value);
  const load = (word: number): void => code.emit(LOAD, argumentAt(index) + 4 * word);
  const ordered = (test: number, negated: boolean): void => {
    // The upper half decides unless it is the same.
    load(1);
    code.emit(GREATER, high, negated ? after + 3 : 3, 0);
    code.emit(EQUAL, high, 0, negated ? 2 : after + 2);
    load(0);
    code.emit(test, low, negated ? after : 0, negated ? 0 : after);
  };
  switch (op) {
    case 'SCMP_CMP_EQ':
      load(1);
      code.emit(EQUAL, high, 0, after + 2);
      load(0);
      code.emit(EQUAL, low, 0, after);
      break;
    case 'SCMP_CMP_NE':
      load(1);
      code.emit(EQUAL, high, 0, 2);
      load(0);
      code.emit(EQUAL, low, after, 0);
      break;
    case 'SCMP_CMP_MASKED_EQ': {
      const [maskLow, maskHigh] = halves(value);
      load(1);
      code.emit(AND, maskHigh);
      code.emit(EQUAL, high, 0, after + 3);
      load(0);
      code.emit(AND, maskLow);
      code.emit(EQUAL, low, 0, after);
      break;
    }
    case 'SCMP_CMP_GT':
      ordered(GREATER, false);
      break;
    case 'SCMP_CMP_GE':
      ordered(AT_LEAST, false);
      break;
    case 'SCMP_CMP_LE':
      ordered(GREATER, true);
      break;
    case 'SCMP_CMP_LT':
      ordered(AT_LEAST, true);
      break;
    default:
      throw invalid(`the comparison "${op}" is not supported`);
  }
  return code;
}

/** Return `value` when all comparisons hold, else go on behind it with the number of the call. */
function conditional(args: readonly SeccompArgument[], value: number): Assembler {
  let tail = new Assembler();
  tail.emit(RETURN, value);
  for (const arg of [...args].reverse()) {
    const head = compare(arg, tail.length);
    head.append(tail);
    tail = head;
  }
  return tail;
}

/** Sets of comparisons of which one has to hold: those of one argument are alternatives, as runc(8) has it. */
function alternatives(args: readonly SeccompArgument[]): readonly (readonly SeccompArgument[])[] {
  const once = new Set(args.map(({ index }) => index)).size === args.length;
  return once ? [args] : args.map((arg) => [arg]);
}

/**
 * The filter of a profile for processes with these capabilities, as an array of struct sock_filter. Names of other
 * architectures' calls mean nothing. A call that is newer than all that the profile names is answered with ENOSYS where others are refused, so that programs
 * fall back on older ones (as runc does).
 */
export function compileProfile(profile: SeccompProfile, capabilities: bigint): Uint8Array {
  const otherwise = result(profile.defaultAction, profile.defaultErrnoRet);
  const calls = new Map<number, Assembler>();
  const decided = new Set<number>();
  for (const rule of profile.syscalls ?? []) {
    if (!applies(rule, capabilities)) continue;
    const value = result(rule.action, rule.errnoRet);
    const args = rule.args ?? [];
    for (const name of rule.names ?? (rule.name === undefined ? [] : [rule.name])) {
      const nr = (syscallNumbers as Readonly<Record<string, number>>)[name];
      if (nr === undefined || decided.has(nr)) continue;
      if (args.length === 0) {
        const code = new Assembler();
        code.emit(RETURN, value);
        calls.set(nr, code);
        decided.add(nr);
        continue;
      }
      const code = calls.get(nr) ?? new Assembler();
      for (const set of alternatives(args)) code.append(conditional(set, value));
      calls.set(nr, code);
    }
  }
  const program = new Assembler();
  program.emit(LOAD, ARCH);
  program.emit(EQUAL, s.AUDIT_ARCH_AARCH64, 1, 0);
  program.emit(RETURN, s.SECCOMP_RET_KILL_PROCESS);
  program.emit(LOAD, NR);
  for (const [nr, code] of calls) {
    if (!decided.has(nr)) code.emit(RETURN, otherwise);
    // Jumps over other calls are short: a conditional call is at most some dozens of instructions.
    if (code.length <= 255) program.emit(EQUAL, nr, 0, code.length);
    else throw invalid('it has too many conditions on one call');
    program.append(code);
  }
  if ((otherwise & 0xffff0000) >>> 0 === s.SECCOMP_RET_ERRNO && calls.size > 0) {
    program.emit(GREATER, Math.max(...calls.keys()), 0, 1);
    program.emit(RETURN, s.SECCOMP_RET_ERRNO | ENOSYS);
  }
  program.emit(RETURN, otherwise);
  return program.bytes();
}
