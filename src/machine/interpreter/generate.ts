/** Generates the interpreter: a WebAssembly module made from the instruction table. */

import type { InsnTable } from '../../isa/insn_table.ts';
import { TRAP_FUEL, TRAP_UNDEFINED } from '../../platform/cpu.ts';
import {
  AT_ASID,
  AT_CODE_TLB,
  AT_CRC32,
  AT_CRC32C,
  AT_ENTRY_RECORD,
  AT_FUEL,
  AT_JUMP,
  AT_PAGE,
  AT_PAGE_RECORDS,
  AT_PC,
  AT_READ_TABLE,
  AT_RESERVE,
  AT_TARGET,
  AT_TRAP,
  AT_TRAP_SYNDROME,
  AT_WRITE_TABLE,
  CODE_TLB_ENTRIES,
} from '../layout.ts';
import { CRC32_POLYNOMIAL, CRC32C_POLYNOMIAL, crc32Table } from '../wasm/crc32.ts';
import { emit, schedule } from '../wasm/emit.ts';
import { FunctionBuilder, type Label } from '../wasm/function.ts';
import type { Helper } from '../wasm/helpers.ts';
import type { Trace } from '../wasm/ir.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import {
  BR_TABLE,
  CALL_INDIRECT,
  DROP,
  I32,
  I32_LOAD,
  I32_LOAD16_U,
  I32_STORE,
  I64,
  I64_LOAD,
  I64_STORE,
  i32,
  i64,
  SELECT,
  UNREACHABLE,
} from '../wasm/opcodes.ts';
import { trace } from '../wasm/trace.ts';
import { ENTER, FIRST_FORM, type Form, type Forms, numberForms, PAGE_END, REGION, UNDECODED, UNDEFINED } from './forms.ts';
import type { InterpreterImage } from './image.ts';
import {
  computeFlagsFunction,
  FOREIGN,
  flagsFunction,
  goOnFunction,
  lookUpRegion,
  REASON_SHIFT,
  REGION_PARAMS,
  REGION_RESULTS,
  REGION_TABLE,
  STEP,
} from './region_calls.ts';
import { rolesOf } from './roles.ts';
import { type Calls, FormTarget, JUMP, type LoopLabels, RECORD, STOP, STOP_AFTER, windowFunction } from './target.ts';

/** Names of the functions that JavaScript provides, besides the helpers of traces. See machine/interpreter/interpreter.ts. */
const IMPORT = 'machine';

/** The table of the out-of-line forms. */
const FORM_TABLE: number = REGION_TABLE + 1;

/** Traces of operations with any base register, by index. */
type Traces = readonly Trace[];

function emitForm(form: Form, traces: Traces, f: FunctionBuilder, calls: Calls, labels: LoopLabels | undefined): void {
  const { operation, base } = form;
  const nodes = base === 'any' ? traces[operation.index]! : trace(operation, base);
  const target = new FormTarget(f, calls, labels, form.branch);
  emit(schedule(nodes), target);
  if (rolesOf(operation, nodes).both) target.clearZero();
  target.next();
}

/** Leaves the address of a record of the page that runs. */
function pcOf(f: FunctionBuilder, record: number): FunctionBuilder {
  f.i32Const(0).memory(I64_LOAD, AT_PAGE).get(record).i32Const(0).memory(I32_LOAD, AT_PAGE_RECORDS);
  return f.op(i32.sub).i32Const(2).op(i32.shr_u).op(i64.extend_i32_u).op(i64.add);
}

/** REG_PC := the address of the record. */
function storePc(f: FunctionBuilder): void {
  f.i32Const(0);
  pcOf(f, RECORD).memory(I64_STORE, AT_PC);
}

/** How much of its portion the interpreter loses when translated code ends: that much sooner is a sample taken. */
const EXIT_WEIGHT = 32;

/**
 * Runs translated code from `target` and leaves in `target` where to go on. It gets all of the quantum's fuel; what was
 * left of the interpreter's portion is given back to it, less something, so that its samples are where it works and where
 * translated code ends.
 */
