/** The fast paths of floating-point operations. Each runs with FPCR = 0, returns when it knows the result and its flags, and else falls through. */

import type { FloatBinary } from '../../isa/semantics_float.ts';
import { double, type FastFormat, type FastPath, giveIf, isNormal, ixcClear, operand, pattern, setIxc, single } from './float_format.ts';
import { mulAddPaths } from './float_muladd.ts';
import { twoProductError } from './float_product.ts';
import type { FunctionBuilder } from './function.ts';
import type { Helper } from './helpers.ts';
import { F32, F64, f32, f64, I32, I64, i32, i64, SELECT } from './opcodes.ts';

/** 1 when local `x` is not a NaN. */
const ordered = (f: FunctionBuilder, format: FastFormat, x: number): FunctionBuilder => f.get(x).get(x).op(format.op.eq);

const asDouble = (f: FunctionBuilder, format: FastFormat, local: number): FunctionBuilder =>
  format.bits === 32 ? f.get(local).op(f64.promote_f32) : f.get(local);

/** Exponents between -450 and 450: products and their errors are exact. */
const inSafeRange = (f: FunctionBuilder, local: number): FunctionBuilder =>
  f
    .get(local)
    .op(f64.abs)
    .f64Const(2 ** -450)
    .op(f64.gt)
    .get(local)
    .op(f64.abs)
    .f64Const(2 ** 450)
    .op(f64.lt)
    .op(i32.and);

type Inexact = (f: FunctionBuilder, format: FastFormat, a: number, b: number, r: number, indexOf: (helper: Helper) => number) => void;

/** The error of a sum, by Knuth's two-sum. `b` has its sign changed for a difference. */
const sumInexact =
  (negate: boolean): Inexact =>
  (f, format, a, b, r) => {
    const { op } = format;
    const part = f.local(format.type);
    const addend = (): FunctionBuilder => (negate ? f.get(b).op(op.neg) : f.get(b));
    f.get(r).get(a).op(op.sub).set(part);
    f.get(a).get(r).get(part).op(op.sub).op(op.sub);
    addend().get(part).op(op.sub).op(op.add);
    if (format.bits === 32) f.f32Const(0);
    else f.f64Const(0);
    f.op(op.ne);
    f.release(part);
  };

/** Whether x * y differs from z, exactly; falls to 2 ("cannot tell") outside the safe range. */
const productDiffers = (f: FunctionBuilder, x: number, y: number, z: number, indexOf: (helper: Helper) => number): void => {
  const product = f.local(F64);
  inSafeRange(f, x);
  inSafeRange(f, y).op(i32.and).if(I32);
  f.get(x).get(y).op(f64.mul).tee(product).get(z).op(f64.ne);
  f.get(x).get(y).get(product).call(indexOf(twoProductError)).f64Const(0).op(f64.ne).op(i32.or);
  f.else().i32Const(2).end();
  f.release(product);
};

const mulInexact: Inexact = (f, format, a, b, r, indexOf) => {
  if (format.bits === 64) productDiffers(f, a, b, r, indexOf);
  else {
    asDouble(f, format, a);
    asDouble(f, format, b).op(f64.mul);
    asDouble(f, format, r).op(f64.ne);
  }
};
const divInexact: Inexact = (f, format, a, b, r, indexOf) => {
  if (format.bits === 64) productDiffers(f, r, b, a, indexOf);
  else {
    asDouble(f, format, r);
    asDouble(f, format, b).op(f64.mul);
    asDouble(f, format, a).op(f64.ne);
  }
};

/** Give the result in local `bits` if it is known to be exact or IXC takes the news; 2 from `inexact` falls through. */
function returnRounded(f: FunctionBuilder, bits: number, inexact: () => void): void {
  const verdict = f.local(I32);
  ixcClear(f).if();
  inexact();
  f.tee(verdict).i32Const(1).op(i32.eq).if();
  setIxc(f).end();
  f.get(verdict).i32Const(2).op(i32.ne);
  giveIf(f, bits);
  f.else().get(bits).return().end();
  f.release(verdict);
}

/** Which operand makes an exact zero: none (any zero result is exact), one of both, the first. */
type ZeroRule = 'any' | 'either' | 'first';

const arithmetic =
  (format: FastFormat, name: 'add' | 'sub' | 'mul' | 'div', inexact: Inexact, zeroRule: ZeroRule): FastPath =>
  (f, indexOf) => {
    const [a, b, r] = [f.local(format.type), f.local(format.type), f.local(format.type)];
    const bits = f.local(I64);
    operand(f, format, 0).set(a);
    operand(f, format, 1).set(b);
    f.get(a).get(b).op(format.op[name]).tee(r);
    pattern(f, format).tee(bits);
    isNormal(f, format).if();
    returnRounded(f, bits, () => inexact(f, format, a, b, r, indexOf));
    f.end();
    // A zero: exact if an operand is zero, or always for sums.
    f.get(bits).i64Const(format.magnitude).op(i64.and).op(i64.eqz);
    if (zeroRule !== 'any') {
      const isZero = (index: number): FunctionBuilder => f.get(index).i64Const(format.magnitude).op(i64.and).op(i64.eqz);
      isZero(0);
      if (zeroRule === 'either') isZero(1).op(i32.or);
      f.op(i32.and);
    }
    giveIf(f, bits);
  };

