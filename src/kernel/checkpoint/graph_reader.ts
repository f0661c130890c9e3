/** Reads a graph of objects back: shells first, so that references can go in circles, then what is in them. */

import { Panic } from '../panic.ts';
import { ByteSource } from './bytes.ts';
import * as f from './format.ts';
import type { ClassRegistry, ExternalRegistry } from './registry.ts';

interface PendingView {
  readonly index: number;
  readonly kind: number;
  readonly buffer: number;
  readonly offset: number;
  readonly length: number;
}

export class GraphReader {
  private readonly classes: ClassRegistry;
  private readonly externals: ExternalRegistry;
  private source: ByteSource = new ByteSource(new Uint8Array(0));
  private readonly strings: string[] = [];
  private readonly objects: unknown[] = [];
  /** Objects whose contents follow. */
  private readonly open: object[] = [];

  constructor(classes: ClassRegistry, externals: ExternalRegistry) {
    this.classes = classes;
    this.externals = externals;
  }

  /** The root of the graph. Throws if the bytes are no checkpoint, or one of another version. */
  read(bytes: Uint8Array): unknown {
    const source = new ByteSource(bytes);
    this.source = source;
    if (source.u32() !== f.MAGIC) throw new Panic('not a checkpoint');
    const version = source.u32();
    if (version !== f.VERSION) throw new Panic(`a checkpoint of version ${version}; this program reads version ${f.VERSION}`);
    for (let count = source.u32(); count > 0; count--) this.strings.push(source.text());
    this.readShells(source.u32());
    for (const object of this.open) this.fill(object);
    return this.objects[0];
  }

  private readShells(count: number): void {
    const views: PendingView[] = [];
    for (let index = 0; index < count; index++) {
      const shell = this.readShell(index, views);
      this.objects.push(shell);
    }
    for (const { index, kind, buffer, offset, length } of views) {
      this.objects[index] = f.VIEW_KINDS[kind]!.create(this.objects[buffer] as ArrayBuffer, offset, length);
    }
  }

  private readShell(index: number, views: PendingView[]): unknown {
    const { source } = this;
    switch (source.u8()) {
      case f.SHELL_OBJECT:
        return this.begin({});
      case f.SHELL_ARRAY:
        return this.begin([]);
      case f.SHELL_MAP:
        return this.begin(new Map());
      case f.SHELL_SET:
        return this.begin(new Set());
      case f.SHELL_INSTANCE:
        return this.begin(Object.create(this.classes.prototype(this.strings[source.u32()]!)) as object);
      case f.SHELL_BUFFER:
        return source.raw(source.u32()).buffer;
      case f.SHELL_VIEW:
        views.push({ index, kind: source.u8(), buffer: source.u32(), offset: source.u32(), length: source.u32() });
        return null;
      case f.SHELL_EXTERNAL:
        return this.externals.resolve(this.strings[source.u32()]!);
      default:
        throw new Panic('the checkpoint is damaged');
    }
  }

  private begin(object: object): object {
    this.open.push(object);
    return object;
  }

  private fill(object: object): void {
    const { source } = this;
    const count = source.u32();
    if (Array.isArray(object)) {
      object.length = count;
      for (let i = 0; i < count; i++) {
        const tag = source.u8();
        if (tag !== f.VALUE_HOLE) object[i] = this.value(tag);
      }
    } else if (object instanceof Map) {
      for (let i = 0; i < count; i++) {
        const key = this.value(source.u8());
        object.set(key, this.value(source.u8()));
      }
    } else if (object instanceof Set) for (let i = 0; i < count; i++) object.add(this.value(source.u8()));
    else {
      const record = object as Record<string, unknown>;
      for (let i = 0; i < count; i++) {
        const key = this.strings[source.u32()]!;
        record[key] = this.value(source.u8());
      }
    }
  }

  private value(tag: number): unknown {
    const { source } = this;
    switch (tag) {
      case f.VALUE_UNDEFINED:
        return undefined;
      case f.VALUE_NULL:
        return null;
      case f.VALUE_FALSE:
        return false;
      case f.VALUE_TRUE:
        return true;
      case f.VALUE_INTEGER:
        return source.u32() | 0;
      case f.VALUE_DOUBLE:
        return source.f64();
      case f.VALUE_BIGINT:
        return BigInt(this.strings[source.u32()]!);
      case f.VALUE_STRING:
        return this.strings[source.u32()]!;
      case f.VALUE_REFERENCE:
        return this.objects[source.u32()];
      default:
        throw new Panic('the checkpoint is damaged');
    }
  }
}
