/** Every floating-point operation that an instruction may ask for, by name and number, with its exact meaning on bit patterns. */

import type { Float, FloatBinary, FloatBits, FloatLaneBits, FloatRelation, FloatRounding, FloatUnary } from '../../isa/semantics_float.ts';
import type { Values } from '../../isa/values.ts';
import { binary, compare, mulAdd, roundIntegral, unary } from './arithmetic.ts';
import { convert, fromInteger, toInteger } from './convert.ts';
import { unsignedRecip, unsignedRsqrt } from './estimate.ts';
import type { FloatEnvironment } from './format.ts';

export interface FloatCall {
  readonly name: string;
  /** What generated code knows it by. */
  readonly number: number;
  /** Numbers by their format; the others are integers. */
  readonly operands: readonly (FloatBits | 'integer')[];
  /** Bit patterns to bit patterns, all unsigned. */
  exact(environment: FloatEnvironment, a: bigint, b: bigint, c: bigint): bigint;
}

type Mode = FloatRounding | 'current';
const BITS: readonly FloatBits[] = [32, 64];
const WIDTHS = [32, 64];
const FLAGS = [0, 1];
const MODES: readonly Mode[] = ['even', 'away', 'up', 'down', 'zero', 'current'];
const BINARIES: readonly FloatBinary[] = ['add', 'sub', 'mul', 'mulx', 'div', 'max', 'min', 'maxnm', 'minnm', 'recps', 'rsqrts'];
const UNARIES: readonly FloatUnary[] = ['sqrt', 'recpe', 'rsqrte', 'recpx'];
const RELATIONS: readonly FloatRelation[] = ['eq', 'ge', 'gt'];
const CONVERSIONS: readonly (readonly [FloatBits, FloatBits, 'odd' | 'current'])[] = [
  [16, 32, 'current'],
  [16, 64, 'current'],
  [32, 16, 'current'],
  [32, 64, 'current'],
  [64, 16, 'current'],
  [64, 32, 'current'],
  [64, 32, 'odd'],
];

const nameOf = {
  binary: (operation: FloatBinary, bits: FloatBits) => `${operation}_${bits}`,
  unary: (operation: FloatUnary, bits: FloatBits) => `${operation}_${bits}`,
  mulAdd: (bits: FloatBits) => `muladd_${bits}`,
  compare: (bits: FloatBits, signalling: number) => `compare_${bits}_${signalling}`,
  test: (relation: FloatRelation, bits: FloatBits) => `${relation}_${bits}`,
  roundIntegral: (bits: FloatBits, mode: Mode, exact: number) => `round_${bits}_${mode}_${exact}`,
  convert: (from: FloatBits, to: FloatBits, mode: string) => `convert_${from}_${to}_${mode}`,
  toInteger: (from: FloatBits, width: number, signed: number, mode: Mode) => `to_integer_${from}_${width}_${signed}_${mode}`,
  fromInteger: (to: FloatBits, width: number, signed: number) => `from_integer_${to}_${width}_${signed}`,
  unsignedEstimate: (root: number) => `unsigned_estimate_${root}`,
};

/** Whether flags pass a relation: eq is Z, ge is C with Z or not V… of an ordered comparison. */
const holds = (relation: FloatRelation, nzcv: number): boolean => {
  const flags = nzcv >>> 28;
  if (flags === 3) return false;
  return relation === 'eq' ? flags === 6 : relation === 'gt' ? flags === 2 : flags === 2 || flags === 6;
};

const every = <A>(list: readonly A[], make: (item: A) => void): void => list.forEach(make);

