/**
 * Floating-point operations written out where they are used, for translated code: the case that sets no flag but IXC, which is set
 * already (see float_helpers.ts). One look at the result's exponent finds out whether it is that case. What is not, or while IXC is
 * clear, may still be known to be exact.
 */

import type { FloatCall } from '../softfloat/calls.ts';
import { double, type FastFormat, single } from './float_format.ts';
import { inlineLanes as lanes } from './float_inline_lanes.ts';
import { mulAdd } from './float_inline_muladd.ts';
import {
  carrier,
  exactProduct,
  FINITE,
  type InlineFloat,
  NORMAL,
  noneIsZero,
  number,
  outside,
  result,
  sumDiffers,
  type WriteInline,
} from './float_inline_parts.ts';
import { F64, f32, f64, I64, i32, i64, SELECT } from './opcodes.ts';

const binary = (format: FastFormat, write: WriteInline): InlineFloat => {
  const type = carrier(format);
  return { params: [type, type], result: type, write };
};

/** A zero is exact where an operand is: any one of a product, the first one of a quotient. */
const arithmetic = (format: FastFormat, name: 'mul' | 'div'): InlineFloat =>
  binary(format, (f, [a, b], slow, otherwise) => {
    const { op, type } = format;
    const [x, y, r] = [f.local(type), f.local(type), f.local(type)];
    const out = f.block(carrier(format));
    const left = f.block();
    const rare = f.block();
    number(f, format, a!).set(x);
    number(f, format, b!).set(y);
    f.get(x).get(y).op(op[name]).set(r);
    f.get(slow).brIf(rare);
    outside(f, format, r, NORMAL).brIf(rare);
    result(f, format, r).br(out).end();
    f.get(slow).i32Const(0).op(i32.lt_s).brIf(left);
    if (name === 'mul') {
      const small = f.block();
      outside(f, format, r, NORMAL).brIf(small);
      exactProduct(f, format, x, y, r).op(i32.eqz).brIf(left);
      result(f, format, r).br(out).end();
    }
    noneIsZero(f, format, [r], left);
    noneIsZero(f, format, name === 'mul' ? [x, y] : [x], left);
    result(f, format, r).br(out).end();
    otherwise();
    f.end();
    for (const local of [x, y, r]) f.release(local);
  });

/** Sums that are denormal are exact. What others have lost is found by Knuth's two-sum. */
const sum = (format: FastFormat, name: 'add' | 'sub'): InlineFloat =>
  binary(format, (f, [a, b], slow, otherwise) => {
    const { op, type } = format;
    const [x, y, s] = [f.local(type), f.local(type), f.local(type)];
    const out = f.block(carrier(format));
    const left = f.block();
    const rare = f.block();
    number(f, format, a!).set(x);
    number(f, format, b!).set(y);
    f.get(x).get(y).op(op[name]).set(s);
    f.get(slow).brIf(rare);
    outside(f, format, s, FINITE).brIf(left);
    result(f, format, s).br(out).end();
    f.get(slow).i32Const(0).op(i32.lt_s).brIf(left);
    sumDiffers(f, format, name, x, y, s).brIf(left);
    result(f, format, s).br(out).end();
    otherwise();
    f.end();
    for (const local of [x, y, s]) f.release(local);
  });

/** Roots are neither denormal nor too large. */
const squareRoot = (format: FastFormat): InlineFloat => ({
  params: [carrier(format)],
  result: carrier(format),
  write(f, [a], slow, otherwise) {
    const r = f.local(format.type);
    const out = f.block(carrier(format));
    const left = f.block();
    number(f, format, a!).op(format.op.sqrt).set(r);
    f.get(slow).brIf(left);
    outside(f, format, r, FINITE).brIf(left);
    result(f, format, r).br(out).end();
    otherwise();
    f.end();
    f.release(r);
  },
});