const squareRoot =
  (format: FastFormat): FastPath =>
  (f, indexOf) => {
    const [a, r] = [f.local(format.type), f.local(format.type)];
    const bits = f.local(I64);
    operand(f, format, 0).tee(a).op(format.op.sqrt).tee(r);
    pattern(f, format).tee(bits);
    isNormal(f, format).if();
    returnRounded(f, bits, () => mulInexactSquare(f, format, a, r, indexOf));
    f.end();
    f.get(bits).i64Const(format.magnitude).op(i64.and).op(i64.eqz);
    giveIf(f, bits);
  };
function mulInexactSquare(f: FunctionBuilder, format: FastFormat, a: number, r: number, indexOf: (helper: Helper) => number): void {
  if (format.bits === 64) productDiffers(f, r, r, a, indexOf);
  else {
    asDouble(f, format, r);
    asDouble(f, format, r).op(f64.mul);
    asDouble(f, format, a).op(f64.ne);
  }
}

/** Results that are one of the operands, as long as none is a NaN. */
const selection =
  (format: FastFormat, name: 'min' | 'max'): FastPath =>
  (f) => {
    const [a, b] = [f.local(format.type), f.local(format.type)];
    operand(f, format, 0).set(a);
    operand(f, format, 1).set(b);
    ordered(f, format, a);
    ordered(f, format, b).op(i32.and).if();
    f.get(a).get(b).op(format.op[name]);
    pattern(f, format).return().end();
  };

/** NZCV of ordered operands: less 8, equal 6, greater 2. */
const comparison =
  (format: FastFormat): FastPath =>
  (f) => {
    const [a, b] = [f.local(format.type), f.local(format.type)];
    operand(f, format, 0).set(a);
    operand(f, format, 1).set(b);
    f.get(a).get(b).op(format.op.lt).if();
    f.i64Const(0x80000000).return().end();
    f.get(a).get(b).op(format.op.gt).if();
    f.i64Const(0x20000000).return().end();
    f.get(a).get(b).op(format.op.eq).if();
    f.i64Const(0x60000000).return().end();
  };

const relation =
  (format: FastFormat, name: 'eq' | 'ge' | 'gt'): FastPath =>
  (f) => {
    const [a, b] = [f.local(format.type), f.local(format.type)];
    operand(f, format, 0).set(a);
    operand(f, format, 1).set(b);
    ordered(f, format, a);
    ordered(f, format, b).op(i32.and).if();
    f.get(a).get(b).op(format.op[name]).op(i64.extend_i32_u).return().end();
  };

const MODES = { even: 'nearest', current: 'nearest', up: 'ceil', down: 'floor', zero: 'trunc' } as const;
type FastMode = keyof typeof MODES | 'away';

/** Local `a` rounded to an integral number, on the stack. Ties away: one more than truncation from a half on. */
function integral(f: FunctionBuilder, format: FastFormat, mode: FastMode, a: number): void {
  const { op } = format;
  if (mode !== 'away') {
    f.get(a).op(op[MODES[mode]]);
    return;
  }
  const constant = (value: number): FunctionBuilder => (format.bits === 32 ? f.f32Const(value) : f.f64Const(value));
  f.get(a).op(op.trunc);
  constant(1).get(a).op(op.copysign);
  constant(0).get(a).op(op.copysign);
  f.get(a).get(a).op(op.trunc).op(op.sub).op(op.abs);
  constant(0.5).op(op.ge).u8(SELECT);
  f.op(op.add).get(a).op(op.copysign);
}

const rounding =
  (format: FastFormat, mode: FastMode, exact: boolean): FastPath =>
  (f) => {
    const [a, r] = [f.local(format.type), f.local(format.type)];
    operand(f, format, 0).set(a);
    ordered(f, format, a).if();
    integral(f, format, mode, a);
    f.get(a).op(format.op.copysign).set(r);
    if (exact) {
      f.get(r).get(a).op(format.op.ne).if();
      setIxc(f).end();
    }
    f.get(r);
    pattern(f, format).return().end();
  };

const widening: FastPath = (f) => {
  const a = f.local(F32);
  operand(f, single, 0).set(a);
  ordered(f, single, a).if();
  f.get(a).op(f64.promote_f32).op(i64.reinterpret_f64).return().end();
};