function enumerate(): FloatCall[] {
  const calls: FloatCall[] = [];
  const add = (name: string, operands: FloatCall['operands'], exact: FloatCall['exact']): void => {
    calls.push({ name, number: calls.length, operands, exact });
  };
  every(BITS, (bits) => {
    every(BINARIES, (op) => add(nameOf.binary(op, bits), [bits, bits], (e, a, b) => binary(e, op, bits, a, b)));
    every(UNARIES, (op) => add(nameOf.unary(op, bits), [bits], (e, a) => unary(e, op, bits, a)));
    add(nameOf.mulAdd(bits), [bits, bits, bits], (e, c, a, b) => mulAdd(e, bits, c, a, b));
    every(FLAGS, (signalling) => {
      add(nameOf.compare(bits, signalling), [bits, bits], (e, a, b) => BigInt(compare(e, bits, a, b, signalling === 1) >>> 0));
    });
    every(RELATIONS, (relation) => {
      add(nameOf.test(relation, bits), [bits, bits], (e, a, b) => (holds(relation, compare(e, bits, a, b, relation !== 'eq')) ? 1n : 0n));
    });
    every(MODES, (mode) =>
      every(FLAGS, (exact) => add(nameOf.roundIntegral(bits, mode, exact), [bits], (e, a) => roundIntegral(e, bits, mode, exact === 1, a))),
    );
    every(WIDTHS, (width) =>
      every(FLAGS, (signed) => {
        every(MODES, (mode) => {
          add(nameOf.toInteger(bits, width, signed, mode), [bits, 'integer'], (e, a, fraction) =>
            toInteger(e, bits, width, signed === 1, mode, a, Number(fraction)),
          );
        });
        add(nameOf.fromInteger(bits, width, signed), ['integer', 'integer'], (e, a, fraction) =>
          fromInteger(e, bits, width, signed === 1, a, Number(fraction)),
        );
      }),
    );
  });
  every(CONVERSIONS, ([from, to, mode]) => add(nameOf.convert(from, to, mode), [from], (e, a) => convert(e, from, to, a, mode)));
  add(nameOf.unsignedEstimate(0), ['integer'], (_e, a) => BigInt(unsignedRecip(Number(a & 0xffffffffn))));
  add(nameOf.unsignedEstimate(1), ['integer'], (_e, a) => BigInt(unsignedRsqrt(Number(a & 0xffffffffn))));
  return calls;
}

export const floatCalls: readonly FloatCall[] = enumerate();
const byName: ReadonlyMap<string, FloatCall> = new Map(floatCalls.map((call) => [call.name, call]));

/** What a back end must be able to do with the calls. */
export interface FloatBackEnd<T extends Values> {
  call(call: FloatCall, operands: readonly T['i64'][]): T['i64'];
  /** The call on every lane. */
  callLanes(call: FloatCall, bits: FloatLaneBits, operands: readonly T['v128'][]): T['v128'];
  wrap(value: T['i64']): T['i32'];
  extend(value: T['i32']): T['i64'];
}

/** The operations of definitions, each as one call. */
export function floatByCalls<T extends Values>({ call, callLanes, wrap, extend }: FloatBackEnd<T>): Float<T> {
  const named = (name: string, ...operands: T['i64'][]): T['i64'] => call(byName.get(name)!, operands);
  return {
    binary: (operation, bits, a, b) => named(nameOf.binary(operation, bits), a, b),
    unary: (operation, bits, a) => named(nameOf.unary(operation, bits), a),
    mulAdd: (bits, addend, a, b) => named(nameOf.mulAdd(bits), addend, a, b),
    binaryLanes: (operation, bits, a, b) => callLanes(byName.get(nameOf.binary(operation, bits))!, bits, [a, b]),
    mulAddLanes: (bits, addend, a, b) => callLanes(byName.get(nameOf.mulAdd(bits))!, bits, [addend, a, b]),
    compare: (bits, signalling, a, b) => wrap(named(nameOf.compare(bits, signalling), a, b)),
    test: (relation, bits, a, b) => wrap(named(nameOf.test(relation, bits), a, b)),
    roundIntegral: (bits, mode, exact, a) => named(nameOf.roundIntegral(bits, mode, exact), a),
    convert: (from, to, mode, a) => named(nameOf.convert(from, to, mode), a),
    toInteger: (from, width, signed, mode, a, fraction) => named(nameOf.toInteger(from, width, signed, mode), a, extend(fraction)),
    fromInteger: (to, width, signed, a, fraction) => named(nameOf.fromInteger(to, width, signed), a, extend(fraction)),
    unsignedEstimate: (root, a) => named(nameOf.unsignedEstimate(root), a),
  };
}