function enterRegion(f: FunctionBuilder, calls: LoopCalls, target: number, plain: number): void {
  const [fuel, portion, reason] = [f.local(I32), f.local(I32), f.local(I32)];
  const fuelAt = (at: number): FunctionBuilder => f.i32Const(0).memory(I32_LOAD, at);
  f.i32Const(0);
  fuelAt(AT_FUEL).tee(portion);
  fuelAt(AT_RESERVE).op(i32.add).memory(I32_STORE, AT_FUEL);
  f.get(target).i32Const(0).call(calls.goOn).tee(target).i64Const(REASON_SHIFT).op(i64.shr_u).op(i32.wrap_i64).set(reason);
  signExtend(f, target);
  f.i64Const(0).i32Const(0).call(calls.flags).u8(DROP);
  fuelAt(AT_FUEL).tee(fuel).get(portion).i32Const(EXIT_WEIGHT).op(i32.sub).tee(portion);
  f.get(fuel).get(portion).op(i32.lt_s).u8(SELECT).set(portion);
  // The instruction at which it stops is executed in any case.
  f.get(reason).i32Const(STEP).op(i32.eq).get(portion).i32Const(0).op(i32.lt_s).op(i32.and).if();
  f.i32Const(0).set(portion).end();
  f.i32Const(0).get(portion).memory(I32_STORE, AT_FUEL);
  f.i32Const(0).get(fuel).get(portion).op(i32.sub).memory(I32_STORE, AT_RESERVE);
  f.get(reason).i32Const(STEP).op(i32.eq).if();
  f.get(target).set(plain).end();
  f.get(reason).i32Const(FOREIGN).op(i32.eq).if();
  halves(f, target).call(calls.recognise).end();
  for (const local of [fuel, portion, reason]) f.release(local);
}

/** The top byte of an address is ignored. */
const signExtend = (f: FunctionBuilder, address: number): FunctionBuilder =>
  f.get(address).i64Const(8).op(i64.shl).i64Const(8).op(i64.shr_s).set(address);

/** Leaves the halves of a local. */
const halves = (f: FunctionBuilder, local: number): FunctionBuilder =>
  f.get(local).op(i32.wrap_i64).get(local).i64Const(32).op(i64.shr_u).op(i32.wrap_i64);

/** The functions of the interpreter's own operations, by number. */
function ownOperations(decode: number): FunctionBuilder[] {
  const functions: FunctionBuilder[] = [];
  const define = (number: number, write: (f: FunctionBuilder) => void): void => {
    const f = new FunctionBuilder([I32], [I32]);
    write(f);
    functions[number] = f;
  };
  const jumpTo = (f: FunctionBuilder, offset: number, distance: number): void => {
    f.i32Const(0).i32Const(0).memory(I64_LOAD, offset).i64Const(distance).op(i64.add).memory(I64_STORE, AT_TARGET).i32Const(JUMP);
  };
  define(UNDECODED, (f) => f.get(RECORD).call(decode));
  define(PAGE_END, (f) => jumpTo(f, AT_PAGE, 4096));
  define(ENTER, (f) => jumpTo(f, AT_PC, 0));
  define(UNDEFINED, (f) => {
    f.i32Const(0).get(RECORD).memory(I32_LOAD, 8).memory(I32_STORE, AT_TRAP_SYNDROME);
    f.i32Const(0).i32Const(TRAP_UNDEFINED).memory(I32_STORE, AT_TRAP).i32Const(STOP);
  });
  // Never called: where a region begins the number of the record itself is used.
  define(REGION, (f) => f.op(UNREACHABLE));
  return functions;
}

/** What the main loop calls. */
interface LoopCalls extends Calls {
  readonly fetch: number;
  /** Translated code: (record) → whether it can be run here, (record) → the record's own number, (low, high) when it was another space's. */
  readonly enter: number;
  readonly original: number;
  readonly recognise: number;
  readonly goOn: number;
  readonly flags: number;
}