/** The larger or smaller one of ordered operands: no flag is set. */
const selection = (format: FastFormat, name: 'max' | 'min'): InlineFloat =>
  binary(format, (f, [a, b], slow, otherwise) => {
    const { op, type } = format;
    const r = f.local(type);
    const out = f.block(carrier(format));
    const left = f.block();
    f.get(slow).i32Const(0).op(i32.lt_s).brIf(left);
    number(number(f, format, a!), format, b!)
      .op(op[name])
      .tee(r)
      .get(r)
      .op(op.ne)
      .brIf(left);
    result(f, format, r).br(out).end();
    otherwise();
    f.end();
    f.release(r);
  });

/** With FPCR = 0 the current mode is to nearest even. */
const ROUNDINGS = { even: 'nearest', up: 'ceil', down: 'floor', zero: 'trunc', current: 'nearest' } as const;
type Rounding = keyof typeof ROUNDINGS;
const MODES = Object.keys(ROUNDINGS) as Rounding[];

/** Only `exact` reports what is not integral. */
const rounding = (format: FastFormat, mode: Rounding, exact: number): InlineFloat => ({
  params: [carrier(format)],
  result: carrier(format),
  write(f, [a], slow, otherwise) {
    const { op, type } = format;
    const r = f.local(type);
    const out = f.block(carrier(format));
    const left = f.block();
    f.get(slow);
    if (!exact) f.i32Const(0).op(i32.lt_s);
    f.brIf(left);
    number(f, format, a!).op(op[ROUNDINGS[mode]]).tee(r).get(r).op(op.ne).brIf(left);
    result(f, format, r).br(out).end();
    otherwise();
    f.end();
    f.release(r);
  },
});

/** NZCV of ordered operands: less 8, equal 6, greater 2. */
const comparison = (format: FastFormat): InlineFloat => ({
  params: [carrier(format), carrier(format)],
  result: I64,
  compares: format,
  write(f, [a, b], slow, otherwise) {
    const { op } = format;
    const both = (name: 'lt' | 'eq'): unknown => number(number(f, format, a!), format, b!).op(op[name]);
    number(number(f, format, a!), format, a!).op(op.eq);
    number(number(f, format, b!), format, b!)
      .op(op.eq)
      .op(i32.and);
    f.get(slow).i32Const(0).op(i32.ge_s).op(i32.and).if(I64);
    f.i64Const(0x80000000).i64Const(0x60000000).i64Const(0x20000000);
    both('eq');
    f.u8(SELECT);
    both('lt');
    f.u8(SELECT).else();
    otherwise();
    f.end();
  },
});

const widening: InlineFloat = {
  params: [I64],
  result: F64,
  write(f, [a], slow, otherwise) {
    const x = f.local(single.type);
    const out = f.block(F64);
    const left = f.block();
    number(f, single, a!).set(x);
    f.get(slow).i32Const(0).op(i32.lt_s).brIf(left);
    outside(f, single, x, FINITE).brIf(left);
    f.get(x).op(f64.promote_f32).br(out).end();
    otherwise();
    f.end();
    f.release(x);
  },
};

const narrowing: InlineFloat = {
  params: [F64],
  result: I64,
  write(f, [a], slow, otherwise) {
    const r = f.local(single.type);
    const out = f.block(I64);
    const left = f.block();
    f.get(a!).op(f32.demote_f64).set(r);
    f.get(slow).brIf(left);
    outside(f, single, r, NORMAL).brIf(left);
    result(f, single, r).br(out).end();
    otherwise();
    f.end();
    f.release(r);
  },
};

