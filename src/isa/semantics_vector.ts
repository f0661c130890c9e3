/** Advanced SIMD registers and lane arithmetic as definitions see them. */

import type { Values } from './values.ts';

export interface VectorSemantics<T extends Values> {
  v(register: T['vreg']): T['v128'];
  setV(register: T['vreg'], value: T['v128']): void;
}
