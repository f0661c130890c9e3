/** A WebAssembly module under construction. Imports come before functions; every function index is final when it is given out. */

import { Code } from './code.ts';
import type { FunctionBuilder } from './function.ts';
import type { ValueType } from './opcodes.ts';

const name = (code: Code, text: string): Code => code.u32(text.length).raw([...text].map((c) => c.charCodeAt(0)));

export class ModuleBuilder {
  private readonly types: string[] = [];
  private readonly typeCode = new Code();
  private readonly imports = new Code();
  private importCount = 0;
  private importedFunctions = 0;
  private importedTables = 0;
  private readonly functions: { type: number; builder: FunctionBuilder | undefined }[] = [];
  private readonly exports = new Code();
  private exportCount = 0;
  private table: readonly number[] = [];
  private readonly data: { offset: number; bytes: Uint8Array }[] = [];

  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${params}:${results}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    this.types.push(key);
    this.typeCode.u8(0x60).u32(params.length).raw(params).u32(results.length).raw(results);
    return this.types.length - 1;
  }

  importMemory(module: string, field: string): void {
    name(name(this.imports, module), field).raw([2, 0, 1]);
    this.importCount += 1;
  }

  /** A function table; the module's own one, if there is one, comes after it. */
  importTable(module: string, field: string): void {
    name(name(this.imports, module), field).raw([1, 0x70, 0, 0]);
    this.importCount += 1;
    this.importedTables += 1;
  }

  importFunction(module: string, field: string, params: readonly ValueType[], results: readonly ValueType[]): number {
    name(name(this.imports, module), field).u8(0).u32(this.type(params, results));
    this.importCount += 1;
    this.importedFunctions += 1;
    return this.importedFunctions - 1;
  }

  /** Reserves an index for a function whose builder `define` brings later. */
  declare(params: readonly ValueType[], results: readonly ValueType[]): number {
    this.functions.push({ type: this.type(params, results), builder: undefined });
    return this.importedFunctions + this.functions.length - 1;
  }

  define(index: number, builder: FunctionBuilder): void {
    this.functions[index - this.importedFunctions]!.builder = builder;
  }

  add(builder: FunctionBuilder): number {
    const index = this.declare(builder.params, builder.results);
    this.define(index, builder);
    return index;
  }

  exportFunction(field: string, index: number): void {
    name(this.exports, field).u8(0).u32(index);
    this.exportCount += 1;
  }

  /** By its index. */
  exportTable(field: string, index: number): void {
    name(this.exports, field).u8(1).u32(index);
    this.exportCount += 1;
  }

  /** The function table of the module, for call_indirect; its index follows those of imported tables. */
  setTable(functions: readonly number[]): void {
    this.table = functions;
  }

  addData(offset: number, bytes: Uint8Array): void {
    this.data.push({ offset, bytes });
  }

  build(): Uint8Array {
    const out = new Code().raw([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const section = (id: number, count: number, body: Code): void => {
      if (count === 0) return;
      const head = new Code().u32(count);
      out
        .u8(id)
        .u32(head.length + body.length)
        .raw(head.bytes())
        .raw(body.bytes());
    };
    section(1, this.types.length, this.typeCode);
    section(2, this.importCount, this.imports);
    const declarations = new Code();
    for (const { type } of this.functions) declarations.u32(type);
    section(3, this.functions.length, declarations);
    if (this.table.length > 0) section(4, 1, new Code().raw([0x70, 0]).u32(this.table.length));
    section(7, this.exportCount, this.exports);
    if (this.table.length > 0) {
      const elements = new Code().u32(2).u32(this.importedTables).i32Const(0).u8(0x0b).u8(0).u32(this.table.length);
      for (const index of this.table) elements.u32(index);
      section(9, 1, elements);
    }
    const code = new Code();
    for (const { builder } of this.functions) {
      const body = builder!.body();
      code.u32(body.length).raw(body.bytes());
    }
    section(10, this.functions.length, code);
    const data = new Code();
    for (const { offset, bytes } of this.data) data.u32(0).i32Const(offset).u8(0x0b).u32(bytes.length).raw(bytes);
    section(11, this.data.length, data);
    return out.bytes();
  }
}