/** The main loop. */
function runFunction(forms: Forms, traces: Traces, calls: LoopCalls, signature: number): FunctionBuilder {
  const f = new FunctionBuilder([], []);
  // Not a parameter, but local 0 all the same.
  const record = f.local(I32);
  const target = f.local(I64);
  const readTable = f.local(I32);
  const writeTable = f.local(I32);
  const next = f.local(I32);
  const slot = f.local(I32);
  // The number of the record if it is not to be read from it; where the interpreter is to take over from translated code.
  const number = f.local(I32);
  const plain = f.local(I64);
  const word = f.local(I64);
  f.i64Const(-1).set(plain);
  f.i32Const(AT_ENTRY_RECORD).set(record);
  f.i32Const(0).memory(I32_LOAD, AT_READ_TABLE).set(readTable);
  f.i32Const(0).memory(I32_LOAD, AT_WRITE_TABLE).set(writeTable);
  const loop = f.loop();
  const land = f.block();
  const jump = f.block();
  const slow = f.block();
  const fuel = f.block();
  const region = f.block();
  const labels: LoopLabels = { loop, jump, slow, fuel, target, readTable, writeTable };
  const { inline } = forms;
  // Block i ends where the code of form i begins; the first one is innermost.
  const starts: Label[] = inline.map(() => f.block()).reverse();
  f.get(record)
    .memory(I32_LOAD16_U, 0)
    .op(BR_TABLE)
    .u32(FIRST_FORM + inline.length);
  for (let own = 0; own < FIRST_FORM; own++) f.u32(f.distance(own === REGION ? region : slow));
  for (const start of starts) f.u32(f.distance(start));
  f.u32(f.distance(slow));
  for (const form of inline) {
    f.end();
    emitForm(form, traces, f, calls, labels);
  }
  f.end(); // region
  pcOf(f, record).set(target);
  f.get(target).get(plain).op(i64.eq).if();
  f.i64Const(-1).set(plain).get(record).call(calls.original).set(number).br(slow).end();
  lookUpRegion(f, target, slot, word, () => {
    f.get(record).call(calls.enter).op(i32.eqz).if();
    f.get(record).call(calls.original).set(number).br(slow).end();
  });
  enterRegion(f, calls, target, plain);
  f.i32Const(0).set(record).br(land).end(); // fuel
  const exhausted = (): void => {
    f.i32Const(0).i32Const(TRAP_FUEL).memory(I32_STORE, AT_TRAP);
    storePc(f);
    f.return();
  };
  exhausted();
  f.end(); // slow
  f.get(record);
  f.get(number).get(record).memory(I32_LOAD16_U, 0).get(number).u8(SELECT).op(CALL_INDIRECT).u32(signature).u8(FORM_TABLE).set(next);
  f.i32Const(0).set(number).get(next);
  f.i32Const(STOP_AFTER).op(i32.gt_u).if();
  f.get(next).set(record);
  // A branch backward may be out of line where a region begins.
  f.i32Const(0).memory(I32_LOAD, AT_FUEL).i32Const(0).op(i32.ge_s).brIf(loop);
  exhausted();
  f.end();
  f.get(next).i32Const(JUMP).op(i32.eq).if();
  f.i32Const(0).memory(I64_LOAD, AT_TARGET).set(target).br(jump).end();
  f.get(next).i32Const(STOP_AFTER).op(i32.eq).if();
  f.get(record).i32Const(16).op(i32.add).set(record).end();
  storePc(f);
  f.return().end(); // jump
  signExtend(f, target);
  f.i32Const(0).i32Const(0).memory(I32_LOAD, AT_FUEL).i32Const(1).op(i32.sub).memory(I32_STORE, AT_FUEL);
  f.end(); // land
  f.i32Const(0).memory(I32_LOAD, AT_FUEL).i32Const(0).op(i32.lt_s).if();
  f.i32Const(0).i32Const(TRAP_FUEL).memory(I32_STORE, AT_TRAP).i32Const(0).get(target).memory(I64_STORE, AT_PC);
  f.get(record).if();
  f.i32Const(0);
  pcOf(f, record).memory(I64_STORE, AT_JUMP).end().return().end();
  f.get(target)
    .op(i32.wrap_i64)
    .i32Const(8)
    .op(i32.shr_u)
    .i32Const((CODE_TLB_ENTRIES - 1) << 4)
    .op(i32.and)
    .tee(slot)
    .memory(I64_LOAD, AT_CODE_TLB);
  f.get(target)
    .i64Const(-4096 | 3)
    .op(i64.and)
    .i32Const(0)
    .memory(I64_LOAD, AT_ASID)
    .op(i64.or)
    .op(i64.ne)
    .if();
  halves(f, target).call(calls.fetch).op(i32.eqz).if();
  f.i32Const(0).get(target).memory(I64_STORE, AT_PC).return().end().end();
  f.i32Const(0).get(target).i64Const(-4096).op(i64.and).memory(I64_STORE, AT_PAGE);
  f.i32Const(0)
    .get(slot)
    .memory(I32_LOAD, AT_CODE_TLB + 8)
    .tee(next)
    .memory(I32_STORE, AT_PAGE_RECORDS);
  f.get(next).get(target).op(i32.wrap_i64).i32Const(4095).op(i32.and).i32Const(2).op(i32.shl).op(i32.add).set(record).br(loop);
  f.end();
  return f;
}

