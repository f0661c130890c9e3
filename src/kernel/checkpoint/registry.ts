/** Names for what a checkpoint cannot contain: classes, tables of the program, and things of the host. */

import { Panic } from '../panic.ts';

type Constructor = new (...args: never[]) => object;

/** Classes by name. An instance is written as its class's name and its fields, and made again without running a constructor. */
export class ClassRegistry {
  private readonly byName: Map<string, object> = new Map();
  /** By prototype. */
  private readonly names: Map<object, string> = new Map();
  /** Whether classes that are met while writing are registered: enough to restore within one run of the program. */
  readonly learns: boolean;

  constructor(learns = false) {
    this.learns = learns;
  }

  /** Every class among `exports` (a module's namespace object), by the name it is exported under: bundling does not change that. */
  addModule(exports: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(exports))
      if (typeof value === 'function' && isClass(value)) this.add(value as unknown as Constructor, name);
  }

  add(type: Constructor, name: string = type.name): void {
    const prototype = type.prototype as object;
    const known = this.byName.get(name);
    if (known !== undefined && known !== prototype) throw new Panic(`two classes are called ${name}`);
    this.byName.set(name, prototype);
    this.names.set(prototype, name);
  }

  /** The name of the class of an instance; null when it is not registered. */
  nameOf(prototype: object): string | null {
    const type = prototype.constructor;
    if (this.learns && !this.names.has(prototype) && !this.byName.has(type.name) && isClass(type)) this.add(type as Constructor);
    return this.names.get(prototype) ?? null;
  }

  prototype(name: string): object {
    const prototype = this.byName.get(name);
    if (prototype === undefined) throw new Panic(`the checkpoint holds a ${name}, which this version does not have`);
    return prototype;
  }
}

/** A class has a prototype that cannot be replaced; a plain function's can. */
const isClass = (value: object): boolean => Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;

/** Objects and functions that are part of the program (tables) or of the host (platform), by name. */
export class ExternalRegistry {
  private readonly names: Map<unknown, string> = new Map();
  private readonly values: Map<string, unknown> = new Map();

  add(name: string, value: unknown): void {
    if (this.names.has(value)) return;
    this.names.set(value, name);
    this.values.set(name, value);
  }

  /** A table with everything in it: nested records, arrays and functions. */
  addTable(name: string, value: unknown): void {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || this.names.has(value)) return;
    this.add(name, value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (typeof value === 'object' && prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return;
    for (const [key, part] of Object.entries(value)) this.addTable(`${name}.${key}`, part);
  }

  nameOf(value: unknown): string | null {
    return this.names.get(value) ?? null;
  }

  resolve(name: string): unknown {
    if (!this.values.has(name)) throw new Panic(`the checkpoint refers to ${name}, which is not there`);
    return this.values.get(name);
  }
}
