/** How a graph of objects is written down: shells first (what each object is), then what each holds. */

/** First bytes of a checkpoint. */
export const MAGIC = 0x484f4c4d;
export const VERSION = 1;

// What an object is.
export const SHELL_OBJECT = 1; // plain
export const SHELL_ARRAY = 2;
export const SHELL_MAP = 3;
export const SHELL_SET = 4;
export const SHELL_INSTANCE = 5; // of the class named next
export const SHELL_BUFFER = 6; // ArrayBuffer: its bytes follow
export const SHELL_VIEW = 7; // typed array or DataView: kind, buffer, offset, length
export const SHELL_EXTERNAL = 8; // a thing of the host or of the program text, by name

// A value inside an object.
export const VALUE_UNDEFINED = 0;
export const VALUE_NULL = 1;
export const VALUE_FALSE = 2;
export const VALUE_TRUE = 3;
export const VALUE_INTEGER = 4; // 32 bits
export const VALUE_DOUBLE = 5;
export const VALUE_BIGINT = 6; // decimal text
export const VALUE_STRING = 7; // index into the strings
export const VALUE_REFERENCE = 8; // index of a shell
export const VALUE_HOLE = 9; // an absent array element

/** Views by number. */
export const VIEW_KINDS: readonly {
  readonly name: string;
  readonly create: (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;
}[] = [
  { name: 'Uint8Array', create: (b, o, l) => new Uint8Array(b, o, l) },
  { name: 'Int8Array', create: (b, o, l) => new Int8Array(b, o, l) },
  { name: 'Uint16Array', create: (b, o, l) => new Uint16Array(b, o, l) },
  { name: 'Int16Array', create: (b, o, l) => new Int16Array(b, o, l) },
  { name: 'Uint32Array', create: (b, o, l) => new Uint32Array(b, o, l) },
  { name: 'Int32Array', create: (b, o, l) => new Int32Array(b, o, l) },
  { name: 'Float64Array', create: (b, o, l) => new Float64Array(b, o, l) },
  { name: 'BigUint64Array', create: (b, o, l) => new BigUint64Array(b, o, l) },
  { name: 'BigInt64Array', create: (b, o, l) => new BigInt64Array(b, o, l) },
  { name: 'DataView', create: (b, o, l) => new DataView(b, o, l) },
];