/** The module's bytes and what belongs to them. They depend on the table alone. */
export function generateInterpreter(table: InsnTable): InterpreterImage {
  const operations = table.operations();
  const forms = numberForms(operations);
  const module = new ModuleBuilder();
  module.importMemory(IMPORT, 'memory');
  module.importTable(IMPORT, 'regions');
  const fetch = module.importFunction(IMPORT, 'fetch', [I32, I32], [I32]);
  const decode = module.importFunction(IMPORT, 'decode', [I32], [I32]);
  const translate = module.importFunction(IMPORT, 'translate', [I32, I32, I32, I32], [I32]);
  const commit = module.importFunction(IMPORT, 'commit', [], []);
  const enter = module.importFunction(IMPORT, 'enter', [I32], [I32]);
  const original = module.importFunction(IMPORT, 'original', [I32], [I32]);
  const recognise = module.importFunction(IMPORT, 'recognise', [I32, I32], []);
  const traces = operations.map((operation) => trace(operation, 'any'));
  const helper = helperCalls(module, traces);
  const calls: Calls = { window: module.add(windowFunction(translate)), commit, helper };
  const own = ownOperations(decode).map((f) => module.add(f));
  const outOfLine = forms.functions.map((form) => {
    const f = new FunctionBuilder([I32], [I32]);
    emitForm(form, traces, f, calls, undefined);
    return module.add(f.op(UNREACHABLE)); // every path has returned
  });
  module.setTable([...own, ...forms.functionOf.map((i) => outOfLine[i]!)]);
  const goOn = module.add(goOnFunction(module.type(REGION_PARAMS, REGION_RESULTS)));
  const computeFlags = module.add(computeFlagsFunction());
  const flags = module.add(flagsFunction(computeFlags));
  const loopCalls: LoopCalls = { ...calls, fetch, enter, original, recognise, goOn, flags };
  module.exportFunction('run', module.add(runFunction(forms, traces, loopCalls, module.type([I32], [I32]))));
  module.exportFunction('goOn', goOn);
  module.exportFunction('flags', flags);
  const step = new FunctionBuilder([I32, I32], [I32]);
  step
    .get(0)
    .get(1)
    .op(CALL_INDIRECT)
    .u32(module.type([I32], [I32]))
    .u8(FORM_TABLE);
  module.exportFunction('step', module.add(step));
  module.addData(AT_CRC32, crc32Table(CRC32_POLYNOMIAL));
  module.addData(AT_CRC32C, crc32Table(CRC32C_POLYNOMIAL));
  return { code: module.build(), index: table.index, numbers: forms.numbers };
}

/** Imports the helpers that JavaScript provides, all of them before any function; the others are built when they are first called. */
function helperCalls(module: ModuleBuilder, traces: Traces): (helper: Helper) => number {
  const indices = new Map<string, number>();
  const imported = (helper: Helper): void => {
    helper.uses?.forEach(imported);
    if (helper.build || indices.has(helper.name)) return;
    indices.set(helper.name, module.importFunction(IMPORT, helper.name, helper.params, helper.result === 0x40 ? [] : [helper.result]));
  };
  for (const nodes of traces) {
    for (const { body } of nodes) if (body.kind === 'call') imported(body.helper);
  }
  const indexOf = (helper: Helper): number => {
    const known = indices.get(helper.name);
    if (known !== undefined) return known;
    const results = helper.result === 0x40 ? [] : [helper.result];
    const index = module.declare(helper.params, results);
    indices.set(helper.name, index);
    const f = new FunctionBuilder(helper.params, results);
    helper.build!(f, indexOf);
    module.define(index, f);
    module.exportFunction(helper.name, index);
    return index;
  };
  return indexOf;
}
