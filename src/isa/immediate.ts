/** How immediates are derived from the bits of an instruction, and found again by the assembler. */

export type ImmediateType = 'i32' | 'i64';

export interface Immediate<Y extends ImmediateType = ImmediateType> {
  readonly name: string;
  readonly type: Y;
  /** Bytes that hold any value: 8 (an i64), 4 (sign-extended), 2 (zero-extended). */
  readonly bytes: 2 | 4 | 8;
  /** The bit fields (variants included) it depends on. */
  readonly from: readonly string[];
  /** The value, signed; undefined: a reserved encoding. */
  decode(...fields: number[]): number | bigint | undefined;
  /** Values for the fields that yield `value`, given the variants among them (others are undefined); undefined: there are none. */
  encode(value: number | bigint, known: readonly (number | undefined)[]): readonly number[] | undefined;
}

/** An unsigned field times `scale`. */
export function unsigned(field: string, scale = 1): Immediate<'i64'> {
  return {
    name: 'unsigned',
    type: 'i64',
    bytes: 4,
    from: [field],
    decode: (value) => value! * scale,
    encode: (value) => (Number(value) % scale === 0 ? [Number(value) / scale] : undefined),
  };
}

/** A small unsigned field, seen as an i32. */
export function small(field: string): Immediate<'i32'> {
  return { name: 'small', type: 'i32', bytes: 2, from: [field], decode: (value) => value!, encode: (value) => [Number(value)] };
}

/** A signed field of `width` bits times `scale`. */
export function signed(field: string, width: number, scale = 1): Immediate<'i64'> {
  const shift = 32 - width;
  return {
    name: 'signed',
    type: 'i64',
    bytes: 4,
    from: [field],
    decode: (value) => ((value! << shift) >> shift) * scale,
    encode: (value) => {
      const quotient = Number(value) / scale;
      return Number.isInteger(quotient) && (quotient << shift) >> shift === quotient ? [quotient & (2 ** width - 1)] : undefined;
    },
  };
}
