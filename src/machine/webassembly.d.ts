/** The part of the WebAssembly JavaScript API that the machine uses; lib es2023 alone does not declare it. */

declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
    /** Returns the former number of 64 KiB pages; throws RangeError when the host refuses. */
    grow(pages: number): number;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Table {
    constructor(descriptor: { element: 'anyfunc'; initial: number });
    get(index: number): unknown;
    set(index: number, value: unknown): void;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
}
