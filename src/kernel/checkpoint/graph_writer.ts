/** Writes everything that is reachable from one object. */

import { Panic } from '../panic.ts';
import { ByteSink } from './bytes.ts';
import * as f from './format.ts';
import type { ClassRegistry, ExternalRegistry } from './registry.ts';

/** Panics with the path of whatever is not data: a closure, a promise, an object of an unknown class. */
export class GraphWriter {
  private readonly classes: ClassRegistry;
  private readonly externals: ExternalRegistry;
  /** Every object in the order it was met, its number, and how it was reached (for messages). */
  private readonly objects: unknown[] = [];
  private readonly numbers: Map<unknown, number> = new Map();
  private readonly reachedFrom: number[] = [];
  private readonly reachedBy: string[] = [];
  private readonly strings: Map<string, number> = new Map();
  private readonly shells: ByteSink = new ByteSink();
  private readonly contents: ByteSink = new ByteSink();
  private current = 0;

  constructor(classes: ClassRegistry, externals: ExternalRegistry) {
    this.classes = classes;
    this.externals = externals;
  }

  write(root: object): Uint8Array {
    this.number(root, '');
    for (this.current = 0; this.current < this.objects.length; this.current++) this.writeObject(this.objects[this.current]);
    const out = new ByteSink();
    out.u32(f.MAGIC);
    out.u32(f.VERSION);
    out.u32(this.strings.size);
    for (const text of this.strings.keys()) out.text(text);
    out.u32(this.objects.length);
    out.raw(this.shells.finish());
    out.raw(this.contents.finish());
    return out.finish();
  }

  /** The number of an object or function, given when it is met first. */
  private number(value: unknown, by: string): number {
    let number = this.numbers.get(value);
    if (number === undefined) {
      number = this.objects.length;
      this.numbers.set(value, number);
      this.objects.push(value);
      this.reachedFrom.push(this.current);
      this.reachedBy.push(by);
    }
    return number;
  }

  private writeObject(value: unknown): void {
    const name = this.externals.nameOf(value);
    if (name !== null) {
      this.shells.u8(f.SHELL_EXTERNAL);
      this.shells.u32(this.string(name));
      return;
    }
    if (typeof value !== 'object' || value === null) throw new Panic(`${this.path()} is a ${typeof value}`);
    if (Array.isArray(value)) this.writeArray(value);
    else if (value instanceof Map) this.writeMap(value);
    else if (value instanceof Set) this.writeSet(value);
    else if (value instanceof ArrayBuffer) this.writeBuffer(value);
    else if (ArrayBuffer.isView(value)) this.writeView(value);
    else this.writeInstance(value);
  }

  private writeArray(value: readonly unknown[]): void {
    this.shells.u8(f.SHELL_ARRAY);
    this.contents.u32(value.length);
    for (let i = 0; i < value.length; i++) {
      if (i in value) this.writeValue(value[i], String(i));
      else this.contents.u8(f.VALUE_HOLE);
    }
  }

  private writeMap(value: ReadonlyMap<unknown, unknown>): void {
    this.shells.u8(f.SHELL_MAP);
    this.contents.u32(value.size);
    for (const [key, entry] of value) {
      this.writeValue(key, 'key');
      this.writeValue(entry, typeof key === 'object' ? 'value' : String(key));
    }
  }

  private writeSet(value: ReadonlySet<unknown>): void {
    this.shells.u8(f.SHELL_SET);
    this.contents.u32(value.size);
    for (const entry of value) this.writeValue(entry, 'member');
  }

  private writeBuffer(value: ArrayBuffer): void {
    this.shells.u8(f.SHELL_BUFFER);
    this.shells.u32(value.byteLength);
    this.shells.raw(new Uint8Array(value));
  }

  private writeView(value: ArrayBufferView): void {
    const kind = f.VIEW_KINDS.findIndex(({ name }) => name === value.constructor.name);
    if (kind < 0) throw new Panic(`${this.path()} is a ${value.constructor.name}`);
    this.shells.u8(f.SHELL_VIEW);
    this.shells.u8(kind);
    this.shells.u32(this.number(value.buffer, 'buffer'));
    this.shells.u32(value.byteOffset);
    this.shells.u32(value instanceof DataView ? value.byteLength : (value as Uint8Array).length);
  }

  private writeInstance(value: object): void {
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) this.shells.u8(f.SHELL_OBJECT);
    else {
      const name = this.classes.nameOf(prototype);
      if (name === null) throw new Panic(`${this.path()} is of class ${prototype.constructor.name}, which is not registered`);
      this.shells.u8(f.SHELL_INSTANCE);
      this.shells.u32(this.string(name));
    }
    const entries = Object.entries(value);
    this.contents.u32(entries.length);
    for (const [key, part] of entries) {
      this.contents.u32(this.string(key));
      this.writeValue(part, key);
    }
  }

  private writeValue(value: unknown, by: string): void {
    const { contents } = this;
    switch (typeof value) {
      case 'undefined':
        contents.u8(f.VALUE_UNDEFINED);
        return;
      case 'boolean':
        contents.u8(value ? f.VALUE_TRUE : f.VALUE_FALSE);
        return;
      case 'number':
        if ((value | 0) === value && !Object.is(value, -0)) {
          contents.u8(f.VALUE_INTEGER);
          contents.u32(value);
        } else {
          contents.u8(f.VALUE_DOUBLE);
          contents.f64(value);
        }
        return;
      case 'bigint':
        contents.u8(f.VALUE_BIGINT);
        contents.u32(this.string(String(value)));
        return;
      case 'string':
        contents.u8(f.VALUE_STRING);
        contents.u32(this.string(value));
        return;
      default:
        if (value === null) contents.u8(f.VALUE_NULL);
        else {
          contents.u8(f.VALUE_REFERENCE);
          contents.u32(this.number(value, by));
        }
    }
  }

  private string(text: string): number {
    let index = this.strings.get(text);
    if (index === undefined) {
      index = this.strings.size;
      this.strings.set(text, index);
    }
    return index;
  }

  /** How the present object was reached from the root. */
  private path(): string {
    const steps: string[] = [];
    for (let at = this.current; at > 0; at = this.reachedFrom[at]!) steps.unshift(this.reachedBy[at]!);
    return ['root', ...steps].join('.');
  }
}