const narrowing: FastPath = (f) => {
  const [a, r, bits] = [f.local(F64), f.local(F32), f.local(I64)];
  operand(f, double, 0).tee(a).op(f32.demote_f64).tee(r);
  pattern(f, single).tee(bits);
  isNormal(f, single).if();
  f.get(r).op(f64.promote_f32).get(a).op(f64.ne).if();
  setIxc(f).end().get(bits).return().end();
  f.get(a).f64Const(0).op(f64.eq);
  giveIf(f, bits);
};

/** 2^x for the exponent x in `bits` on the stack (an i64). */
const powerOfTwo = (f: FunctionBuilder, { bits }: FastFormat): FunctionBuilder =>
  bits === 32
    ? f.i64Const(127).op(i64.add).i64Const(23).op(i64.shl).op(i32.wrap_i64).op(f32.reinterpret_i32)
    : f.i64Const(1023).op(i64.add).i64Const(52).op(i64.shl).op(f64.reinterpret_i64);

const toInteger =
  (format: FastFormat, width: number, signed: number, mode: FastMode): FastPath =>
  (f) => {
    const [a, r] = [f.local(F64), f.local(F64)];
    operand(f, format, 0);
    if (format.bits === 32) f.op(f64.promote_f32);
    // Exact, or too large in any case.
    powerOfTwo(f.get(1), double).op(f64.mul).set(a);
    integral(f, double, mode, a);
    f.tee(r);
    f.f64Const(signed ? -(2 ** (width - 1)) : 0).op(f64.ge);
    f.get(r)
      .f64Const(2 ** (width - signed))
      .op(f64.lt)
      .op(i32.and)
      .if();
    f.get(r).get(a).op(f64.ne).if();
    setIxc(f).end();
    f.get(r);
    if (width === 64) f.op(signed ? i64.trunc_sat_f64_s : i64.trunc_sat_f64_u);
    else f.op(signed ? i32.trunc_sat_f64_s : i32.trunc_sat_f64_u).op(i64.extend_i32_u);
    f.return().end();
  };

const fromInteger =
  (format: FastFormat, width: number, signed: number): FastPath =>
  (f) => {
    const [x, r] = [f.local(I64), f.local(format.type)];
    f.get(0);
    if (width === 32) f.op(i32.wrap_i64).op(signed ? i64.extend_i32_s : i64.extend_i32_u);
    f.tee(x)
      .op(signed ? format.op.convert_i64_s : format.op.convert_i64_u)
      .set(r);
    ixcClear(f).if();
    // Inexact if the way back leads elsewhere; it is cut short at the end of the integers.
    asDouble(f, format, r)
      .f64Const(2 ** (64 - signed))
      .op(f64.ge);
    asDouble(f, format, r).op(signed ? i64.trunc_sat_f64_s : i64.trunc_sat_f64_u);
    f.get(x).op(i64.ne).op(i32.or).if();
    setIxc(f).end().end();
    f.get(r);
    powerOfTwo(f.i64Const(0).get(1).op(i64.sub), format).op(format.op.mul);
    pattern(f, format).return();
  };

function build(): Map<string, FastPath> {
  const paths = new Map<string, FastPath>(mulAddPaths());
  for (const format of [single, double]) {
    const { bits } = format;
    const add = (name: FloatBinary | 'sqrt', path: FastPath): unknown => paths.set(`${name}_${bits}`, path);
    add('add', arithmetic(format, 'add', sumInexact(false), 'any'));
    add('sub', arithmetic(format, 'sub', sumInexact(true), 'any'));
    add('mul', arithmetic(format, 'mul', mulInexact, 'either'));
    add('mulx', arithmetic(format, 'mul', mulInexact, 'either'));
    add('div', arithmetic(format, 'div', divInexact, 'first'));
    add('sqrt', squareRoot(format));
    for (const [name, op] of [
      ['max', 'max'],
      ['min', 'min'],
      ['maxnm', 'max'],
      ['minnm', 'min'],
    ] as const)
      add(name, selection(format, op));
    for (const signalling of [0, 1]) paths.set(`compare_${bits}_${signalling}`, comparison(format));
    for (const name of ['eq', 'ge', 'gt'] as const) paths.set(`${name}_${bits}`, relation(format, name));
    for (const mode of ['even', 'away', 'up', 'down', 'zero', 'current'] as const) {
      for (const exact of [0, 1]) paths.set(`round_${bits}_${mode}_${exact}`, rounding(format, mode, exact === 1));
      for (const width of [32, 64]) {
        for (const signed of [0, 1]) paths.set(`to_integer_${bits}_${width}_${signed}_${mode}`, toInteger(format, width, signed, mode));
      }
    }
    for (const width of [32, 64]) {
      for (const signed of [0, 1]) paths.set(`from_integer_${bits}_${width}_${signed}`, fromInteger(format, width, signed));
    }
  }
  paths.set('convert_32_64_current', widening);
  paths.set('convert_64_32_current', narrowing);
  return paths;
}

export const fastPaths: ReadonlyMap<string, FastPath> = build();
