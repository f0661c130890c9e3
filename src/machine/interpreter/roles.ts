/** How an operation uses its general register operands: number 31 is a different place as a source and as a destination. */

import type { Operation } from '../../isa/operation.ts';
import { GENERAL, type Trace } from '../wasm/ir.ts';
import { trace } from '../wasm/trace.ts';

export interface Roles {
  /** Names of the operands that are written and never read. */
  readonly written: ReadonlySet<string>;
  /** Some operand is read and written. */
  readonly both: boolean;
}

const cache = new WeakMap<Operation, Roles>();

/** `nodes` is the operation's trace, where the caller has it already. */
export function rolesOf(operation: Operation, nodes?: Trace): Roles {
  let roles = cache.get(operation);
  if (!roles) {
    const read = new Set<string>();
    const written = new Set<string>();
    for (const { body, reads, writes } of nodes ?? trace(operation, 'any')) {
      if (body.kind === 'loadState' && reads === GENERAL && body.place.slot) read.add(body.place.slot.name);
      if (body.kind === 'storeState' && writes === GENERAL && body.place.slot && !body.place.slot.sp) written.add(body.place.slot.name);
    }
    const both = [...written].some((name) => read.has(name));
    roles = { written: new Set([...written].filter((name) => !read.has(name))), both };
    cache.set(operation, roles);
  }
  return roles;
}
