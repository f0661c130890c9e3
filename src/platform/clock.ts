/** Time and randomness, so that the kernel itself stays deterministic. */

export interface Clock {
  /** Nanoseconds since an arbitrary start, monotonic; an exact number below 2^53. */
  monotonic(): number;
  /** Nanoseconds between the epoch and monotonic zero are not exact in a double: seconds and nanoseconds apart. */
  realtime(): { readonly seconds: number; readonly nanoseconds: number };
}

export interface Random {
  fill(bytes: Uint8Array): void;
}
