/** Everything an instruction definition may use. Back ends implement it; a definition means the same in all of them. */

import type { FloatSemantics } from './semantics_float.ts';
import type { IntegerSemantics } from './semantics_integer.ts';
import type { MemorySemantics } from './semantics_memory.ts';
import type { SystemSemantics } from './semantics_system.ts';
import type { VectorSemantics } from './semantics_vector.ts';
import type { Values } from './values.ts';

export interface Semantics<T extends Values>
  extends IntegerSemantics<T>,
    MemorySemantics<T>,
    SystemSemantics<T>,
    FloatSemantics<T>,
    VectorSemantics<T> {}
