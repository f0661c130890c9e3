/** A system call: its arguments' types, its handler and what is known about its completeness, in one descriptor. */

import { type SyscallName, syscallNumbers } from '../../abi/syscall_numbers.ts';
import { Panic } from '../panic.ts';
import type { Task } from '../task/task.ts';
import type { ArgType } from './args.ts';

// biome-ignore lint/suspicious/noExplicitAny: the argument list is heterogeneous; Decoded<> recovers the types.
type Args = readonly ArgType<any>[];
type Decoded<A extends Args> = { [K in keyof A]: A[K] extends ArgType<infer T> ? T : never };
type Invoke = (task: Task) => number;

export interface Syscall {
  readonly nr: number;
  readonly name: SyscallName;
  readonly args: Args;
  /** Decode the registers and run the handler: a result, a negative errno, BLOCKED or NOT_RESIDENT. */
  readonly invoke: Invoke;
  /** What a signal leaves when it ends a sleep: called instead of the handler, so that it may copy out what remains. */
  readonly interrupted: Invoke | null;
  /** What is missing, for docs/generated/syscalls.md; null when the call is whole. */
  readonly missing: string | null;
}

/**
 * Define system call `name`. The handler validates, copies in, checks permission, acts or returns `task.block(…)`;
 * nothing observable may happen before block() unless `task.progress` records it.
 */
export function defineSyscall<const A extends Args>(
  name: SyscallName,
  args: A,
  handler: (task: Task, ...args: Decoded<A>) => number,
  interrupted?: (task: Task, ...args: Decoded<A>) => number,
): Syscall {
  const specialised = specialise(args, handler as (task: Task, ...args: unknown[]) => number);
  const onInterrupt = interrupted ? specialise(args, interrupted as (task: Task, ...args: unknown[]) => number) : null;
  return { nr: syscallNumbers[name], name, args, invoke: specialised, interrupted: onInterrupt, missing: null };
}

/** Mark a call as partly implemented; `missing` says what programs meet. */
export const partial = (call: Syscall, missing: string): Syscall => ({ ...call, missing });

/** One closure per arity: three times faster than a loop and a spread. */
function specialise(args: Args, h: (task: Task, ...args: unknown[]) => number): Invoke {
  const [a, b, c, d, e, f] = args;
  if (!a) return (t) => h(t);
  if (!b) return (t) => h(t, a.decode(t.words, 0));
  if (!c) return (t) => h(t, a.decode(t.words, 0), b.decode(t.words, 1));
  if (!d) return (t) => h(t, a.decode(t.words, 0), b.decode(t.words, 1), c.decode(t.words, 2));
  if (!e) return (t) => h(t, a.decode(t.words, 0), b.decode(t.words, 1), c.decode(t.words, 2), d.decode(t.words, 3));
  if (!f) return (t) => h(t, a.decode(t.words, 0), b.decode(t.words, 1), c.decode(t.words, 2), d.decode(t.words, 3), e.decode(t.words, 4));
  return (t) =>
    h(
      t,
      a.decode(t.words, 0),
      b.decode(t.words, 1),
      c.decode(t.words, 2),
      d.decode(t.words, 3),
      e.decode(t.words, 4),
      f.decode(t.words, 5),
    );
}

/** A dense table by number; refuses duplicates. */
export function buildTable(calls: readonly Syscall[]): readonly (Syscall | undefined)[] {
  const table: (Syscall | undefined)[] = new Array(512).fill(undefined);
  for (const call of calls) {
    if (table[call.nr] !== undefined) throw new Panic(`syscall ${call.name} is defined twice`);
    table[call.nr] = call;
  }
  return table;
}
