/** Filters of system calls: a tree, of which every task uses one path to the root. Linux: kernel/seccomp.c, struct seccomp_filter. */

import { AUDIT_ARCH_AARCH64, SECCOMP_RET_ALLOW } from '../../abi/seccomp.ts';
import { type ClassicProgram, runClassic } from '../bpf/classic_program.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { uncharge } from '../mm/price.ts';
import { alwaysReturns, convertedLength } from './check_program.ts';
import type { SeccompListener } from './listener.ts';

/** Numbers of system calls for which it is known whether a path of filters always allows them. */
const KNOWN_CALLS = 512;
/** What a filter costs: the object with its table of known calls, and eight bytes an instruction. */
const PRICE_FILTER = 512;
const PRICE_INSTRUCTION = 8;

export const priceOfFilter = (program: ClassicProgram): number => PRICE_FILTER + PRICE_INSTRUCTION * program.length;

export class SeccompFilter {
  /** The filter that was there before; it goes on to be asked. */
  readonly previous: SeccompFilter | null;
  readonly program: ClassicProgram;
  /** Filters on the path. */
  readonly depth: number;
  /** Instructions on the path, with four for each earlier filter. */
  readonly pathLength: number;
  /** SECCOMP_FILTER_FLAG_LOG. */
  readonly log: boolean;
  /** SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV. */
  readonly waitKillable: boolean;
  /** Who is told of SECCOMP_RET_USER_NOTIF; null when nobody (any more). */
  listener: SeccompListener | null = null;
  /** Tasks and later filters that use it. */
  private users = 1;
  /** One bit a call: every filter of the path allows it whatever its arguments are. */
  private readonly allowed: Uint32Array = new Uint32Array(KNOWN_CALLS / 32);
  private readonly payer: MemoryGroup;

  constructor(previous: SeccompFilter | null, program: ClassicProgram, payer: MemoryGroup, log: boolean, waitKillable: boolean) {
    this.previous = previous;
    this.program = program;
    this.payer = payer;
    this.log = log;
    this.waitKillable = waitKillable;
    this.depth = (previous?.depth ?? 0) + 1;
    this.pathLength = pathLengthWith(previous, program);
    for (let nr = 0; nr < KNOWN_CALLS; nr++) {
      if (previous !== null && !previous.allows(nr)) continue;
      if (alwaysReturns(program, [nr, AUDIT_ARCH_AARCH64], SECCOMP_RET_ALLOW)) this.allowed[nr >> 5]! |= 1 << (nr & 31);
    }
  }

  /** Whether call `nr` passes without looking at its arguments. */
  allows(nr: number): boolean {
    return nr >= 0 && nr < KNOWN_CALLS && (this.allowed[nr >> 5]! & (1 << (nr & 31))) !== 0;
  }

  get(): this {
    this.users++;
    return this;
  }

  /** A task is gone or has got another filter. Linux: __seccomp_filter_orphan. */
  put(): void {
    if (--this.users > 0) return;
    uncharge(this.payer, priceOfFilter(this.program));
    this.listener?.hangUp();
    this.previous?.put();
  }

  /** Nobody will ask for permission any more. */
  get orphaned(): boolean {
    return this.users === 0;
  }

  /** Whether it is `other` or was installed on top of it. Linux: is_ancestor. */
  descendsFrom(other: SeccompFilter): boolean {
    for (let filter: SeccompFilter | null = this; filter !== null; filter = filter.previous) if (filter === other) return true;
    return false;
  }
}

/** Instructions of a path that `program` would be added to. Linux: seccomp_attach_filter. */
export function pathLengthWith(previous: SeccompFilter | null, program: ClassicProgram): number {
  return convertedLength(program) + (previous === null ? 0 : previous.pathLength + 4);
}

/** What a path of filters decided, and which filter did. */
export interface Verdict {
  value: number;
  filter: SeccompFilter;
}

/** Ask all filters, the latest first; the action that comes first in the order of precedence wins. Linux: seccomp_run_filters. */
export function runFilters(latest: SeccompFilter, data: Uint32Array): Verdict {
  let value = SECCOMP_RET_ALLOW;
  let match = latest;
  for (let filter: SeccompFilter | null = latest; filter !== null; filter = filter.previous) {
    const answer = runClassic(filter.program, data);
    if ((answer & 0xffff0000) >= (value & 0xffff0000)) continue;
    value = answer;
    match = filter;
  }
  return { value, filter: match };
}

/** What restricts a task; immutable, replaced as a whole. */
export interface SeccompState {
  /** SECCOMP_MODE_STRICT or SECCOMP_MODE_FILTER. */
  readonly mode: number;
  readonly filter: SeccompFilter | null;
}