/** Without fraction bits. */
const toInteger = (format: FastFormat, width: number, signed: number, mode: Rounding): InlineFloat => ({
  params: [carrier(format), I64],
  result: I64,
  write(f, [a, fraction], slow, otherwise) {
    const [x, whole] = [f.local(F64), f.local(F64)];
    const out = f.block(I64);
    const left = f.block();
    f.get(fraction!).op(i64.eqz).op(i32.eqz).brIf(left);
    number(f, format, a!);
    if (format.bits === 32) f.op(f64.promote_f32);
    f.tee(x)
      .op(f64[ROUNDINGS[mode]])
      .tee(whole)
      .f64Const(signed ? -(2 ** (width - 1)) : 0)
      .op(f64.ge)
      .op(i32.eqz)
      .brIf(left);
    f.get(whole)
      .f64Const(2 ** (width - signed))
      .op(f64.lt)
      .op(i32.eqz)
      .brIf(left);
    const set = f.block();
    f.get(slow).op(i32.eqz).brIf(set);
    f.get(slow).i32Const(0).op(i32.lt_s).get(x).get(whole).op(f64.ne).op(i32.or).brIf(left).end();
    f.get(whole);
    if (width === 64) f.op(signed ? i64.trunc_sat_f64_s : i64.trunc_sat_f64_u);
    else f.op(signed ? i32.trunc_sat_f64_s : i32.trunc_sat_f64_u).op(i64.extend_i32_u);
    f.br(out).end();
    otherwise();
    f.end();
    f.release(x);
    f.release(whole);
  },
});

const fromInteger = (format: FastFormat, width: number, signed: number): InlineFloat => ({
  params: [I64, I64],
  result: carrier(format),
  write(f, [x, fraction], slow, otherwise) {
    const { op } = format;
    const r = f.local(format.type);
    const out = f.block(carrier(format));
    const left = f.block();
    f.get(slow);
    // Such integers are numbers of that format.
    if (width < format.bits) f.i32Const(0).op(i32.lt_s);
    f.brIf(left);
    f.get(fraction!).op(i64.eqz).op(i32.eqz).brIf(left);
    f.get(x!);
    if (width === 32) f.op(i32.wrap_i64).op(signed ? op.convert_i32_s : op.convert_i32_u);
    else f.op(signed ? op.convert_i64_s : op.convert_i64_u);
    f.set(r);
    result(f, format, r).br(out).end();
    otherwise();
    f.end();
    f.release(r);
  },
});

const scalars: ReadonlyMap<string, InlineFloat> = new Map<string, InlineFloat>([
  ...[single, double].flatMap((format): [string, InlineFloat][] => {
    const { bits } = format;
    return [
      ...(['add', 'sub'] as const).map((name): [string, InlineFloat] => [`${name}_${bits}`, sum(format, name)]),
      ...(['mul', 'div'] as const).map((name): [string, InlineFloat] => [`${name}_${bits}`, arithmetic(format, name)]),
      [`sqrt_${bits}`, squareRoot(format)],
      [`muladd_${bits}`, mulAdd(format)],
      ...(['max', 'min'] as const).flatMap((name): [string, InlineFloat][] => [
        [`${name}_${bits}`, selection(format, name)],
        [`${name}nm_${bits}`, selection(format, name)],
      ]),
      ...MODES.flatMap((mode) =>
        [0, 1].map((exact): [string, InlineFloat] => [`round_${bits}_${mode}_${exact}`, rounding(format, mode, exact)]),
      ),
      ...[0, 1].map((signalling): [string, InlineFloat] => [`compare_${bits}_${signalling}`, comparison(format)]),
      ...[32, 64].flatMap((width) =>
        [0, 1].flatMap((signed): [string, InlineFloat][] => [
          ...MODES.map((mode): [string, InlineFloat] => [
            `to_integer_${bits}_${width}_${signed}_${mode}`,
            toInteger(format, width, signed, mode),
          ]),
          [`from_integer_${bits}_${width}_${signed}`, fromInteger(format, width, signed)],
        ]),
      ),
    ];
  }),
  ['convert_32_64_current', widening],
  ['convert_64_32_current', narrowing],
]);

export const inlineScalar = ({ name }: FloatCall): InlineFloat | undefined => scalars.get(name);
export const inlineLanes = ({ name }: FloatCall): InlineFloat | undefined => lanes.get(name);
